// @ts-check
/** Goes through the fix queue: the view goes to a segment, one key accepts it, a class's key corrects it. */

import { disable, find, press, reveal, say, setText } from "./dom.js";
import { FixQueue } from "./fix_queue.js";
import { ORIGIN } from "./label_map.js";
import { stillOpen } from "./pending.js";

/** @typedef {import("./history.js").Stroke} Stroke */

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
  /** Places in the queue by the change that corrected them. @type {Map<string, number>} */
  const corrected = new Map();
  const button = /** @type {HTMLButtonElement} */ (find("#next-doubt"));
  const show = () => {
    const node = queue ? queue.node : -1;
    stage.marked = node;
    press(button, node >= 0);
    reveal("#question", node >= 0);
    if (!queue) return;
    setText("#doubt-progress", `${Math.floor(queue.progress * 100)} %`);
    if (node < 0) return;
    setText("#question-text", `${palette[classOf(node)]?.name ?? "Unlabelled"}? If not, choose its class. ${queue.looked.size + queue.passed.size + 1} of ${queue.nodes.length}`);
    disable("#doubt-back", queue.trail.length === 0);
  };
  /** @param {number} node */
  const go = (node) => {
    if (editor.segments && node >= 0) stage.show(boundsOf(editor.segments, node));
    stage.ask();
    show();
  };
  /** The class that most of a segment has now. @param {number} node */
  const classOf = (node) => {
    const { segments, map } = editor;
    const counts = new Uint32Array(256);
    segments?.eachRun(node, (y, from, to) => (counts[map.at((from + to) >> 1, y)] += to - from));
    return counts.indexOf(counts.reduce((a, b) => Math.max(a, b), 0));
  };
  /** Whether most of a segment is not the model's any more. @param {number} node */
  const drawn = (node) => {
    const { segments, map } = editor;
    let [model, all] = [0, 0];
    segments?.eachRun(node, (y, from, to) => {
      all += to - from;
      for (let at = y * map.width + from; at < y * map.width + to; at++) model += Number(map.origins[at] === ORIGIN.model);
    });
    return 2 * model < all;
  };
  /** @param {(queue: FixQueue) => number} step gives the node to go to */
  const move = (step) => {
    if (!queue || stage.drawing) return;
    if (editor.pending) return say(stillOpen(editor));
    go(step(queue));
    if (queue.node < 0) say("All that the model doubted was looked at");
  };
  const next = () => move((queue) => queue.next());
  const done = () => move((queue) => queue.done());
  const accept = () => {
    const looked = editor.looked.size;
    done();
    if (editor.looked.size > looked) editor.onLook();
  };
  const back = () => {
    if (queue?.trail.length) move((queue) => queue.back());
  };
  const leave = () => {
    queue?.leave();
    go(-1);
  };
  for (const [id, run] of /** @type {[string, () => void][]} */ ([["#next-doubt", next], ["#doubt-right", accept], ["#doubt-next", next], ["#doubt-back", back], ["#doubt-leave", leave]])) {
    find(id).addEventListener("click", run);
  }
  return {
    commands: [
      { keys: ["shift+d"], name: "Next that the model doubts", group: "View", once: true, run: next },
      { keys: ["shift+b"], name: "Back to the one before", group: "View", run: back },
    ],
    show,
    leave,
    /** @param {Uint8Array} doubt 0 to 255 for each pixel */
    begin(doubt) {
      if (!editor.segments) return;
      queue = new FixQueue(editor.segments, doubt, editor.looked, drawn);
      button.disabled = false;
      show();
    },
    /** Enter. @returns {boolean} whether it is a segment of the queue that it means */
    accept() {
      if (!queue || queue.node < 0) return false;
      accept();
      return true;
    },
    /** A class was chosen: it is that of the segment, unless something else is being drawn with it. */
    correct() {
      if (!queue || queue.node < 0 || editor.pending || stage.drawing) return;
      const { at, node } = queue;
      const painted = editor.paintSegment(node);
      if (painted) corrected.set(editor.history.past[editor.history.past.length - 1].id, at);
      const how = painted ? "Most of it was not" : "Nothing was";
      if (classOf(node) !== editor.class) return say(`${how} painted: a lock, or what is painted over, forbids it`);
      done();
    },
    /** @param {Stroke} stroke a correction that is taken back was no look at its segment */
    undone({ id }) {
      const place = corrected.get(id);
      if (!queue || place === undefined) return;
      if (queue.node >= 0) go(queue.goBackTo(place));
      else queue.looked.delete(queue.nodes[place]);
    },
    /** @param {Stroke} stroke */
    redone({ id }) {
      const place = corrected.get(id);
      if (!queue || place === undefined) return;
      if (queue.at === place) done();
      else queue.looked.add(queue.nodes[place]);
    },
  };
}

/** @param {import("./segments.js").Segments} segments @param {number} node @returns {import("./geometry.js").Bounds} */
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
