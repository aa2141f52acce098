// @ts-check
/** The polygon: corners set one by one, filled by the even-odd rule when it is closed. */

import { distance } from "../geometry.js";

/** @typedef {import("../label_map.js").LabelMap} LabelMap */
/** @typedef {import("../geometry.js").Point} Point */

/**
 * Gives every pixel whose centre lies inside a value.
 *
 * @param {LabelMap} map
 * @param {Point[]} corners in order; the last is joined to the first
 * @param {number} value
 */
export function fillPolygon(map, corners, value) {
  // Along edges there may be more of them than a call may have arguments.
  const [first, last] = corners.reduce(([low, high], { y }) => [Math.min(low, y), Math.max(high, y)], [Infinity, -Infinity]);
  const top = Math.max(0, Math.floor(first));
  const bottom = Math.min(map.height - 1, Math.ceil(last));
  for (let y = top; y <= bottom; y++) {
    const crossings = crossingsOf(corners, y + 0.5);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      map.span(y, Math.ceil(crossings[i] - 0.5), Math.ceil(crossings[i + 1] - 0.5), value);
    }
  }
}

/** Farther away, a line along edges is shown only once its corner is let go: searching it takes too long for each move. */
const PREVIEWED = 150;

/** A polygon being drawn: its corners can still be moved, added and taken away. */
export class Polygon {
  constructor() {
    /** @type {Point[]} */
    this.corners = [];
    /** Joins corners along edges of the picture; straight lines without it. @type {import("./live_wire.js").LiveWire | null} */
    this.wire = null;
    /** The corner in the hand; -1 for none. */
    this.held = -1;
    /** Where that was before; `null` for a new one. @type {Point | null} */
    this.was = null;
    /** Where the first corner was pressed, and how far from there it moves: let go before, it closes. @type {{ at: Point, reach: number } | null} */
    this.closing = null;
    /** Whether its fill was undone, and it is as it was then. */
    this.reopened = false;
    /** From each corner to the next. @type {WeakMap<Point, { to: Point, way: Point[] }>} */
    this.ways = new WeakMap();
  }

  /** @param {Point} corner */
  add(corner) {
    this.reopened = false;
    this.corners.push(this.#put(corner));
    this.held = this.corners.length - 1;
    this.was = null;
  }

  /** Takes back the corner in the hand, else the newest. */
  takeBack() {
    this.corners.splice(this.held, 1);
    this.letGo();
    this.reopened = false;
  }

  /**
   * Takes a corner near a point in the hand, or puts one between two others where the line passes near.
   *
   * @param {Point} point @param {number} reach in pixels @returns {boolean} whether there is one
   */
  hold(point, reach) {
    const { corners } = this;
    this.held = this.#cornerAt(point, reach);
    this.was = corners[this.held] ?? null;
    this.reopened &&= this.held < 0;
    this.closing = this.held === 0 && this.canClose ? { at: point, reach: reach / 2 } : null;
    if (this.was) return true;
    for (let index = 0; index + 1 < corners.length; index++) {
      const line = [corners[index], ...this.between(index), corners[index + 1]];
      if (!line.some((end, at) => at > 0 && offSegment(point, line[at - 1], end) <= reach / 2)) continue;
      corners.splice(index + 1, 0, this.#put(point));
      this.held = index + 1;
      this.reopened = false;
      return true;
    }
    return false;
  }

  /** Moves the corner in the hand. @param {Point} point */
  drag(point) {
    if (this.held < 0 || (this.closing && distance(this.closing.at, point) < this.closing.reach)) return;
    this.closing = null;
    this.corners[this.held] = this.#put(point);
  }

  /** The corner in the hand stays where it is. @returns {boolean} whether it was the first, and never moved: that closes it */
  letGo() {
    const closes = this.closing !== null;
    this.held = -1;
    this.closing = null;
    return closes;
  }

  /** Lets the corner in the hand go where it was, a new one away. */
  putBack() {
    if (this.held < 0) return;
    if (this.was) this.corners[this.held] = this.was;
    else this.corners.splice(this.held, 1);
    this.letGo();
  }

  /** Takes away the corner near a point, else the newest. @param {Point} point @param {number} reach */
  remove(point, reach) {
    this.held = this.#cornerAt(point, reach);
    this.takeBack();
  }

  get canClose() {
    return this.corners.length > 2;
  }

  /** What lies between a corner and the next, the first after the last. @param {number} index @returns {Point[]} */
  between(index) {
    const from = this.corners[index];
    const to = this.corners[(index + 1) % this.corners.length];
    const known = this.ways.get(from);
    if (known?.to === to) return known.way;
    if (this.held >= 0 && [from, to].includes(this.corners[this.held]) && distance(from, to) > PREVIEWED) return [];
    const way = this.wire ? this.wire.between(from, to) : [];
    this.ways.set(from, { to, way });
    return way;
  }

  /** Its whole line so far. @returns {Point[]} */
  get line() {
    return this.corners.flatMap((corner, index) => (index + 1 < this.corners.length ? [corner, ...this.between(index)] : [corner]));
  }

  /** Its whole line, on to where the next corner would be. @param {Point} next @returns {Point[]} */
  lineTo(next) {
    const last = this.corners[this.corners.length - 1];
    const near = distance(last, next) < PREVIEWED;
    return [...this.line, ...(this.wire && near ? this.wire.between(last, this.#put(next)) : []), next];
  }

  /** Its whole line, closed. @returns {Point[]} */
  get ring() {
    return [...this.line, ...this.between(this.corners.length - 1)];
  }

  /** @param {Point} point */
  #put({ x, y }) {
    return this.wire ? { ...this.wire.snap({ x, y }) } : { x, y };
  }

  /** @param {Point} point @param {number} reach @returns {number} the nearest; -1 where none is as near */
  #cornerAt(point, reach) {
    const ways = this.corners.map((corner) => distance(corner, point));
    const least = Math.min(...ways);
    return reach > 0 && least <= reach ? ways.indexOf(least) : -1;
  }
}

/** @param {Point} point @param {Point} a @param {Point} b @returns {number} how far from the line between them */
function offSegment(point, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const square = dx * dx + dy * dy;
  const along = square ? Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / square)) : 0;
  return distance(point, { x: a.x + along * dx, y: a.y + along * dy });
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
