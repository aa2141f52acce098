// @ts-check
/** Patterns for those who cannot tell some colours apart: each class has one beside its colour. */

import { packed } from "./palette.js";

/** @typedef {import("./palette.js").PaletteClass} PaletteClass */

/** Side of a pattern in pixels; it repeats. */
export const CELL = 16;

/**
 * What is marked at a place of the cell; the first leaves the colour plain. Stripes are half a cell wide, so that they
 * are still seen where a frame is shown at a third of its size.
 *
 * @type {((x: number, y: number) => boolean)[]}
 */
const MARKS = [
  () => false,
  (x, y) => ((x + y) & 15) < 6,
  (x, y) => ((x - y) & 15) < 6,
  (_, y) => (y & 15) < 6,
  (x) => (x & 15) < 6,
  (x, y) => (x - 7.5) ** 2 + (y - 7.5) ** 2 < 20,
  (x, y) => (x & 8) !== (y & 8),
  (x, y) => (x & 15) < 4 || (y & 15) < 4,
  (x, y) => (x & 7) < 3 && (y & 7) < 3,
  (x, y) => ((x + y) & 15) < 4 || ((x - y) & 15) < 4,
];

/**
 * Neighbours in the list of classes get different patterns; the second ten have those of the first, at half their size.
 *
 * @param {number} index of a class
 * @param {number} x
 * @param {number} y
 * @returns {boolean} whether it is marked there
 */
export function marked(index, x, y) {
  const fine = Math.floor(index / MARKS.length) % 2;
  // The plain one has no half size.
  if (fine && index % MARKS.length === 0) return (x & 7) < 2 && (y & 7) < 2;
  return MARKS[index % MARKS.length]((x << fine) & (CELL - 1), (y << fine) & (CELL - 1));
}

/**
 * Colours for every value at every place of the cell.
 *
 * @param {PaletteClass[]} palette
 * @returns {Uint32Array} at `(value << 8) | (y << 4) | x`
 */
export function patternTable(palette) {
  const table = new Uint32Array(256 * CELL * CELL);
  for (const { index, color } of palette) {
    const [plain, mark] = [packed(color, 255), packed(markOf(color), 255)];
    for (let y = 0; y < CELL; y++) {
      for (let x = 0; x < CELL; x++) table[(index << 8) | (y << 4) | x] = marked(index, x, y) ? mark : plain;
    }
  }
  return table;
}

/** @param {[number, number, number]} color @returns {[number, number, number]} far from it in lightness */
function markOf([red, green, blue]) {
  const light = 0.299 * red + 0.587 * green + 0.114 * blue;
  return light > 110 ? [red * 0.25, green * 0.25, blue * 0.25] : [255 - (255 - red) * 0.3, 255 - (255 - green) * 0.3, 255 - (255 - blue) * 0.3];
}

/** @param {PaletteClass} one @returns {HTMLImageElement} as big as a swatch; a canvas would be copied with each frame */
export function swatchOf(one) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = CELL;
  const pixels = new ImageData(CELL, CELL);
  new Uint32Array(pixels.data.buffer).set(patternTable([one]).subarray(one.index << 8, (one.index + 1) << 8));
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(pixels, 0, 0);
  const image = new Image(CELL, CELL);
  image.src = canvas.toDataURL();
  image.alt = "";
  return image;
}
