// @ts-check
/** What the tests share: frames of known content, strokes drawn from a seed. */

import { createHash } from "node:crypto";

import { LabelMap, UNLABELLED } from "../../static/annotate/label_map.js";
import { Segments } from "../../static/annotate/segments.js";

/** @param {number} seed @returns {() => number} numbers in [0, 1), the same on every machine (mulberry32) */
export function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** @param {number} width @param {number} height @returns {LabelMap} bands and blocks of a few classes */
export function startMask(width, height) {
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels[y * width + x] = (Math.floor(y / 37) + Math.floor(x / 111)) % 7;
  }
  return new LabelMap(width, height, pixels);
}

/** @param {import("../../static/annotate/editor.js").Editor} editor @param {number} seed @param {number} actions */
export function scribble(editor, seed, actions) {
  const next = random(seed);
  const { width, height } = editor.map;
  const anywhere = () => ({ x: next() * (width + 40) - 20, y: next() * (height + 40) - 20 });
  for (let i = 0; i < actions; i++) {
    editor.choose(Math.floor(next() * editor.classes));
    editor.resize(next() < 0.5 ? 1 : -1);
    const what = next();
    if (what < 0.5) {
      editor.take(what < 0.4 ? "brush" : "eraser");
      editor.press(anywhere(), { erase: next() < 0.1 });
      for (let points = Math.floor(next() * 12); points > 0; points--) editor.drag(anywhere());
      editor.lift();
    } else if (what < 0.7) {
      editor.take("polygon");
      for (let corners = 3 + Math.floor(next() * 6); corners > 0; corners--) editor.press(anywhere());
      if (next() < 0.1) editor.choose(UNLABELLED);
      editor.closePolygon();
    } else if (what < 0.85) {
      editor.take("fill");
      editor.press(anywhere());
    } else if (what < 0.95) editor.undo();
    else editor.redo();
  }
}

/** @param {LabelMap} map @returns {string} of its pixels */
export const fingerprint = (map) => createHash("sha256").update(map.pixels).digest("hex");

/**
 * Cells of six pixels with wavering edges, in three broad stripes of looks, merged from the left top on: rows of a stripe
 * first, then stripes.
 *
 * @param {number} width
 * @param {number} height
 * @returns {Segments}
 */
export function drawnSegments(width, height) {
  const columns = Math.ceil(width / 6);
  const count = columns * Math.ceil(height / 6);
  const ids = Uint16Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    const column = Math.min(columns - 1, Math.floor(Math.max(0, x + (y % 6 < 3 ? 1 : -1)) / 6));
    return Math.floor(y / 6) * columns + column;
  });
  const vectors = new Int8Array(count * 2);
  for (let id = 0; id < count; id++) vectors.set([Math.floor(((id % columns) * 3) / columns) * 40, id % 5], id * 2);
  // A queue: neighbours in it are neighbours in the frame, or at the ends of two rows.
  const parents = new Uint32Array(2 * count - 1);
  for (let node = count, next = 0; node < parents.length; node++) for (let two = 0; two < 2; two++) parents[next++] = node;
  parents[parents.length - 1] = parents.length - 1;
  return new Segments({ width, height, ids, parents, vectors, d: 2 });
}
