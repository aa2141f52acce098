// @ts-check
/** The segment tool: every segment under the pen's way takes the class. */

/** @typedef {import("../segments.js").Segments} Segments */
/** @typedef {import("../geometry.js").Point} Point */

/**
 * The segments that a straight line crosses.
 *
 * @param {Segments} segments
 * @param {number} scale
 * @param {Point} a
 * @param {Point} b
 * @param {(node: number) => void} visit each as often as it is met
 */
export function crossed(segments, scale, a, b, visit) {
  // At every pixel of the longer side: no superpixel along the way is thinner.
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(b.x - a.x), Math.abs(b.y - a.y))));
  let last = -1;
  for (let step = 0; step <= steps; step++) {
    const node = segments.at(a.x + ((b.x - a.x) * step) / steps, a.y + ((b.y - a.y) * step) / steps, scale);
    if (node >= 0 && node !== last) visit(node);
    last = node;
  }
}

/** A stroke over segments. */
export class SegmentStroke {
  /** @param {import("../label_map.js").LabelMap} map @param {Segments} segments @param {number} scale @param {number} value */
  constructor(map, segments, scale, value) {
    this.map = map;
    this.segments = segments;
    this.scale = scale;
    this.value = value;
    /** @type {Set<number>} */
    this.painted = new Set();
    /** @type {Point | null} */
    this.last = null;
  }

  /** @param {Point} point @param {number} [_pressure] a segment has one size */
  to(point, _pressure) {
    crossed(this.segments, this.scale, this.last ?? point, point, (node) => {
      if (this.painted.has(node)) return;
      this.painted.add(node);
      this.segments.paint(this.map, node, this.value);
    });
    this.last = { x: point.x, y: point.y };
  }
}
