// @ts-check
/** Points and bounds: in CSS pixels of the screen or in pixels of the frame, of which (0, 0) covers [0, 1) by [0, 1). */

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ left: number, top: number, right: number, bottom: number }} Bounds without `right` and `bottom` */

/** @param {Point} a @param {Point} b @returns {number} */
export function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** @param {Bounds} a @param {Bounds} b @returns {Bounds} around both */
export function union(a, b) {
  return { left: Math.min(a.left, b.left), top: Math.min(a.top, b.top), right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom) };
}
