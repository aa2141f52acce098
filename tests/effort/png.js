// @ts-check
/** Gray PNG files, such as masks and label ids, without a package. */

import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";

/** @param {string} path of an 8-bit gray or palette PNG, not interlaced @returns {{ width: number, height: number, pixels: Uint8Array }} */
export function readGray(path) {
  const file = readFileSync(path);
  const [width, height, depth, color] = [file.readUInt32BE(16), file.readUInt32BE(20), file[24], file[25]];
  if (depth !== 8 || (color !== 0 && color !== 3) || file[28] !== 0) throw new Error(`${path} is no plain 8-bit gray PNG`);
  const parts = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return { width, height, pixels: unfilter(inflateSync(Buffer.concat(parts)), width, height) };
}

/** @param {Uint8Array} rows each after a byte that names its filter (PNG, section 9) @param {number} width @param {number} height */
function unfilter(rows, width, height) {
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (width + 1)];
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const left = x ? pixels[at - 1] : 0;
      const up = y ? pixels[at - width] : 0;
      const corner = x && y ? pixels[at - width - 1] : 0;
      pixels[at] = rows[y * (width + 1) + 1 + x] + [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
    }
  }
  return pixels;
}

/** @param {number} left @param {number} up @param {number} corner */
function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
