// @ts-check
/** What a stroke may paint over: everything, only what is unlabelled, only one class; and never a locked class. */

import { UNLABELLED } from "./label_map.js";

/** In place of a class: every value may be painted over. */
export const EVERYTHING = -1;

export class PaintRules {
  /** @param {import("./label_map.js").LabelMap} map */
  constructor(map) {
    this.map = map;
    /** {@link EVERYTHING}, {@link UNLABELLED}, or the one class that is painted over. */
    this.over = EVERYTHING;
    /** @type {Set<number>} */
    this.locked = new Set();
  }

  /** Between everything and only what is unlabelled: the two that are wanted by turns. */
  toggleUnlabelled() {
    this.over = this.over === EVERYTHING ? UNLABELLED : EVERYTHING;
  }

  /** @param {number} value of a class @returns {boolean} whether it is locked now */
  toggleLock(value) {
    if (!this.locked.delete(value)) this.locked.add(value);
    return this.locked.has(value);
  }

  /** @param {number} value @param {number} painted what the stroke paints @returns {boolean} */
  allows(value, painted) {
    if (this.locked.has(value)) return false;
    // An eraser that may only take away what is not there would be a broken one.
    const erases = painted === UNLABELLED && this.over === UNLABELLED;
    return this.over === EVERYTHING || this.over === value || erases;
  }

  /** Makes the map keep to them while a stroke paints that value; undo and whole masks are not strokes. @param {number} painted */
  hold(painted) {
    const { paintable } = this.map;
    for (let value = 0; value < paintable.length; value++) paintable[value] = Number(this.allows(value, painted));
  }
}
