// @ts-check
/**
 * What is seen: canvases of the frame's own size, one above the other, moved and scaled by one CSS transform.
 *
 * Zoom and pan repaint nothing, a stroke repaints the tiles that it touched, opacity is the compositor's. What is painted
 * once is a bitmap that the canvas shows: without a graphics card the browser copies every canvas that can be drawn on
 * whole, with each frame in which any of them changed.
 */

import { markEdges, withNeighbours } from "./edges.js";
import { Ghost } from "./ghost.js";
import { TILE, UNLABELLED } from "./label_map.js";
import { colorTable, packed } from "./palette.js";
import { patternTable } from "./patterns.js";

/** @typedef {import("./label_map.js").LabelMap} LabelMap */
/** @typedef {import("./palette.js").PaletteClass} PaletteClass */

/** Of a screen frame, for painting, in milliseconds. */
const SLICE = 8;

/** Pixels without a class: stripes that no frame has. */
const STRIPES = [packed([255, 0, 170], 235), packed([20, 0, 20], 200)];

/** Around what is shown but not painted yet. */
const RIM = packed([255, 255, 255], 255);

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
    const colors = this.colors.slice();
    const clear = this.colors.map((color) => color & 0x9fffffff);
    this.looks = { labels: [colors, colors], ghost: [clear, clear], gaps: STRIPES.map((stripe) => new Uint32Array(256).fill(stripe, UNLABELLED)) };
    this.dirty = map.watch();
    this.ghost = new Ghost(map.width, map.height);
    this.ghostly = this.ghost.map.watch();
    /** Tiles that are to be painted. @type {{ labels: Set<number>, gaps: Set<number>, ghost: Set<number> }} */
    this.waiting = { labels: new Set(), gaps: new Set(), ghost: new Set() };
    this.gapsShown = false;
    this.outlined = false;
    this.patterned = false;
    /** Made when first wanted. @type {Uint32Array | null} */
    this.patterns = null;
    this.palette = palette;
    /** Classes whose labels are not shown. @type {Set<number>} */
    this.hidden = new Set();
    this.picture = layer(frame, "picture", map);
    this.doubt = layer(frame, "doubt", map);
    this.layers = {
      labels: drawable(layer(frame, "labels", map)),
      gaps: drawable(layer(frame, "gaps", map)),
      ghost: drawable(layer(frame, "ghost", map)),
    };
    this.#paintAll("labels");
  }

  /** @param {ImageBitmap} picture of the frame's size; it is taken */
  showPicture(picture) {
    show(this.picture, picture);
  }

  /** @param {ImageBitmap} doubt coloured; it is taken */
  showDoubt(doubt) {
    show(this.doubt, doubt);
  }

  /** @param {boolean} shown */
  showGaps(shown) {
    this.gapsShown = shown;
    this.frame.classList.toggle("with-gaps", shown);
    if (shown) this.#paintAll("gaps");
  }

  /** @param {boolean} outlined whether labels are shown by their edges only */
  showOutlines(outlined) {
    this.outlined = outlined;
    this.frame.classList.toggle("outlined", outlined);
    this.#paintAll("labels");
  }

  /** @param {boolean} patterned whether each class has its pattern */
  showPatterns(patterned) {
    this.patterned = patterned;
    this.#recolor();
  }

  /** @param {number} index of a class @returns {boolean} whether it is hidden now */
  toggleHidden(index) {
    if (!this.hidden.delete(index)) this.hidden.add(index);
    this.#recolor();
    return this.hidden.has(index);
  }

  showAll() {
    this.hidden.clear();
    this.#recolor();
  }

  #recolor() {
    const [colors] = this.looks.labels;
    colors.set(this.colors);
    for (const index of this.hidden) colors[index] = 0;
    if (this.patterned) this.patterns = patternTable(this.palette.filter(({ index }) => !this.hidden.has(index)));
    this.#paintAll("labels");
  }

  /**
   * Paints what changed since the last time, as far as it gets in {@link SLICE}: a fill of the whole sky takes some frames.
   *
   * @returns {boolean} whether there is more to paint
   */
  paint() {
    const tiles = this.dirty.take();
    for (const tile of this.outlined ? withNeighbours(this.map, tiles) : tiles) this.waiting.labels.add(tile);
    if (this.gapsShown) for (const tile of tiles) this.waiting.gaps.add(tile);
    for (const tile of withNeighbours(this.map, this.ghostly.take())) this.waiting.ghost.add(tile);
    const end = performance.now() + SLICE;
    for (const layer of /** @type {const} */ (["labels", "gaps", "ghost"])) {
      for (const tile of this.waiting[layer]) {
        this.waiting[layer].delete(tile);
        this.#paintTile(layer, tile);
        if (performance.now() > end) return true;
      }
    }
    const { canvas } = this.layers.ghost;
    const idle = this.ghost.shown === null;
    if (canvas.hidden !== idle) canvas.hidden = idle;
    return false;
  }

  /** @param {"labels" | "gaps"} layer */
  #paintAll(layer) {
    for (let tile = 0; tile < this.map.tileCount; tile++) this.waiting[layer].add(tile);
  }

  /** @param {"labels" | "gaps" | "ghost"} layer @param {number} tile */
  #paintTile(layer, tile) {
    const map = layer === "ghost" ? this.ghost.map : this.map;
    const { x, y, width, height } = map.bounds(tile);
    const { pixels, width: stride } = map;
    const [even, odd] = this.looks[layer];
    const outlined = this.outlined && layer === "labels";
    const rimmed = layer === "ghost";
    const patterns = this.patterned && layer === "labels" ? this.patterns : null;
    if (outlined || rimmed) markEdges(map, tile, marks);
    for (let row = 0; row < height; row++) {
      const at = (y + row) * stride + x;
      const to = row * TILE;
      // Diagonal stripes, four pixels wide; for labels both are the same table.
      for (let column = 0; column < width; column++) {
        const edge = marks[row * width + column];
        if (outlined && !edge) scratch[to + column] = 0;
        else if (rimmed && edge && pixels[at + column] !== UNLABELLED) scratch[to + column] = RIM;
        else if (patterns) scratch[to + column] = patterns[(pixels[at + column] << 8) | ((row & 15) << 4) | (column & 15)];
        else scratch[to + column] = ((column + row) & 4 ? odd : even)[pixels[at + column]];
      }
    }
    this.layers[layer].putImageData(scratchImage, x, y, 0, 0, width, height);
  }
}

const scratchImage = new ImageData(TILE, TILE);
const scratch = new Uint32Array(scratchImage.data.buffer);
const marks = new Uint8Array(TILE * TILE);

/** @param {HTMLElement} frame @param {string} name @param {LabelMap} map @returns {HTMLCanvasElement} */
function layer(frame, name, map) {
  const canvas = document.createElement("canvas");
  canvas.className = `layer ${name}`;
  canvas.width = map.width;
  canvas.height = map.height;
  frame.append(canvas);
  return canvas;
}

/** @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
function drawable(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/** @param {HTMLCanvasElement} canvas @param {ImageBitmap} bitmap */
function show(canvas, bitmap) {
  canvas.getContext("bitmaprenderer")?.transferFromImageBitmap(bitmap);
}
