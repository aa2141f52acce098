// @ts-check
/**
 * What is seen: canvases of the frame's own size, one above the other, moved and scaled by one CSS transform.
 *
 * Zoom and pan repaint nothing, a stroke repaints the tiles that it touched, opacity is the compositor's.
 */

import { TILE, UNLABELLED } from "./label_map.js";
import { colorTable, packed } from "./palette.js";

/** @typedef {import("./label_map.js").LabelMap} LabelMap */
/** @typedef {import("./palette.js").PaletteClass} PaletteClass */

/** Pixels without a class: stripes that no frame has. */
const STRIPES = [packed([255, 0, 170], 235), packed([20, 0, 20], 200)];

export class Painter {
  /**
   * @param {HTMLElement} frame the element that holds the canvases and takes the transform
   * @param {LabelMap} map
   * @param {PaletteClass[]} palette
   */
  constructor(frame, map, palette) {
    this.frame = frame;
    this.map = map;
    this.colors = colorTable(palette);
    this.dirty = map.watch();
    this.gapsShown = false;
    this.layers = {
      picture: layer(frame, "picture", map),
      doubt: layer(frame, "doubt", map),
      labels: layer(frame, "labels", map),
      gaps: layer(frame, "gaps", map),
    };
    this.#paintAll(this.layers.labels, (value) => this.colors[value]);
  }

  /** @param {ImageBitmap} picture */
  showPicture(picture) {
    this.layers.picture.drawImage(picture, 0, 0, this.map.width, this.map.height);
  }

  /** @param {ImageBitmap} doubt grey: 0 is sure, 255 as unsure as can be */
  showDoubt(doubt) {
    const { doubt: context } = this.layers;
    context.drawImage(doubt, 0, 0, this.map.width, this.map.height);
    const data = context.getImageData(0, 0, this.map.width, this.map.height);
    const pixels = new Uint32Array(data.data.buffer);
    for (let i = 0; i < pixels.length; i++) {
      const grey = pixels[i] & 255;
      pixels[i] = packed([255, 190 - ((grey * 150) >> 8), 40], grey);
    }
    context.putImageData(data, 0, 0);
  }

  /** @param {boolean} shown */
  showGaps(shown) {
    this.gapsShown = shown;
    this.frame.classList.toggle("with-gaps", shown);
    if (shown) this.#paintAll(this.layers.gaps, gapAt);
  }

  /** Paints what changed since the last time. @returns {number} tiles */
  paint() {
    const tiles = this.dirty.take();
    for (const tile of tiles) {
      this.#paintTile(this.layers.labels, tile, (value) => this.colors[value]);
      if (this.gapsShown) this.#paintTile(this.layers.gaps, tile, gapAt);
    }
    return tiles.length;
  }

  /** @param {CanvasRenderingContext2D} context @param {(value: number, x: number, y: number) => number} color */
  #paintAll(context, color) {
    for (let tile = 0; tile < this.map.tileCount; tile++) this.#paintTile(context, tile, color);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} tile
   * @param {(value: number, x: number, y: number) => number} color
   */
  #paintTile(context, tile, color) {
    const { x, y, width, height } = this.map.bounds(tile);
    const { pixels, width: stride } = this.map;
    for (let row = 0; row < height; row++) {
      const at = (y + row) * stride + x;
      for (let column = 0; column < width; column++) scratch[row * TILE + column] = color(pixels[at + column], column, row);
    }
    context.putImageData(scratchImage, x, y, 0, 0, width, height);
  }
}

/** @param {number} value @param {number} x @param {number} y @returns {number} */
function gapAt(value, x, y) {
  return value === UNLABELLED ? STRIPES[((x + y) >> 2) & 1] : 0;
}

const scratchImage = new ImageData(TILE, TILE);
const scratch = new Uint32Array(scratchImage.data.buffer);

/** @param {HTMLElement} frame @param {string} name @param {LabelMap} map @returns {CanvasRenderingContext2D} */
function layer(frame, name, map) {
  const canvas = document.createElement("canvas");
  canvas.className = `layer ${name}`;
  canvas.width = map.width;
  canvas.height = map.height;
  frame.append(canvas);
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}
