// @ts-check
/** Regions without a class, and the way from one to the next, the largest first. */

import { UNLABELLED } from "./label_map.js";

/** @typedef {import("./tools/rectangle.js").Bounds} Bounds */
/** @typedef {Bounds & { size: number, at: number, x: number, y: number }} Gap `size` in pixels; `at`: its first pixel, which
 *   tells it from gaps of its size; `x`, `y`: a pixel inside, in the middle of its longest run */

/**
 * Regions joined by their four sides, found run by run: a frame has far fewer runs than pixels.
 *
 * @param {import("./regions.js").Mask} mask
 * @returns {Gap[]} the largest first
 */
export function findGaps({ pixels, width, height }) {
  /** Runs: `[from, to)` in the map, and the run that stands for its region. @type {number[][]} */
  const [froms, tos, parents] = [[], [], []];
  /** @param {number} run */
  const root = (run) => {
    while (parents[run] !== run) run = parents[run] = parents[parents[run]];
    return run;
  };
  let above = 0;
  for (let y = 0; y < height; y++) {
    const first = froms.length;
    const end = (y + 1) * width;
    for (let at = pixels.indexOf(UNLABELLED, y * width); at >= 0 && at < end; ) {
      const from = at;
      while (at < end && pixels[at] === UNLABELLED) at++;
      const run = froms.length;
      froms.push(from);
      tos.push(at);
      parents.push(run);
      while (above < first && tos[above] + width <= from) above++;
      for (let other = above; other < first && froms[other] + width < at; other++) {
        const [a, b] = [root(other), root(run)];
        // The first run of all stays the root: it tells where a gap begins.
        parents[Math.max(a, b)] = Math.min(a, b);
      }
      while (at < end && pixels[at] !== UNLABELLED) at++;
    }
    above = first;
  }
  return collect(froms, tos, parents.map((_, run) => root(run)), width);
}

/** @param {number[]} froms @param {number[]} tos @param {number[]} roots @param {number} width @returns {Gap[]} */
function collect(froms, tos, roots, width) {
  /** @type {Map<number, Gap & { longest: number }>} */
  const gaps = new Map();
  roots.forEach((root, run) => {
    const y = Math.floor(froms[run] / width);
    const left = froms[run] - y * width;
    const length = tos[run] - froms[run];
    const gap = gaps.get(root) ?? { size: 0, at: froms[run], x: 0, y: 0, left, top: y, right: 0, bottom: 0, longest: 0 };
    gap.size += length;
    gap.left = Math.min(gap.left, left);
    gap.right = Math.max(gap.right, left + length);
    gap.bottom = y + 1;
    if (length > gap.longest) Object.assign(gap, { longest: length, x: left + (length >> 1), y });
    gaps.set(root, gap);
  });
  return [...gaps.values()].sort(largestFirst);
}

/** @param {Gap} a @param {Gap} b */
function largestFirst(a, b) {
  return b.size - a.size || a.at - b.at;
}

/** The way through the gaps of a map that changes meanwhile. */
export class GapWalk {
  constructor() {
    /** Where the walk is. @type {Gap | null} */
    this.last = null;
  }

  /**
   * The next smaller gap, or the next larger one; round to the other end after the last.
   *
   * @param {1 | -1} way
   * @param {Gap[]} gaps that there are now, as {@link findGaps} gives them
   * @returns {{ gap: Gap, number: number, of: number } | null} `null`: there is none left
   */
  step(way, gaps) {
    if (gaps.length === 0) return null;
    const { last } = this;
    // By place in the order, not by number: what was labelled meanwhile has moved the numbers.
    const next = last === null ? -1 : way > 0 ? gaps.findIndex((gap) => largestFirst(gap, last) > 0) : gaps.findLastIndex((gap) => largestFirst(gap, last) < 0);
    const index = next >= 0 ? next : way > 0 ? 0 : gaps.length - 1;
    this.last = gaps[index];
    return { gap: gaps[index], number: index + 1, of: gaps.length };
  }
}
