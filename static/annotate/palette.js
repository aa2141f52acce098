// @ts-check
/** The classes as a person meets them: name, colour, key. */

import { UNLABELLED } from "./label_map.js";

/** @typedef {{ index: number, name: string, color: [number, number, number], key: string }} PaletteClass */

const ROWS = [..."1234567890qwertyuiop"];
/** Digits, then the row of letters below them: 19 classes under the left hand and its neighbour; then both with Shift. */
const CLASS_KEYS = [...ROWS, ...ROWS.map((key) => `shift+${key}`)];

/** @param {{ name: string, color: [number, number, number] }[]} classes @returns {PaletteClass[]} */
export function paletteOf(classes) {
  return classes.map(({ name, color }, index) => ({ index, name, color, key: "" }));
}

/** @param {number} count classes @param {Set<string>} held keys that do something else @returns {string[]} the key of each at first; empty for those beyond */
export function firstKeys(count, held) {
  const free = CLASS_KEYS.filter((key) => !held.has(key));
  return Array.from({ length: count }, (_, index) => free[index] ?? "");
}

/**
 * Colours as `putImageData` wants them, for every value a pixel may have.
 *
 * @param {PaletteClass[]} palette
 * @returns {Uint32Array} 256 of ABGR on a little-endian machine; what is no class is transparent
 */
export function colorTable(palette) {
  const table = new Uint32Array(256);
  for (const { index, color } of palette) table[index] = packed(color, 255);
  table[UNLABELLED] = 0;
  return table;
}

/** @param {[number, number, number]} color @param {number} alpha 0 to 255 @returns {number} */
export function packed([red, green, blue], alpha) {
  // Every machine that runs a browser today is little-endian.
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
