// @ts-check
/** The other thread of `Looker`. */

import { absorbed, check } from "./checks.js";
import { findGaps } from "./gaps.js";
import { packed } from "./palette.js";
import { Segments } from "./segments.js";

/** @typedef {import("./regions.js").Mask} Mask */
/** @typedef {{ what: "gaps", mask: Mask } | { what: "absorbed", mask: Mask, least: number }
 *   | { what: "check", mask: Mask, checks: import("./checks.js").Checks, names: string[] }
 *   | { what: "segments", file: ArrayBuffer } | { what: "doubt", grey: ImageBitmap, width: number, height: number }} Question */

addEventListener("message", ({ data: { id, question } }) => {
  const { answer, taken = [] } = answerTo(question);
  postMessage({ id, answer }, { transfer: taken });
});

/** @param {Question} question @returns {{ answer: any, taken?: Transferable[] }} */
function answerTo(question) {
  if (question.what === "gaps") return { answer: findGaps(question.mask) };
  if (question.what === "absorbed") return { answer: absorbed(question.mask, question.least) };
  if (question.what === "check") return { answer: check(question.mask, question.checks, question.names) };
  if (question.what === "doubt") return colorDoubt(question);
  const segments = Segments.parse(question.file);
  return { answer: segments, taken: segments.buffers };
}

/** Amber where the model is unsure, the stronger the less sure. @param {{ grey: ImageBitmap, width: number, height: number }} doubt */
function colorDoubt({ grey: bitmap, width, height }) {
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(bitmap, 0, 0, width, height);
  const data = context.getImageData(0, 0, width, height);
  const pixels = new Uint32Array(data.data.buffer);
  const greys = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) {
    const grey = (greys[i] = pixels[i] & 255);
    pixels[i] = packed([255, 190 - ((grey * 150) >> 8), 40], grey);
  }
  context.putImageData(data, 0, 0);
  const colored = canvas.transferToImageBitmap();
  return { answer: { greys, colored }, taken: [greys.buffer, colored] };
}
