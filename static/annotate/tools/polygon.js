// @ts-check
/** The polygon: corners set one by one, filled by the even-odd rule when it is closed. */

/** @typedef {import("../label_map.js").LabelMap} LabelMap */
/** @typedef {import("./brush.js").Point} Point */

/**
 * Gives every pixel whose centre lies inside a value.
 *
 * @param {LabelMap} map
 * @param {Point[]} corners in order; the last is joined to the first
 * @param {number} value
 */
export function fillPolygon(map, corners, value) {
  const ys = corners.map((corner) => corner.y);
  const top = Math.max(0, Math.floor(Math.min(...ys)));
  const bottom = Math.min(map.height - 1, Math.ceil(Math.max(...ys)));
  for (let y = top; y <= bottom; y++) {
    const crossings = crossingsOf(corners, y + 0.5);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      map.span(y, Math.ceil(crossings[i] - 0.5), Math.ceil(crossings[i + 1] - 0.5), value);
    }
  }
}

/** A polygon being drawn. */
export class Polygon {
  constructor() {
    /** @type {Point[]} */
    this.corners = [];
  }

  /** @param {Point} corner */
  add(corner) {
    this.corners.push({ x: corner.x, y: corner.y });
  }

  /** Takes the newest corner back. */
  takeBack() {
    this.corners.pop();
  }

  /** @param {Point} point @param {number} reach in pixels @returns {boolean} whether a corner there would close it */
  closesAt(point, reach) {
    const first = this.corners[0];
    return this.corners.length > 2 && Math.hypot(first.x - point.x, first.y - point.y) <= reach;
  }

  get canClose() {
    return this.corners.length > 2;
  }
}

/** @param {Point[]} corners @param {number} row @returns {number[]} where edges cross the row, from left to right */
function crossingsOf(corners, row) {
  const crossings = [];
  for (let i = 0; i < corners.length; i++) {
    const a = corners[i];
    const b = corners[(i + 1) % corners.length];
    // Half-open, so that a corner on the row counts once.
    if (a.y <= row !== b.y <= row) crossings.push(a.x + ((row - a.y) / (b.y - a.y)) * (b.x - a.x));
  }
  return crossings.sort((left, right) => left - right);
}
