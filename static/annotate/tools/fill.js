// @ts-check
/** Fill: the connected region of one class under a point becomes another class. */

/** @typedef {import("../label_map.js").LabelMap} LabelMap */

/**
 * Fills the region of equal values around a pixel, joined by its four sides.
 *
 * @param {LabelMap} map
 * @param {number} x
 * @param {number} y
 * @param {number} value
 */
export function fillRegion(map, x, y, value) {
  const old = map.at(x, y);
  if (old < 0 || old === value || !map.paintable[old]) return;
  const { pixels, width, height } = map;
  const waiting = [y * width + x];
  while (waiting.length > 0) {
    const seed = /** @type {number} */ (waiting.pop());
    if (pixels[seed] !== old) continue;
    const row = Math.floor(seed / width);
    const start = row * width;
    let from = seed;
    while (from > start && pixels[from - 1] === old) from--;
    let to = seed + 1;
    while (to < start + width && pixels[to] === old) to++;
    map.span(row, from - start, to - start, value);
    if (row > 0) starts(pixels, from - width, to - width, old, waiting);
    if (row + 1 < height) starts(pixels, from + width, to + width, old, waiting);
  }
}

/** Remembers one pixel of each run of `old` in a stretch. @param {Uint8Array} pixels @param {number} from
 * @param {number} to @param {number} old @param {number[]} waiting */
function starts(pixels, from, to, old, waiting) {
  for (let at = from; at < to; at++) {
    if (pixels[at] === old && (at === from || pixels[at - 1] !== old)) waiting.push(at);
  }
}
