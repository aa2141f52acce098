// @ts-check
/** The fix queue: segments from the most doubtful on, mean doubt times area, each looked at once. */

/** @typedef {import("./segments.js").Segments} Segments */

/** Which of the scales a person looks through: some 500 segments. */
const QUEUE_SCALE = 3;

export class FixQueue {
  /**
   * @param {Segments} segments
   * @param {Uint8Array} doubt 0 to 255 for each pixel
   * @param {Set<number>} [looked] nodes that were looked at already; those that will be come to it
   * @param {(node: number) => boolean} [drawn] whether a node was drawn by hand meanwhile: nobody is asked about it
   */
  constructor(segments, doubt, looked = new Set(), drawn = () => false) {
    /** Sums of doubt: that of the mean times the area. @type {Map<number, number>} */
    const sums = new Map();
    const bySuperpixel = new Float64Array(segments.count);
    for (let at = 0; at < doubt.length; at++) bySuperpixel[segments.ids[at]] += doubt[at];
    segments.scales[QUEUE_SCALE].forEach((node, superpixel) => sums.set(node, (sums.get(node) ?? 0) + bySuperpixel[superpixel]));
    const all = [...sums].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    /** The most doubtful first. */
    this.nodes = all.map(([node]) => node);
    this.weights = all.map(([, sum]) => sum);
    this.total = this.weights.reduce((sum, weight) => sum + weight, 0);
    this.looked = looked;
    this.drawn = drawn;
    /** Nodes that were passed over, as drawn by hand. @type {Set<number>} */
    this.passed = new Set();
    /** The place that is looked at now; -1 before the first and after the last. */
    this.at = -1;
    /** The places before it, the newest last: the way back. @type {number[]} */
    this.trail = [];
  }

  /** The segment that is looked at now; -1 for none. */
  get node() {
    return this.nodes[this.at] ?? -1;
  }

  /** Goes to the most doubtful segment not looked at yet. @returns {number} its node; -1 where all were */
  next() {
    const { nodes, at } = this;
    if (at >= 0) this.trail.push(at);
    const after = nodes.findIndex((node, place) => place > at && this.#asks(node));
    // Round to the first again: one may be left for later.
    this.at = after >= 0 ? after : nodes.findIndex((node) => this.#asks(node));
    return this.node;
  }

  /** The segment is right as it is, or was put right: on to the next. @returns {number} the next node; -1 where all were looked at */
  done() {
    if (this.at >= 0) this.looked.add(this.node);
    return this.next();
  }

  /** Back to where it was before: that counts as not looked at again. @returns {number} its node; -1 where it was nowhere */
  back() {
    return this.goBackTo(this.trail.pop() ?? -1);
  }

  /** @param {number} place whose correction was undone @returns {number} its node */
  goBackTo(place) {
    this.looked.delete(this.nodes[place]);
    this.trail = this.trail.filter((before) => before !== place);
    this.at = place;
    return this.node;
  }

  leave() {
    this.at = -1;
  }

  /** How much of the frame's doubt was looked at, 0 to 1. */
  get progress() {
    let sum = 0;
    this.nodes.forEach((node, place) => {
      if (this.looked.has(node) || this.passed.has(node)) sum += this.weights[place];
    });
    return this.total ? sum / this.total : 1;
  }

  /** @param {number} node @returns {boolean} whether it is still to be looked at */
  #asks(node) {
    this.passed.delete(node);
    if (this.looked.has(node)) return false;
    if (this.drawn(node)) this.passed.add(node);
    return !this.passed.has(node);
  }
}
