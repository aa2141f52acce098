// @ts-check
/** Connected regions of one value, joined by their four sides, found run by run: a frame has far fewer runs than pixels. */

/** @typedef {import("./tools/rectangle.js").Bounds} Bounds */
/** @typedef {{ pixels: Uint8Array, width: number, height: number }} Mask */
/** @typedef {Bounds & { value: number, size: number, at: number, x: number, y: number, runs: [number, number][] }} Region
 *   `size` in pixels; `at`: its first pixel; `x`, `y`: a pixel inside; `runs`: `[from, to)` in the map */

/**
 * The regions of at most so many pixels.
 *
 * @param {Mask} mask
 * @param {number} most
 * @returns {Region[]} the largest first
 */
export function findSmall({ pixels, width, height }, most) {
  const runs = new Runs(pixels.length >> 3);
  let above = 0;
  for (let y = 0; y < height; y++) {
    const first = runs.count;
    const end = (y + 1) * width;
    for (let at = y * width; at < end; ) {
      const from = at;
      const value = pixels[at];
      do at++;
      while (at < end && pixels[at] === value);
      const run = runs.add(from, at);
      while (above < first && runs.to[above] + width <= from) above++;
      for (let other = above; other < first && runs.from[other] + width < at; other++) {
        if (pixels[runs.from[other]] === value) runs.join(other, run);
      }
    }
    above = first;
  }
  return runs.collect(pixels, width, most).sort((a, b) => b.size - a.size || a.at - b.at);
}

/** Runs of pixels, and which of them belong together. */
class Runs {
  /** @param {number} room for so many; it grows */
  constructor(room) {
    this.count = 0;
    this.from = new Int32Array(Math.max(16, room));
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
      const region = regions.get(root) ?? { value: pixels[from], size: this.size[root], at: from, x: left, y, left, top: y, right: 0, bottom: 0, runs: [] };
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
