// @ts-check
/**
 * What is shown but not painted yet: the segment under the pen, what a scribble would fill.
 *
 * A label map of its own, so that it is painted by tiles as the labels are; nothing of it is saved.
 */

import { LabelMap, UNLABELLED } from "./label_map.js";

/** @typedef {import("./segments.js").Segments} Segments */

export class Ghost {
  /** @param {number} width @param {number} height */
  constructor(width, height) {
    this.map = new LabelMap(width, height);
    /** @type {{ segments: Segments, nodes: ArrayLike<number>, value: number } | null} */
    this.shown = null;
  }

  /**
   * @param {Segments} segments
   * @param {ArrayLike<number>} nodes
   * @param {number} value the class in whose colour they are shown
   */
  show(segments, nodes, value) {
    if (this.shown && this.shown.value === value && sameNumbers(this.shown.nodes, nodes)) return;
    // Only what comes and goes is painted: an extent changes little.
    const before = new Set(this.shown?.value === value ? Array.from(this.shown.nodes) : []);
    const after = new Set(Array.from(nodes));
    if (before.size === 0) this.hide();
    this.#paint(segments, [...before].filter((node) => !after.has(node)), UNLABELLED);
    this.#paint(segments, [...after].filter((node) => !before.has(node)), value);
    this.shown = { segments, nodes, value };
  }

  hide() {
    if (this.shown) this.#paint(this.shown.segments, this.shown.nodes, UNLABELLED);
    this.shown = null;
  }

  /** @param {Segments} segments @param {ArrayLike<number>} nodes @param {number} value */
  #paint(segments, nodes, value) {
    for (let i = 0; i < nodes.length; i++) segments.paint(this.map, nodes[i], value);
  }
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function sameNumbers(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
