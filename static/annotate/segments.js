// @ts-check
/**
 * A frame cut into segments: superpixels, and the tree of their merges, cut at a few scales.
 *
 * The server's file is described where it is written (`src/formats/segments.rs`). A node below {@link Segments.count} is
 * a superpixel, one above is a merge of two nodes below itself.
 */

/** @typedef {import("./label_map.js").LabelMap} LabelMap */

/** Segments of a frame at each scale, the finest first; the finest of all are the superpixels themselves. */
export const SCALES = [Infinity, 4000, 1500, 500, 150, 50, 15];
/** The scale to begin with: some 150 segments. */
export const FIRST_SCALE = 4;
const HEADER = 16;

export class Segments {
  /**
   * @param {{ width: number, height: number, ids: Uint16Array, parents: Uint32Array, vectors: Int8Array, d: number }} parts
   *   `ids`: the superpixel of each pixel; `parents`: of each node; `vectors`: `d` numbers for each superpixel
   */
  constructor({ width, height, ids, parents, vectors, d }) {
    this.width = width;
    this.height = height;
    this.ids = ids;
    this.parents = parents;
    this.vectors = vectors;
    this.d = d;
    /** Superpixels. */
    this.count = vectors.length / d;
    this.#order();
    this.#findRuns();
    /** For each scale the segment, a node, of every superpixel. */
    this.scales = SCALES.map((count) => this.#cut(count));
    /** Superpixels that touch each superpixel: those of `s` are `beside[from[s]]` up to `beside[from[s + 1]]`. */
    this.neighbours = this.#touch();
  }

  /** @param {Segments} sent from another thread, where it came from is lost on the way @returns {Segments} */
  static revive(sent) {
    return Object.assign(Object.create(Segments.prototype), sent);
  }

  /** What another thread may take over, so that nothing is copied. @returns {ArrayBuffer[]} */
  get buffers() {
    const arrays = [...Object.values(this), ...this.scales, ...Object.values(this.neighbours)].filter(ArrayBuffer.isView);
    return arrays.map(({ buffer }) => /** @type {ArrayBuffer} */ (buffer));
  }

  /** @param {ArrayBuffer} file uncompressed @returns {Segments} */
  static parse(file) {
    const [width, height, count, d] = new Uint32Array(file, 0, 4);
    const pixels = width * height;
    const ids = new Uint16Array(file.slice(HEADER, HEADER + 2 * pixels));
    for (let at = width; at < pixels; at++) ids[at] += ids[at - width];
    const end = file.byteLength - count * d;
    const parents = new Uint32Array(file.slice(HEADER + 2 * pixels, end));
    return new Segments({ width, height, ids, parents, vectors: new Int8Array(file.slice(end)), d });
  }

  /** @param {number} x @param {number} y @returns {number} the superpixel there; -1 outside */
  superpixelAt(x, y) {
    if (!(x >= 0 && y >= 0 && x < this.width && y < this.height)) return -1;
    return this.ids[Math.floor(y) * this.width + Math.floor(x)];
  }

  /** @param {number} x @param {number} y @param {number} scale an index of {@link SCALES} @returns {number} a node; -1 outside */
  at(x, y, scale) {
    const superpixel = this.superpixelAt(x, y);
    return superpixel < 0 ? -1 : this.scales[scale][superpixel];
  }

  /** @param {number} node @returns {Uint32Array} its superpixels */
  superpixelsOf(node) {
    return this.sequence.subarray(this.starts[node], this.ends[node]);
  }

  /** @param {number} node @param {number} whole -1 for none @returns {boolean} whether it is a part of another node, and not all of it */
  within(node, whole) {
    return whole >= 0 && node !== whole && this.starts[node] >= this.starts[whole] && this.ends[node] <= this.ends[whole];
  }

  /** @param {number} node @param {(y: number, from: number, to: number) => void} visit each run of its pixels */
  eachRun(node, visit) {
    for (const superpixel of this.superpixelsOf(node)) this.eachRunOf(superpixel, visit);
  }

  /** @param {number} superpixel @param {(y: number, from: number, to: number) => void} visit */
  eachRunOf(superpixel, visit) {
    const { runFrom, runRows, runLefts, runRights } = this;
    for (let run = runFrom[superpixel]; run < runFrom[superpixel + 1]; run++) visit(runRows[run], runLefts[run], runRights[run]);
  }

  /** @param {LabelMap} map @param {number} node @param {number} value */
  paint(map, node, value) {
    this.eachRun(node, (y, from, to) => map.span(y, from, to, value));
  }

  /** Puts superpixels in an order in which those of every node stand together. */
  #order() {
    const { parents, count } = this;
    const sizes = new Uint32Array(parents.length).fill(1, 0, count);
    for (let node = 0; node < parents.length; node++) if (parents[node] !== node) sizes[parents[node]] += sizes[node];
    const starts = new Uint32Array(parents.length);
    const taken = new Uint32Array(parents.length);
    let end = 0;
    for (let node = parents.length - 1; node >= 0; node--) {
      const parent = parents[node];
      starts[node] = parent === node ? end : starts[parent] + taken[parent];
      if (parent === node) end += sizes[node];
      else taken[parent] += sizes[node];
    }
    this.starts = starts;
    this.ends = starts.map((start, node) => start + sizes[node]);
    this.sequence = new Uint32Array(count);
    for (let superpixel = 0; superpixel < count; superpixel++) this.sequence[starts[superpixel]] = superpixel;
  }

