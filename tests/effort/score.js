// @ts-check
/** What is right and wrong in a map, kept up to date by the tiles that an action touched. */

import { TILE, UNLABELLED } from "../../static/annotate/label_map.js";
import { eachRegion } from "./flood.js";

/** @typedef {import("../../static/annotate/segments.js").Segments} Segments */
/** @typedef {{ value: number, pixels: Int32Array }} Patch wrong pixels of one true class, joined by their sides */

/** Smaller patches are not worth an action to anybody. */
const SMALLEST_PATCH = 40;

export class Score {
  /** @param {import("../../static/annotate/label_map.js").LabelMap} map @param {import("./truth.js").Truth} truth @param {Segments} segments */
  constructor(map, truth, segments) {
    this.map = map;
    this.truth = truth;
    this.segments = segments;
    this.dirty = map.watch();
    this.seen = map.pixels.slice();
    const { classes } = truth;
    const nodes = segments.parents.length;
    /** Labelled pixels of each class in each node, and those that are right now. */
    this.counts = new Int32Array(nodes * classes);
    this.right = new Int32Array(nodes);
    this.total = 0;
    for (let at = 0; at < truth.pixels.length; at++) {
      const value = truth.pixels[at];
      if (value === UNLABELLED) continue;
      this.counts[segments.ids[at] * classes + value]++;
      this.#correct(at, Number(this.seen[at] === value));
    }
    for (let node = 0; node < nodes; node++) {
      const parent = segments.parents[node];
      if (parent === node) continue;
      for (let value = 0; value < classes; value++) this.counts[parent * classes + value] += this.counts[node * classes + value];
    }
    /** Actions looked at so far, and the one that changed each tile last. */
    this.turn = 0;
    this.changed = new Uint32Array(map.tileCount);
    this.stamps = new Uint32Array(truth.pixels.length);
    this.stamp = 0;
  }

  get agreement() {
    return this.total / this.truth.labelled;
  }

  /** @param {number} node @param {number} value @returns {number} pixels that painting it would make right, less those it would spoil */
  gain(node, value) {
    return this.counts[node * this.truth.classes + value] - this.right[node];
  }

  /** Looks at what the last action changed. */
  update() {
    const { map, seen, truth } = this;
    this.turn++;
    for (const tile of this.dirty.take()) {
      this.changed[tile] = this.turn;
      const { x, y, width, height } = map.bounds(tile);
      for (let row = y; row < y + height; row++) {
        for (let at = row * map.width + x; at < row * map.width + x + width; at++) {
          if (seen[at] === map.pixels[at]) continue;
          const value = truth.pixels[at];
          if (value !== UNLABELLED) this.#correct(at, Number(map.pixels[at] === value) - Number(seen[at] === value));
          seen[at] = map.pixels[at];
        }
      }
    }
  }

  /**
   * The gain of painting whatever `draw` draws: it is given something that takes spans as a label map does.
   *
   * @param {number} value
   * @param {(counter: { width: number, height: number, span: (y: number, from: number, to: number) => void }) => void} draw
   */
  gainOf(value, draw) {
    const { width, height } = this.map;
    const { seen, truth, stamps } = this;
    const stamp = ++this.stamp;
    let gain = 0;
    draw({
      width,
      height,
      span(y, from, to) {
        if (y < 0 || y >= height) return;
        const end = y * width + Math.min(width, to);
        for (let at = y * width + Math.max(0, from); at < end; at++) {
          if (stamps[at] === stamp) continue;
          stamps[at] = stamp;
          const right = truth.pixels[at];
          if (right === UNLABELLED || seen[at] === value) continue;
          if (right === value) gain++;
          else if (right === seen[at]) gain--;
        }
      },
    });
    return gain;
  }

  /**
   * @param {import("../../static/annotate/geometry.js").Point} a
   * @param {import("../../static/annotate/geometry.js").Point} b
   * @param {number} reach in pixels
   * @returns {number} the newest turn that changed a tile near the line between them
   */
  changedNear(a, b, reach) {
    const { width, height } = this.map;
    const tile = (/** @type {number} */ at, /** @type {number} */ end) => Math.floor(Math.min(end - 1, Math.max(0, at)) / TILE);
    const [left, right] = [tile(Math.min(a.x, b.x) - reach, width), tile(Math.max(a.x, b.x) + reach, width)];
    const [top, bottom] = [tile(Math.min(a.y, b.y) - reach, height), tile(Math.max(a.y, b.y) + reach, height)];
    let newest = 0;
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) newest = Math.max(newest, this.changed[row * this.map.columns + column]);
    }
    return newest;
  }

  /** @returns {Patch[]} the largest first */
  patches() {
    const { seen, truth } = this;
    const valueOf = (/** @type {number} */ at) => (truth.pixels[at] === UNLABELLED || seen[at] === truth.pixels[at] ? -1 : truth.pixels[at]);
    /** @type {Patch[]} */
    const found = [];
    eachRegion(truth.width, seen.length, valueOf, (value, pixels) => {
      if (pixels.length >= SMALLEST_PATCH) found.push({ value, pixels: pixels.slice() });
    });
    return found.sort((a, b) => b.pixels.length - a.pixels.length);
  }

  /** @param {number} at a pixel @param {number} change of how many are right */
  #correct(at, change) {
    if (change === 0) return;
    const { parents } = this.segments;
    this.total += change;
    for (let node = this.segments.ids[at]; ; node = parents[node]) {
      this.right[node] += change;
      if (parents[node] === node) break;
    }
  }
}
