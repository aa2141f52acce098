// @ts-check
/** What is open and not painted yet, a polygon or a scribble's preview: the bar that closes or drops it by finger, and words for it. */

import { disable, find, press, reveal, setText } from "./dom.js";

/** @typedef {import("./editor.js").Editor} Editor */

/** @param {Editor} editor @returns {string} what stands in the way of what would leave it behind */
export function stillOpen({ spread }) {
  return spread ? "A scribble's preview is open: accept it (Enter) or drop it (Escape)." : "A polygon is still open: close it (Enter) or drop it (Escape).";
}

/**
 * @param {{ editor: Editor, pen: import("./pen.js").Pen, act: (change: () => void) => void, close: () => void, drop: () => void }} parts
 * @returns {{ show: () => void }}
 */
export function wirePending({ editor, pen, act, close, drop }) {
  const bar = find("#pending");
  const trim = find("#trim");
  // The stage below would draw.
  for (const sign of ["pointerdown", "pointermove", "wheel"]) bar.addEventListener(sign, (event) => event.stopPropagation());
  find("#close-pending").addEventListener("click", close);
  find("#drop-pending").addEventListener("click", drop);
  trim.addEventListener("click", () => act(() => editor.spread && (editor.spread.trims = !editor.spread.trims)));
  return {
    show() {
      const { pending, polygon, spread } = editor;
      reveal("#pending", pending !== null);
      if (!pending) return;
      setText("#close-pending > span", spread ? "Accept" : "Close");
      // Enter is the keyboard's pen itself.
      setText("#close-pending > kbd", pen.active ? "⇧Enter" : "Enter");
      find("#close-pending").setAttribute("aria-keyshortcuts", pen.active ? "Shift+Enter" : "Enter");
      disable("#close-pending", !spread && !polygon.canClose);
      trim.hidden = !spread;
      press(trim, spread?.trims ?? false);
    },
  };
}