  /** Finds the runs of every superpixel. */
  #findRuns() {
    const { ids, width, height, count } = this;
    const from = new Uint32Array(count + 1);
    /** @param {(superpixel: number, y: number, left: number, right: number) => void} visit */
    const each = (visit) => {
      for (let y = 0; y < height; y++) {
        const row = y * width;
        for (let x = 0; x < width; ) {
          const [left, superpixel] = [x, ids[row + x]];
          while (x < width && ids[row + x] === superpixel) x++;
          visit(superpixel, y, left, x);
        }
      }
    };
    each((superpixel) => from[superpixel + 1]++);
    for (let superpixel = 0; superpixel < count; superpixel++) from[superpixel + 1] += from[superpixel];
    const next = from.slice();
    this.runFrom = from;
    this.runRows = new Uint16Array(from[count]);
    this.runLefts = new Uint16Array(from[count]);
    this.runRights = new Uint16Array(from[count]);
    each((superpixel, y, left, right) => {
      const run = next[superpixel]++;
      this.runRows[run] = y;
      this.runLefts[run] = left;
      this.runRights[run] = right;
    });
  }

  /** @param {number} wanted segments @returns {Uint32Array} the node that stands for each superpixel */
  #cut(wanted) {
    const { parents, count } = this;
    // Merges are numbered in their order: undoing the last of them leaves so many segments.
    const limit = Math.max(count, parents.length - wanted + 1);
    const tops = new Uint32Array(parents.length);
    for (let node = parents.length - 1; node >= 0; node--) {
      const parent = parents[node];
      tops[node] = parent !== node && parent < limit ? tops[parent] : node;
    }
    return tops.slice(0, count);
  }

  #touch() {
    const { ids, width, count } = this;
    /** A handful for each: looking through them is quicker than a set. @type {number[][]} */
    const beside = Array.from({ length: count }, () => []);
    /** @param {number} a @param {number} b */
    const join = (a, b) => {
      if (beside[a].includes(b)) return;
      beside[a].push(b);
      beside[b].push(a);
    };
    for (let at = 0; at < ids.length; at++) {
      if (at % width && ids[at] !== ids[at - 1]) join(ids[at], ids[at - 1]);
      if (at >= width && ids[at] !== ids[at - width]) join(ids[at], ids[at - width]);
    }
    const from = new Uint32Array(count + 1);
    beside.forEach((others, superpixel) => (from[superpixel + 1] = from[superpixel] + others.length));
    return { from, beside: Uint32Array.from(beside.flatMap((others) => others.sort((a, b) => a - b))) };
  }
}
