// @ts-check
/** Regions without a class, and the way from one to the next, the largest first. */

import { UNLABELLED } from "./label_map.js";
import { findRegions, largestFirst } from "./regions.js";

/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {Bounds & { size: number, at: number, x: number, y: number }} Gap `at` as a region has it; `x`, `y`: a pixel inside,
 *   in the middle of its longest run */

/** @param {import("./regions.js").Mask} mask @returns {Gap[]} the largest first */
export function findGaps(mask) {
  return findRegions(mask, { value: UNLABELLED }).map(({ size, at, left, top, right, bottom, runs }) => {
    const [from, to] = runs.reduce((longest, run) => (run[1] - run[0] > longest[1] - longest[0] ? run : longest));
    return { size, at, left, top, right, bottom, x: (from % mask.width) + ((to - from) >> 1), y: Math.floor(from / mask.width) };
  });
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
