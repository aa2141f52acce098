// @ts-check
/** Shapes of patches: the line through their middle, and the line around them. */

/** @typedef {import("../../static/annotate/tools/brush.js").Point} Point */

/**
 * A way along a patch: points in its middle, at even steps of its longer axis.
 *
 * @param {Int32Array} pixels @param {number} stride of the frame @param {number} bends between its ends
 * @returns {{ way: Point[], width: number }} how wide the patch is across, on average
 */
export function spine(pixels, stride, bends) {
  const n = pixels.length;
  let [mx, my] = [0, 0];
  for (const at of pixels) [mx, my] = [mx + (at % stride) + 0.5, my + Math.floor(at / stride) + 0.5];
  [mx, my] = [mx / n, my / n];
  let [xx, xy, yy] = [0, 0, 0];
  for (const at of pixels) {
    const [x, y] = [(at % stride) + 0.5 - mx, Math.floor(at / stride) + 0.5 - my];
    [xx, xy, yy] = [xx + x * x, xy + x * y, yy + y * y];
  }
  const angle = Math.atan2(2 * xy, xx - yy) / 2;
  const [ax, ay] = [Math.cos(angle), Math.sin(angle)];
  const along = Float64Array.from(pixels, (at) => ((at % stride) + 0.5 - mx) * ax + (Math.floor(at / stride) + 0.5 - my) * ay);
  const [from, to] = along.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  const length = to - from + 1;
  const steps = bends + 1;
  const sums = Array.from({ length: steps + 1 }, () => [0, 0, 0]);
  pixels.forEach((at, index) => {
    const step = Math.round(((along[index] - from) / length) * steps);
    const sum = sums[step];
    sum[0] += (at % stride) + 0.5;
    sum[1] += Math.floor(at / stride) + 0.5;
    sum[2]++;
  });
  const way = sums.filter(([, , count]) => count > 0).map(([x, y, count]) => ({ x: x / count, y: y / count }));
  return { way, width: n / length };
}

/**
 * The outer rim of a patch, corner by corner of its pixels, clockwise.
 *
 * @param {Int32Array} pixels joined by their sides @param {number} stride of the frame @returns {Point[]}
 */
export function contour(pixels, stride) {
  const inside = new Set(pixels);
  const has = (/** @type {number} */ x, /** @type {number} */ y) => x >= 0 && x < stride && inside.has(y * stride + x);
  const first = pixels.reduce((low, at) => Math.min(low, at), Infinity);
  const start = { x: first % stride, y: Math.floor(first / stride) };
  // Along edges between pixels with the patch to the right: right, down, left, up.
  const moves = [[1, 0], [0, 1], [-1, 0], [0, -1]];
  const ahead = [[0, 0], [-1, 0], [-1, -1], [0, -1]];
  const ring = [];
  let { x, y } = start;
  let way = 0;
  do {
    ring.push({ x, y });
    [x, y] = [x + moves[way][0], y + moves[way][1]];
    // Right where the patch ends ahead to the right, left where it begins ahead to the left.
    const right = has(x + ahead[way][0], y + ahead[way][1]);
    const left = has(x + ahead[(way + 3) % 4][0], y + ahead[(way + 3) % 4][1]);
    if (!right) way = (way + 1) % 4;
    else if (left) way = (way + 3) % 4;
  } while (x !== start.x || y !== start.y || way !== 0);
  return ring;
}
