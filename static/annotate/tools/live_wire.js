// @ts-check
/**
 * Live wire (Mortensen and Barrett 1995): the cheapest way between two corners along edges of the picture.
 *
 * The edges are those between superpixels, the cheaper the less both sides look alike: few enough to search in one go, and
 * they are where the segment tool cuts as well. Places are corners of pixels: (x, y) lies between pixel (x - 1, y - 1) and
 * pixel (x, y).
 */

import { Heap } from "../heap.js";

/** @typedef {import("../segments.js").Segments} Segments */
/** @typedef {import("../geometry.js").Point} Point */

/** Corners farther apart than this are joined by a straight line. */
export const REACH = 400;
/** A corner goes to an edge as near as this at most, in pixels. */
const PULL = 12;
const SIDE = 2 * REACH + 1;
/** Right, down, left, up. */
const MOVES = [[1, 0], [0, 1], [-1, 0], [0, -1]];
/** What a pixel of edge costs between sides that look the same; it falls to 1. */
const DEAREST = 12;
/** Squared distance of vectors at which an edge costs half of that. */
const PLAIN = 400;

export class LiveWire {
  /** @param {Segments} segments */
  constructor(segments) {
    this.segments = segments;
    this.pull = PULL;
    /** In the middle of what is searched. @type {Point} */
    this.source = { x: 0, y: 0 };
    /** The move by which each place was reached, and its price. */
    this.before = new Int8Array(SIDE * SIDE);
    this.prices = new Float32Array(SIDE * SIDE);
  }

  /** From now on edges pull no farther: zoomed in, a corner can be set beside one. @param {number} reach in pixels of the frame */
  pullFrom(reach) {
    this.pull = Math.min(PULL, reach);
  }

  /** @param {Point} point @returns {Point} the nearest place on an edge; the point itself where there is none near */
  snap(point) {
    const [px, py, around] = [Math.round(point.x), Math.round(point.y), Math.ceil(this.pull)];
    let [nearest, found] = [this.pull + 0.001, point];
    for (let y = py - around; y <= py + around; y++) {
      for (let x = px - around; x <= px + around; x++) {
        const away = Math.hypot(x - point.x, y - point.y);
        if (away < nearest && this.#onEdge(x, y)) [nearest, found] = [away, { x, y }];
      }
    }
    return found;
  }

  /** @param {Point} from @param {Point} to @returns {Point[]} what lies between them, without both */
  between(from, to) {
    const far = Math.max(Math.abs(from.x - to.x), Math.abs(from.y - to.y)) > REACH;
    if (far || !this.#onEdge(from.x, from.y) || !this.#onEdge(to.x, to.y)) return [];
    this.#search(from, to);
    const way = [];
    let [x, y] = [to.x, to.y];
    for (let move = this.before[this.#place(x, y)]; move < 4; move = this.before[this.#place(x, y)]) {
      // Not reached along edges.
      if (move < 0) return [];
      [x, y] = [x - MOVES[move][0], y - MOVES[move][1]];
      way.push({ x, y });
    }
    way.pop();
    return way.reverse();
  }

  /** Dijkstra over the edges around a place, as far as to another. @param {Point} source @param {Point} target */
  #search(source, target) {
    this.source = { x: source.x, y: source.y };
    this.before.fill(-1);
    this.prices.fill(Infinity);
    const heap = new Heap();
    const [start, end] = [this.#place(source.x, source.y), this.#place(target.x, target.y)];
    this.before[start] = 4;
    this.prices[start] = 0;
    heap.push(0, start);
    while (heap.size) {
      const { key, item } = heap.pop();
      if (key > this.prices[item]) continue;
      if (item === end) return;
      const [x, y] = [source.x - REACH + (item % SIDE), source.y - REACH + Math.floor(item / SIDE)];
      for (let move = 0; move < 4; move++) {
        const [nx, ny] = [x + MOVES[move][0], y + MOVES[move][1]];
        if (Math.abs(nx - source.x) > REACH || Math.abs(ny - source.y) > REACH) continue;
        const price = Math.fround(key + this.#price(x, y, move));
        const next = this.#place(nx, ny);
        if (price >= this.prices[next]) continue;
        this.prices[next] = price;
        this.before[next] = move;
        heap.push(price, next);
      }
    }
  }

  /** What a move from a place costs; infinite where no edge leads there. @param {number} x @param {number} y @param {number} move */
  #price(x, y, move) {
    const { segments } = this;
    // The pixels on both sides of the way.
    const [ax, ay] = move === 0 ? [x, y - 1] : move === 1 ? [x - 1, y] : [x - 1, y - 1];
    const [bx, by] = move % 2 === 0 ? [ax, ay + 1] : [ax + 1, ay];
    const [a, b] = [segments.superpixelAt(ax, ay), segments.superpixelAt(bx, by)];
    if (a === b) return Infinity;
    // A cheap rim would draw every way near it along itself.
    if (a < 0 || b < 0) return DEAREST;
    const { vectors, d } = segments;
    let apart = 0;
    for (let i = 0; i < d; i++) apart += (vectors[a * d + i] - vectors[b * d + i]) ** 2;
    return 1 + ((DEAREST - 1) * PLAIN) / (PLAIN + apart);
  }

  /** @param {number} x @param {number} y */
  #onEdge(x, y) {
    if (!Number.isInteger(x) || !Number.isInteger(y)) return false;
    return MOVES.some((_, move) => Number.isFinite(this.#price(x, y, move)));
  }

  /** @param {number} x @param {number} y */
  #place(x, y) {
    const { source } = this;
    return (y - source.y + REACH) * SIDE + (x - source.x + REACH);
  }
}
