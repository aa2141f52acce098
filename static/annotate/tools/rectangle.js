// @ts-check
/** The rectangle: drawn from corner to corner, then filled, or searched for one class that becomes another. */

/** @typedef {import("../label_map.js").LabelMap} LabelMap */
/** @typedef {import("../geometry.js").Point} Point */
/** @typedef {import("../geometry.js").Bounds} Bounds */

/** A rectangle being drawn. */
export class Box {
  /**
   * @param {Point} corner where the pen went down
   * @param {number} value what it paints
   * @param {number | null} old the only value that it replaces; `null`: every value
   */
  constructor(corner, value, old = null) {
    this.from = { x: corner.x, y: corner.y };
    this.to = this.from;
    this.value = value;
    this.old = old;
  }

  /** The pixels whose centres lie inside: what is shown is what is painted, and neighbours share an edge. @returns {Bounds} */
  get bounds() {
    const { from, to } = this;
    const edge = (/** @type {number} */ at) => Math.ceil(at - 0.5);
    return {
      left: edge(Math.min(from.x, to.x)),
      top: edge(Math.min(from.y, to.y)),
      right: edge(Math.max(from.x, to.x)),
      bottom: edge(Math.max(from.y, to.y)),
    };
  }

  get empty() {
    const { left, top, right, bottom } = this.bounds;
    return left >= right || top >= bottom;
  }
}

/** @param {LabelMap} map @param {Bounds} bounds @param {number} value */
export function fillBox(map, { left, top, right, bottom }, value) {
  for (let y = top; y < bottom; y++) map.span(y, left, right, value);
}

/**
 * Gives a value to every pixel of another value inside, joined or not.
 *
 * @param {LabelMap} map
 * @param {Bounds} bounds
 * @param {number} old
 * @param {number} value
 */
export function replaceInBox(map, { left, top, right, bottom }, old, value) {
  const { pixels, width, height } = map;
  const [first, last] = [Math.max(0, left), Math.min(width, right)];
  for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) {
    const row = y * width;
    for (let x = first; x < last; x++) {
      if (pixels[row + x] !== old) continue;
      const from = x;
      while (x < last && pixels[row + x] === old) x++;
      map.span(y, from, x, value);
    }
  }
}
