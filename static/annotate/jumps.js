// @ts-check
/** Jumps to what is unlabelled: the view goes there, and the keyboard's pen with it. */

import { find, say } from "./dom.js";
import { GapWalk } from "./gaps.js";

/**
 * @param {import("./editor.js").Editor} editor
 * @param {import("./stage.js").Stage} stage
 * @param {import("./looker.js").Looker} looker
 * @returns {{ commands: import("./keyboard.js").Command[] }}
 */
export function wireJumps(editor, stage, looker) {
  const walk = new GapWalk();
  /** @param {1 | -1} way */
  const jump = async (way) => {
    const gaps = await looker.gaps(editor.map);
    // A stroke under way would be drawn across the frame.
    if (stage.drawing) return;
    const found = walk.step(way, gaps);
    if (!found) return say("Nothing is unlabelled");
    const { gap, number, of } = found;
    stage.show(gap, { x: gap.x + 0.5, y: gap.y + 0.5 });
    say(`Unlabelled region ${number} of ${of}: ${gap.size.toLocaleString("en")} pixels`);
  };
  find("#next-gap").addEventListener("click", () => jump(1));
  return {
    commands: [
      { keys: ["n"], name: "Next unlabelled, largest first", group: "View", run: () => jump(1) },
      { keys: ["shift+n"], name: "The one before", group: "View", run: () => jump(-1) },
    ],
  };
}
