// @ts-check
/** Goes through the fix queue: the view goes to a segment, one key accepts it, a class's key corrects it. */

import { find, press, say, setText } from "./dom.js";
import { FixQueue } from "./fix_queue.js";

/**
 * @param {{
 *   editor: import("./editor.js").Editor,
 *   stage: import("./stage.js").Stage,
 *   palette: import("./palette.js").PaletteClass[],
 * }} parts
 */
export function wireDoubts({ editor, stage, palette }) {
  /** @type {FixQueue | null} */
  let queue = null;
  const button = /** @type {HTMLButtonElement} */ (find("#next-doubt"));
  const show = () => {
    const node = queue ? queue.node : -1;
    stage.marked = node;
    press(button, node >= 0);
    if (queue) setText("#doubt-progress", `${Math.floor(queue.progress * 100)} %`);
    stage.ask();
  };
  /** @param {number} node */
  const go = (node) => {
    const { segments } = editor;
    if (!queue || !segments) return;
    if (node < 0) say("All that the model doubted was looked at");
    else {
      const bounds = boundsOf(segments, node);
      stage.view.show(bounds);
      stage.move();
      say(`${className(node)}? Enter: yes. A class's key: that class. ${queue.looked.size + 1} of ${queue.nodes.length}`);
    }
    show();
  };
  /** The class that most of its superpixels have now. @param {number} node */
  const className = (node) => {
    const { segments, map } = editor;
    const counts = new Uint32Array(256);
    segments?.eachRun(node, (y, from, to) => (counts[map.at((from + to) >> 1, y)] += to - from));
    return palette[counts.indexOf(counts.reduce((a, b) => Math.max(a, b), 0))]?.name ?? "Unlabelled";
  };
  const next = () => {
    if (!queue || editor.busy) return;
    editor.cancel();
    go(queue.next());
  };
  button.addEventListener("click", next);
  return {
    commands: [{ keys: ["shift+d"], name: "Next that the model doubts", group: "View", run: next }],
    /** @param {Uint8Array} doubt 0 to 255 for each pixel */
    begin(doubt) {
      if (!editor.segments) return;
      queue = new FixQueue(editor.segments, doubt);
      button.disabled = false;
      show();
    },
    /** Enter. @returns {boolean} whether a segment was looked at */
    accept() {
      if (!queue || queue.node < 0) return false;
      go(queue.done());
      return true;
    },
    /** A class's key, when the class is in the hand. */
    correct() {
      if (!queue || queue.node < 0) return;
      editor.paintSegment(queue.node);
      go(queue.done());
    },
    /** Escape. */
    leave() {
      queue?.leave();
      show();
    },
  };
}

/** @param {import("./segments.js").Segments} segments @param {number} node @returns {import("./tools/rectangle.js").Bounds} */
function boundsOf(segments, node) {
  const bounds = { left: Infinity, top: Infinity, right: 0, bottom: 0 };
  segments.eachRun(node, (y, from, to) => {
    bounds.left = Math.min(bounds.left, from);
    bounds.right = Math.max(bounds.right, to);
    bounds.top = Math.min(bounds.top, y);
    bounds.bottom = Math.max(bounds.bottom, y + 1);
  });
  return bounds;
}
