// @ts-check
/** The classes as a person meets them: name, colour, key. */

import { UNLABELLED } from "./label_map.js";

/** @typedef {{ index: number, name: string, color: [number, number, number], key: string }} PaletteClass */

/** Digits, then the row of letters below them: 19 classes under the left hand and its neighbour. */
const CLASS_KEYS = [..."1234567890qwertyuiop"];

/** @param {{ name: string, color: [number, number, number] }[]} classes @returns {PaletteClass[]} */
export function paletteOf(classes) {
  return classes.map(({ name, color }, index) => ({ index, name, color, key: firstKeyOf(index) }));
}

/** @param {number} index @returns {string} the class's key at first; the second twenty with shift; none beyond */
function firstKeyOf(index) {
  const key = CLASS_KEYS[index % CLASS_KEYS.length];
  if (index < CLASS_KEYS.length) return key;
  return index < 2 * CLASS_KEYS.length ? `shift+${key}` : "";
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
