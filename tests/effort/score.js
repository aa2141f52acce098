// @ts-check
/** What is right and wrong in a map, kept up to date by the tiles that an action touched. */

import { UNLABELLED } from "../../static/annotate/label_map.js";

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
    for (const tile of this.dirty.take()) {
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

  /** @returns {Patch[]} the largest first */
  patches() {
    const { seen, truth, map } = this;
    const { width } = map;
    const stamp = ++this.stamp;
    const queue = new Int32Array(seen.length);
    /** @type {Patch[]} */
    const found = [];
    for (let start = 0; start < seen.length; start++) {
      const value = truth.pixels[start];
      if (value === UNLABELLED || seen[start] === value || this.stamps[start] === stamp) continue;
      let end = 0;
      /** @param {number} at */
      const take = (at) => {
        if (this.stamps[at] === stamp || truth.pixels[at] !== value || seen[at] === value) return;
        this.stamps[at] = stamp;
        queue[end++] = at;
      };
      take(start);
      for (let next = 0; next < end; next++) {
        const at = queue[next];
        if (at % width) take(at - 1);
        if ((at + 1) % width) take(at + 1);
        if (at >= width) take(at - width);
        if (at + width < seen.length) take(at + width);
      }
      if (end >= SMALLEST_PATCH) found.push({ value, pixels: queue.slice(0, end) });
    }
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
