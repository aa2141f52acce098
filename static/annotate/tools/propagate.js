// @ts-check
/**
 * Propagate: from a scribble of a class, the region around it that looks like it.
 *
 * Superpixels are taken in one after another, always the most alike that touches what is taken already. How unlike the
 * worst of them may be is the extent. What was scribbled on to trim, and what the person has given another class before,
 * is left alone, and keeps off all that looks more like it.
 */

import { Heap } from "../heap.js";
import { ORIGIN, UNLABELLED } from "../label_map.js";
import { crossed } from "./segment.js";

/** @typedef {import("../segments.js").Segments} Segments */
/** @typedef {import("../geometry.js").Point} Point */

/** How unlike superpixels may be, as squared distances of their vectors, each extent half as much again as the last. */
export const EXTENTS = Array.from({ length: 10 }, (_, index) => 200 * 1.5 ** index);
/** The extent to begin with. */
export const FIRST_EXTENT = 4;
/** Superpixels of a scribble that are compared with: more look no different. */
const EXAMPLES = 48;
/** Of other classes. */
const COUNTEREXAMPLES = 96;

export class Spread {
  #value;

  /**
   * @param {Segments} segments
   * @param {number} value the class
   * @param {Map<number, number>} known the class of superpixels that the person has given one
   */
  constructor(segments, value, known = new Map()) {
    this.segments = segments;
    this.known = known;
    this.extent = FIRST_EXTENT;
    /** Whether scribbles trim from now on: a finger has neither a right button nor Alt. */
    this.trims = false;
    /** @type {Set<number>} */
    this.seeds = new Set();
    /** @type {Set<number>} */
    this.trimmed = new Set();
    /** Superpixels in the order in which they are taken in, and the extent that each needs. @type {{ order: number[], needs: number[] } | null} */
    this.grown = null;
    this.#value = value;
  }

  get value() {
    return this.#value;
  }

  /** Another class: others keep off. */
  set value(value) {
    this.#value = value;
    this.grown = null;
  }

  /** What was scribbled so far. */
  get marks() {
    return { seeds: new Set(this.seeds), trimmed: new Set(this.trimmed) };
  }

  set marks({ seeds, trimmed }) {
    Object.assign(this, { seeds, trimmed, grown: null });
  }

  /** @param {Point} a @param {Point} b @param {boolean} trim whether the scribble says where it is not */
  scribble(a, b, trim) {
    crossed(this.segments, 0, a, b, (superpixel) => {
      (trim ? this.trimmed : this.seeds).add(superpixel);
      (trim ? this.seeds : this.trimmed).delete(superpixel);
    });
    this.grown = null;
  }

  /** @returns {number[]} the superpixels that are filled at this extent */
  get region() {
    this.grown ??= this.grow();
    const { order, needs } = this.grown;
    const end = needs.findIndex((need) => need > EXTENTS[this.extent]);
    return end < 0 ? order : order.slice(0, end);
  }

  /** @returns {{ order: number[], needs: number[] }} up to the largest extent */
  grow() {
    const { segments } = this;
    const { from, beside } = segments.neighbours;
    const examples = sample([...this.seeds], EXAMPLES);
    const others = [...this.known].filter(([, value]) => value !== this.value).map(([superpixel]) => superpixel);
    const counterexamples = [...this.trimmed, ...sample(others, COUNTEREXAMPLES)];
    const met = new Uint8Array(segments.count);
    const heap = new Heap();
    /** @param {number} superpixel */
    const meet = (superpixel) => {
      if (met[superpixel]) return;
      met[superpixel] = 1;
      if (this.trimmed.has(superpixel) || this.#isAnothers(superpixel)) return;
      const near = this.seeds.has(superpixel) ? 0 : nearest(segments, superpixel, examples);
      if (near > EXTENTS[EXTENTS.length - 1]) return;
      if (near > 0 && nearest(segments, superpixel, counterexamples) < near) return;
      heap.push(near, superpixel);
    };
    this.seeds.forEach(meet);
    const order = [];
    const needs = [];
    let worst = 0;
    while (heap.size) {
      const { key, item } = heap.pop();
      worst = Math.max(worst, key);
      order.push(item);
      needs.push(worst);
      for (let at = from[item]; at < from[item + 1]; at++) meet(beside[at]);
    }
    return { order, needs };
  }

  /** Whether the person has given it another class, and did not scribble on it. @param {number} superpixel */
  #isAnothers(superpixel) {
    return !this.seeds.has(superpixel) && (this.known.get(superpixel) ?? this.value) !== this.value;
  }
}

/** @param {Segments} segments @param {number} superpixel @param {number[]} examples @returns {number} squared distance to the most alike */
function nearest({ vectors, d }, superpixel, examples) {
  let least = Infinity;
  const a = superpixel * d;
  for (const example of examples) {
    const b = example * d;
    let sum = 0;
    for (let i = 0; i < d && sum < least; i++) sum += (vectors[a + i] - vectors[b + i]) ** 2;
    if (sum < least) least = sum;
  }
  return least;
}

/** @template T @param {T[]} items @param {number} most @returns {T[]} evenly chosen */
function sample(items, most) {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, index) => items[Math.floor((index * items.length) / most)]);
}

/**
 * Superpixels that have a class, and not the model's any more: the person has looked at them. What was erased has none yet.
 *
 * @param {Segments} segments @param {import("../label_map.js").LabelMap} map @returns {Map<number, number>}
 */
export function givenClasses(segments, { pixels, origins }) {
  const known = new Map();
  const { runFrom, runRows, runLefts, runRights, width } = segments;
  for (let superpixel = 0; superpixel < segments.count; superpixel++) {
    const run = (runFrom[superpixel] + runFrom[superpixel + 1]) >> 1;
    const at = runRows[run] * width + ((runLefts[run] + runRights[run]) >> 1);
    if (origins[at] !== ORIGIN.model && pixels[at] !== UNLABELLED) known.set(superpixel, pixels[at]);
  }
  return known;
}
