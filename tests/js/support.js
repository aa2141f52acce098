// @ts-check
/** What the tests share: frames of known content, strokes drawn from a seed. */

import { LabelMap } from "../../static/annotate/label_map.js";

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
      editor.closePolygon({ erase: next() < 0.1 });
    } else if (what < 0.85) {
      editor.take("fill");
      editor.press(anywhere());
    } else if (what < 0.95) editor.undo();
    else editor.redo();
  }
}
