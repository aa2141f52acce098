// @ts-check
/** Connected regions of one value, joined by their four sides, found run by run: a frame has far fewer runs than pixels. */

/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {{ pixels: Uint8Array, width: number, height: number }} Mask */
/** @typedef {Bounds & { value: number, size: number, at: number, runs: [number, number][] }} Region
 *   `size` in pixels; `at`: its first pixel, which tells it from regions of its size; `runs`: `[from, to)` in the map */

/** Runs that there is room for at first. */
const ROOM = 1 << 14;

/**
 * @param {Mask} mask
 * @param {{ value?: number, most?: number }} wanted regions of that value only, of at most so many pixels
 * @returns {Region[]} the largest first
 */
export function findRegions({ pixels, width }, { value: only, most = Infinity }) {
  const runs = new Runs();
  for (let at = 0, above = 0; at < pixels.length; ) {
    if (only !== undefined && pixels[at] !== only) {
      const next = pixels.indexOf(only, at);
      if (next < 0) break;
      at = next;
    }
    const from = at;
    const value = pixels[from];
    const end = from - (from % width) + width;
    do at++;
    while (at < end && pixels[at] === value);
    const run = runs.add(from, at);
    // Both end at this run at the latest, which does not lie above itself.
    while (runs.to[above] + width <= from) above++;
    for (let other = above; runs.from[other] + width < at; other++) {
      if (pixels[runs.from[other]] === value) runs.join(other, run);
    }
  }
  return runs.collect(pixels, width, most).sort(largestFirst);
}

/** @param {{ size: number, at: number }} a @param {{ size: number, at: number }} b */
export function largestFirst(a, b) {
  return b.size - a.size || a.at - b.at;
}

/** Runs of pixels, and which of them belong together. */
class Runs {
  constructor() {
    this.count = 0;
    this.from = new Int32Array(ROOM);
    this.to = new Int32Array(this.from.length);
    /** The run that stands for the region. */
    this.parent = new Int32Array(this.from.length);
    /** Pixels of the region, at the run that stands for it. */
    this.size = new Int32Array(this.from.length);
  }

  /** @param {number} from @param {number} to @returns {number} */
  add(from, to) {
    if (this.count === this.from.length) this.#grow();
    const run = this.count++;
    this.from[run] = from;
    this.to[run] = to;
    this.parent[run] = run;
    this.size[run] = to - from;
    return run;
  }

  /** @param {number} run @returns {number} */
  root(run) {
    const { parent } = this;
    while (parent[run] !== run) run = parent[run] = parent[parent[run]];
    return run;
  }

  /** @param {number} one @param {number} other */
  join(one, other) {
    const [a, b] = [this.root(one), this.root(other)];
    if (a === b) return;
    // The first run of all stays the root: it tells where a region begins.
    const [low, high] = a < b ? [a, b] : [b, a];
    this.parent[high] = low;
    this.size[low] += this.size[high];
  }

  /** @param {Uint8Array} pixels @param {number} width @param {number} most @returns {Region[]} */
  collect(pixels, width, most) {
    /** @type {Map<number, Region>} */
    const regions = new Map();
    for (let run = 0; run < this.count; run++) {
      const root = this.root(run);
      if (this.size[root] > most) continue;
      const [from, to] = [this.from[run], this.to[run]];
      const y = Math.floor(from / width);
      const left = from - y * width;
      const region = regions.get(root) ?? { value: pixels[from], size: this.size[root], at: from, left, top: y, right: 0, bottom: 0, runs: [] };
      region.left = Math.min(region.left, left);
      region.right = Math.max(region.right, left + to - from);
      region.bottom = y + 1;
      region.runs.push([from, to]);
      regions.set(root, region);
    }
    return [...regions.values()];
  }

  #grow() {
    for (const name of /** @type {const} */ (["from", "to", "parent", "size"])) {
      const larger = new Int32Array(this[name].length * 2);
      larger.set(this[name]);
      this[name] = larger;
    }
  }
}
