// @ts-check
/** A look at a mask outside of the stage: the picture, its labels over it, of the whole frame or a part. */

import { colorTable } from "./palette.js";

/** @typedef {import("./label_map.js").LabelMap} LabelMap */
/** @typedef {import("./geometry.js").Bounds} Bounds */

/** How strong labels are here, 0 to 1. */
const STRENGTH = 0.6;

export class Preview {
  /**
   * @param {CanvasImageSource} picture of the frame's size
   * @param {import("./palette.js").PaletteClass[]} palette
   * @param {import("./light.js").Light} light
   */
  constructor(picture, palette, light) {
    this.picture = picture;
    this.light = light;
    this.colors = colorTable(palette);
  }

  /**
   * @param {HTMLCanvasElement} canvas keeps its size
   * @param {{ pixels: Uint8Array, width: number, height: number }} mask
   * @param {Bounds} [part] of the frame; all of it without
   */
  paint(canvas, mask, part = { left: 0, top: 0, right: mask.width, bottom: mask.height }) {
    const [width, height] = [part.right - part.left, part.bottom - part.top];
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.globalAlpha = 1;
    context.imageSmoothingEnabled = true;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.filter = this.light.filter;
    context.drawImage(this.picture, part.left, part.top, width, height, 0, 0, canvas.width, canvas.height);
    context.filter = "none";
    context.globalAlpha = STRENGTH;
    context.imageSmoothingEnabled = width > canvas.width;
    context.drawImage(this.#labels(mask, part), 0, 0, canvas.width, canvas.height);
    context.globalAlpha = 1;
  }

  /** @param {{ pixels: Uint8Array, width: number }} mask @param {Bounds} part @returns {OffscreenCanvas} */
  #labels({ pixels, width: stride }, { left, top, right, bottom }) {
    const [width, height] = [right - left, bottom - top];
    const canvas = new OffscreenCanvas(width, height);
    const image = new ImageData(width, height);
    const to = new Uint32Array(image.data.buffer);
    for (let y = 0; y < height; y++) {
      const from = (top + y) * stride + left;
      for (let x = 0; x < width; x++) to[y * width + x] = this.colors[pixels[from + x]];
    }
    /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(image, 0, 0);
    return canvas;
  }
}

/**
 * The part of a frame that shows something with room around it, in the shape of a canvas.
 *
 * @param {Bounds} what
 * @param {{ width: number, height: number }} frame
 * @param {number} shape width by height
 * @returns {Bounds}
 */
export function around({ left, top, right, bottom }, frame, shape) {
  const least = 96;
  const tall = Math.max(least, (bottom - top) * 1.6, ((right - left) * 1.6) / shape);
  const height = Math.round(Math.min(frame.height, tall, frame.width / shape));
  const width = Math.round(Math.min(frame.width, height * shape));
  const place = (/** @type {number} */ middle, /** @type {number} */ length, /** @type {number} */ room) =>
    Math.round(Math.min(room - length, Math.max(0, middle - length / 2)));
  const x = place((left + right) / 2, width, frame.width);
  const y = place((top + bottom) / 2, height, frame.height);
  return { left: x, top: y, right: x + width, bottom: y + height };
}
