// @ts-check
/** What a mask is looked at for before it is submitted: gaps, specks, classes side by side that never are. */

import { Cells, FOUR } from "./cells.js";
import { findGaps } from "./gaps.js";
import { UNLABELLED } from "./label_map.js";
import { findRegions } from "./regions.js";
import { percentText } from "./words.js";

/** @typedef {import("./regions.js").Mask} Mask */
/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {{ unlabelled_percent: number, speck_pixels: number, never_touch: [string, string][] }} Checks the project's */
/** @typedef {{ text: string, bounds: Bounds }} Place */
/** @typedef {{ kind: "unlabelled" | "specks" | "touch", text: string, count: number, places: Place[] }} Finding
 *   `count` places in all, of which `places` are the first */

/** Places that are told of a finding. */
const SHOWN = 50;
/** Where forbidden neighbours lie in cells of so many pixels that touch, they are one place. */
const CELL = 32;

/**
 * @param {Mask} mask
 * @param {Checks} checks
 * @param {string[]} names of the classes
 * @returns {Finding[]} none: it may be submitted without a word
 */
export function check(mask, checks, names) {
  return [...unlabelled(mask, checks), ...specks(mask, checks, names), ...touching(mask, checks, names)];
}

/** @param {Mask} mask @param {Checks} checks @returns {Finding[]} */
function unlabelled(mask, { unlabelled_percent: limit }) {
  let none = 0;
  for (const value of mask.pixels) if (value === UNLABELLED) none++;
  const percent = (100 * none) / mask.pixels.length;
  if (percent <= limit) return [];
  const gaps = findGaps(mask);
  const places = gaps.slice(0, SHOWN).map((gap) => ({ text: `${number(gap.size)} pixels`, bounds: boundsOf(gap) }));
  return [{ kind: "unlabelled", text: `${percentText(percent)} is unlabelled; this project allows ${limit} %`, count: gaps.length, places }];
}

/** @param {Mask} mask @param {Checks} checks @param {string[]} names @returns {Finding[]} */
function specks(mask, { speck_pixels: least }, names) {
  const small = findSpecks(mask, least);
  if (small.length === 0) return [];
  const places = small.slice(0, SHOWN).map((one) => ({ text: `${names[one.value] ?? "unlabelled"}, ${count(one.size, "pixel")}`, bounds: boundsOf(one) }));
  return [{ kind: "specks", text: `${count(small.length, "speck")} of less than ${least} pixels`, count: small.length, places }];
}

/** @param {Mask} mask @param {number} least pixels that are no speck */
function findSpecks(mask, least) {
  return least > 1 ? findRegions(mask, { most: least - 1 }) : [];
}

/**
 * What the specks of a mask become when each takes the class that most of its rim has.
 *
 * @param {Mask} mask
 * @param {number} least
 * @returns {{ runs: [number, number][], value: number }[]}
 */
export function absorbed(mask, least) {
  const { pixels, width, height } = mask;
  return findSpecks(mask, least).map(({ runs, value }) => {
    const rim = new Uint32Array(256);
    const see = (/** @type {number} */ at) => pixels[at] !== value && rim[pixels[at]]++;
    for (const [from, to] of runs) {
      if (from % width > 0) see(from - 1);
      if (to % width > 0) see(to);
      for (let at = from; at < to; at++) {
        if (at >= width) see(at - width);
        if (at + width < width * height) see(at + width);
      }
    }
    return { runs, value: rim.indexOf(Math.max(...rim)) };
  });
}

/** @param {Mask} mask @param {Checks} checks @param {string[]} names @returns {Finding[]} */
function touching({ pixels, width, height }, { never_touch: pairs }, names) {
  const indices = pairs.map((pair) => pair.map((name) => names.indexOf(name)));
  const known = indices.filter(([a, b]) => a >= 0 && b >= 0);
  if (known.length === 0) return [];
  /** The number of the pair, from 1, for two values side by side. */
  const table = new Uint8Array(256 * 256);
  known.slice(0, 255).forEach(([a, b], index) => (table[a * 256 + b] = table[b * 256 + a] = index + 1));
  /** Where each pair lies. */
  const cells = known.map(() => new Cells({ width, height }, CELL));
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const value = pixels[at] * 256;
      if (x + 1 < width && table[value + pixels[at + 1]]) cells[table[value + pixels[at + 1]] - 1].add(x, y);
      if (y + 1 < height && table[value + pixels[at + width]]) cells[table[value + pixels[at + width]] - 1].add(x, y);
    }
  }
  return known.flatMap(([a, b], index) => {
    const found = cells[index].clusters(FOUR);
    if (found.length === 0) return [];
    const places = found.slice(0, SHOWN).map((one) => ({ text: `along ${count(one.size, "pixel")}`, bounds: boundsOf(one) }));
    return [{ kind: /** @type {const} */ ("touch"), text: `${names[a]} beside ${names[b]}, which never are here`, count: found.length, places }];
  });
}

/** @param {Bounds} bounds @returns {Bounds} */
function boundsOf({ left, top, right, bottom }) {
  return { left, top, right, bottom };
}

/** @param {number} many @param {string} what */
function count(many, what) {
  return `${number(many)} ${what}${many === 1 ? "" : "s"}`;
}

/** @param {number} value */
function number(value) {
  return value.toLocaleString("en");
}
