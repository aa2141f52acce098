// @ts-check
/** Putting the frame back into the queue, with everything that was drawn. */

import { find, say } from "./dom.js";

/**
 * @param {Pick<Awaited<ReturnType<typeof import("./saving.js").wireSaving>>, "sync">} saving
 * @returns {{ commands: import("./keyboard.js").Command[] }}
 */
export function wireRelease({ sync }) {
  const form = /** @type {HTMLFormElement} */ (find("#release"));
  const release = async () => {
    if (await sync.flush()) form.submit();
    else say("Not put back: the last strokes are not saved yet");
  };
  form.addEventListener("submit", (event) => (event.preventDefault(), release()));
  return { commands: [{ keys: ["shift+backspace"], name: "Put the frame back", group: "Frame", shown: ["Shift + Backspace"], run: release }] };
}
