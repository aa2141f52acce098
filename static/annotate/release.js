// @ts-check
/** Putting the frame back into the queue, with everything that was drawn. */

import { find, say } from "./dom.js";
import { stillOpen } from "./pending.js";

/** A key that leaves the page is pressed twice, within so many milliseconds. */
const TWICE = 2500;

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
    if (editor.pending) return say(stillOpen(editor));
    // A stroke after the last save would stay behind.
    editor.frozen = true;
    const saved = await saving.sync.flush();
    if (saving.over) return;
    if (saved) return form.submit();
    editor.frozen = false;
    say("Not put back: the last strokes are not saved yet");
  };
  let asked = -Infinity;
  const ask = () => {
    const now = performance.now();
    if (editor.pending || now - asked < TWICE) return release();
    asked = now;
    say("Shift + Backspace once more puts the frame back");
  };
  form.addEventListener("submit", (event) => (event.preventDefault(), release()));
  return { commands: [{ keys: ["shift+backspace"], name: "Put the frame back", group: "Frame", shown: ["Shift + Backspace"], once: true, run: ask }] };
}
