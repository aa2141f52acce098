// @ts-check
/** The baseline: the vertices that a frame's official polygons still need, once simplified. */

import { readFileSync } from "node:fs";

import { LabelMap } from "../../static/annotate/label_map.js";
import { fillPolygon } from "../../static/annotate/tools/polygon.js";

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ label: string, corners: Point[] }} Outline */

/** @param {string} path of a Cityscapes polygons file @returns {Outline[]} in the order in which they are drawn */
export function readPolygons(path) {
  const { objects } = JSON.parse(readFileSync(path, "utf8"));
  const drawn = objects.filter((/** @type {any} */ object) => !object.deleted);
  return drawn.map((/** @type {any} */ { label, polygon }) => ({ label, corners: polygon.map(([x, y]) => ({ x, y })) }));
}

/**
 * The fewest vertices whose drawing agrees with the truth as far as it should: all polygons simplified by the same
 * distance (Douglas and Peucker 1973), those that vanish left out, the order of drawing kept.
 *
 * @param {Outline[]} outlines
 * @param {(label: string) => number} classOf
 * @param {import("./truth.js").Truth} truth
 * @param {number} agreement 0 to 1
 * @returns {{ vertices: number, distance: number, iou: number }}
 */
export function fewestVertices(outlines, classOf, truth, agreement) {
  const draw = (/** @type {number} */ distance) => {
    const map = new LabelMap(truth.width, truth.height);
    let vertices = 0;
    for (const { label, corners } of outlines) {
      const kept = simplify(corners, distance);
      if (kept.length < 3) continue;
      vertices += kept.length;
      fillPolygon(map, kept, classOf(label));
    }
    return { vertices, distance, agreement: truth.agreement(map.pixels), iou: truth.meanIou(map.pixels) };
  };
  let best = draw(0);
  // Agreement does not fall evenly with distance: every distance is tried, not halves of an interval.
  for (let distance = 0.5; distance < 120; distance *= 1.04) {
    const drawn = draw(distance);
    if (drawn.agreement >= agreement && drawn.vertices < best.vertices) best = drawn;
  }
  return best;
}

/** @param {Point[]} ring @param {number} distance in pixels @returns {Point[]} */
export function simplify(ring, distance) {
  if (ring.length < 3) return [];
  // A ring has no ends: the corner farthest from the first one stands for the other.
  let far = 0;
  ring.forEach((corner, index) => {
    if (apart(corner, ring[0]) > apart(ring[far], ring[0])) far = index;
  });
  const keep = new Uint8Array(ring.length + 1);
  keep[0] = keep[far] = 1;
  const closed = [...ring, ring[0]];
  const waiting = [[0, far], [far, ring.length]];
  while (waiting.length) {
    const [from, to] = /** @type {number[]} */ (waiting.pop());
    let [most, index] = [distance, -1];
    for (let i = from + 1; i < to; i++) {
      const off = offLine(closed[i], closed[from], closed[to]);
      if (off > most) [most, index] = [off, i];
    }
    if (index < 0) continue;
    keep[index] = 1;
    waiting.push([from, index], [index, to]);
  }
  return ring.filter((_, index) => keep[index]);
}

/** @param {Point} a @param {Point} b */
function apart(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** @param {Point} point @param {Point} a @param {Point} b @returns {number} how far from the line through `a` and `b` */
function offLine(point, a, b) {
  const length = apart(a, b);
  if (length === 0) return apart(point, a);
  return Math.abs((b.x - a.x) * (a.y - point.y) - (a.x - point.x) * (b.y - a.y)) / length;
}
