// @ts-check
/** Putting the frame back into the queue, with everything that was drawn. */

import { find, say } from "./dom.js";
import { stillOpen } from "./pending.js";

/**
 * @param {{
 *   editor: import("./editor.js").Editor,
 *   saving: Awaited<ReturnType<typeof import("./saving.js").wireSaving>>,
 * }} parts
 * @returns {{ commands: import("./keyboard.js").Command[] }}
 */
export function wireRelease({ editor, saving }) {
  const form = /** @type {HTMLFormElement} */ (find("#release"));
  const release = async () => {
    if (editor.frozen) return;
    editor.lift();
    if (editor.polygon.canClose || editor.spread) return say(stillOpen(editor));
    editor.cancel();
    // A stroke after the last save would stay behind.
    editor.frozen = true;
    if (await saving.sync.flush()) return form.submit();
    editor.frozen = false;
    say("Not put back: the last strokes are not saved yet");
  };
  form.addEventListener("submit", (event) => (event.preventDefault(), release()));
  return { commands: [{ keys: ["shift+backspace"], name: "Put the frame back", group: "Frame", shown: ["Shift + Backspace"], run: release }] };
}
