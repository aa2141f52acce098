// @ts-check
/** The brush, and with {@link UNLABELLED} as its value the eraser: a disc swept along a line. */

/** @typedef {import("../label_map.js").LabelMap} LabelMap */
/** @typedef {import("../geometry.js").Point} Point */

/** Sizes that `[` and `]` go through: diameters in pixels. */
export const SIZES = [1, 2, 3, 4, 6, 8, 11, 15, 20, 28, 40, 56, 80, 112, 160];

/**
 * Discs of odd diameter sit on a pixel, those of even diameter on a corner: a brush has the same shape everywhere.
 *
 * @param {Point} point
 * @param {number} size diameter
 * @returns {Point}
 */
export function snap({ x, y }, size) {
  return size % 2 ? { x: Math.floor(x) + 0.5, y: Math.floor(y) + 0.5 } : { x: Math.round(x), y: Math.round(y) };
}

/**
 * Gives every pixel whose centre lies within `size / 2` of the segment from `a` to `b` a value.
 *
 * @param {LabelMap} map
 * @param {Point} a
 * @param {Point} b
 * @param {number} size diameter in pixels
 * @param {number} value
 */
export function sweep(map, a, b, size, value) {
  const from = snap(a, size);
  const to = snap(b, size);
  const radius = size / 2;
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - radius));
  const bottom = Math.min(map.height - 1, Math.floor(Math.max(from.y, to.y) + radius));
  const corners = rectangle(from, to, radius);
  for (let y = top; y <= bottom; y++) {
    // The swept area is convex: a row meets it in one interval, the hull of its meetings with discs and rectangle.
    const row = y + 0.5;
    const hull = { left: Infinity, right: -Infinity };
    disc(hull, from, radius, row);
    disc(hull, to, radius, row);
    for (let i = 0; i < corners.length; i++) edge(hull, corners[i], corners[(i + 1) % corners.length], row);
    if (hull.left <= hull.right) map.span(y, Math.ceil(hull.left - 0.5), Math.floor(hull.right - 0.5) + 1, value);
  }
}

/** A stroke of the brush. */
export class Brush {
  /** @param {LabelMap} map @param {number} size @param {number} value */
  constructor(map, size, value) {
    this.map = map;
    this.size = size;
    this.value = value;
    /** @type {Point | null} */
    this.last = null;
  }

  /**
   * @param {Point} point
   * @param {number} [pressure] of a pen, 0 to 1; at a half, which pens without a sensor report, the brush has its size
   */
  to(point, pressure = 0.5) {
    const size = pressure === 0.5 ? this.size : Math.max(1, Math.round(this.size * (0.25 + 1.5 * pressure)));
    sweep(this.map, this.last ?? point, point, size, this.value);
    this.last = point;
  }
}

/** @typedef {{ left: number, right: number }} Hull */

/** @param {Point} a @param {Point} b @param {number} radius @returns {Point[]} none where `a` is `b` */
function rectangle(a, b, radius) {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (length === 0) return [];
  const dx = (-(b.y - a.y) / length) * radius;
  const dy = ((b.x - a.x) / length) * radius;
  return [
    { x: a.x + dx, y: a.y + dy },
    { x: b.x + dx, y: b.y + dy },
    { x: b.x - dx, y: b.y - dy },
    { x: a.x - dx, y: a.y - dy },
  ];
}

/** @param {Hull} hull @param {Point} centre @param {number} radius @param {number} row */
function disc(hull, centre, radius, row) {
  const square = radius * radius - (row - centre.y) ** 2;
  if (square < 0) return;
  const half = Math.sqrt(square);
  hull.left = Math.min(hull.left, centre.x - half);
  hull.right = Math.max(hull.right, centre.x + half);
}

/** @param {Hull} hull @param {Point} a @param {Point} b @param {number} row */
function edge(hull, a, b, row) {
  if (row < Math.min(a.y, b.y) || row > Math.max(a.y, b.y) || a.y === b.y) return;
  const x = a.x + ((row - a.y) / (b.y - a.y)) * (b.x - a.x);
  hull.left = Math.min(hull.left, x);
  hull.right = Math.max(hull.right, x);
}
