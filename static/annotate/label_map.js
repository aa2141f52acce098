// @ts-check
/**
 * The label map: one class index a pixel, row by row, in tiles that know when they change; beside it where each came from.
 *
 * Every write goes through it, so that the painter, the history and the save each hear of the tiles they must look at
 * and of no others.
 */

import { pack, unpack, wordsOf } from "./runs.js";

/** Side of a tile in pixels: a brush of 40 touches 4 of them, a frame of 2048x1024 has 512. */
export const TILE = 64;

/** The value of a pixel that belongs to no class. */
export const UNLABELLED = 255;

/** Where a pixel's class came from: the numbers are the server's, `domain::Origin`. */
export const ORIGIN = Object.freeze({ model: 0, segment: 1, propagate: 2, hand: 3 });

/** @typedef {keyof typeof ORIGIN} Source */

/** Tiles that changed since they were last taken. */
class TileSet {
  /** @param {number} count tiles there are */
  constructor(count) {
    this.marked = new Uint8Array(count);
    /** @type {number[]} */
    this.list = [];
  }

  /** @param {number} tile */
  add(tile) {
    if (this.marked[tile]) return;
    this.marked[tile] = 1;
    this.list.push(tile);
  }

  /** @returns {number} tiles in it */
  get size() {
    return this.list.length;
  }

  /** @returns {number[]} the tiles, each once, in the order in which they changed first; the set is empty afterwards */
  take() {
    const taken = this.list;
    for (const tile of taken) this.marked[tile] = 0;
    this.list = [];
    return taken;
  }
}

export class LabelMap {
  /**
   * @param {number} width
   * @param {number} height
   * @param {Uint8Array} [pixels] `width * height` class indices row by row; taken, not copied
   * @param {Uint8Array} [origins] where each came from; taken too; the model's without it
   */
  constructor(width, height, pixels = new Uint8Array(width * height).fill(UNLABELLED), origins = new Uint8Array(width * height)) {
    for (const { length } of [pixels, origins]) {
      if (length === width * height) continue;
      throw new Error(`the mask has ${length} pixels where the frame of ${width}x${height} has ${width * height}`);
    }
    this.width = width;
    this.height = height;
    this.pixels = pixels;
    this.origins = origins;
    /** Where what is painted now comes from: set by the history for each stroke. */
    this.origin = ORIGIN.hand;
    this.columns = Math.ceil(width / TILE);
    this.rows = Math.ceil(height / TILE);
    /** Pixels of each value. */
    this.counts = new Uint32Array(256);
    for (const value of pixels) this.counts[value]++;
    /** 1 for each value that may be painted over: set by `PaintRules` for each stroke. */
    this.paintable = new Uint8Array(256).fill(1);
    /** Hears of a tile before it changes. @type {{ keep(tile: number): void } | null} */
    this.recorder = null;
    /** @type {TileSet[]} */
    this.watchers = [];
    /** Tiles as they were packed last, until they change: the history, the draft and the save want the same bytes. @type {(Uint8Array | undefined)[]} */
    this.packed = [];
  }

  get tileCount() {
    return this.columns * this.rows;
  }

  /** The share of pixels without a class, 0 to 1. */
  get unlabelledShare() {
    return this.counts[UNLABELLED] / this.pixels.length;
  }

  /** @returns {TileSet} hears of every tile that changes from now on */
  watch() {
    const set = new TileSet(this.tileCount);
    this.watchers.push(set);
    return set;
  }

  /** @param {number} x @param {number} y */
  contains(x, y) {
    return x >= 0 && y >= 0 && x < this.width && y < this.height;
  }

  /** @param {number} x @param {number} y @returns {number} its value; -1 outside */
  at(x, y) {
    return this.contains(x, y) ? this.pixels[y * this.width + x] : -1;
  }

  /**
   * Gives the pixels of row `y` from `from` up to but without `to` a value, as far as they lie inside and are paintable.
   *
   * @param {number} y
   * @param {number} from
   * @param {number} to
   * @param {number} value
   */
  span(y, from, to, value) {
    if (y < 0 || y >= this.height) return;
    const last = Math.min(to, this.width);
    const firstTile = Math.floor(y / TILE) * this.columns;
    for (let x = Math.max(from, 0); x < last; ) {
      const column = Math.floor(x / TILE);
      const end = Math.min(last, (column + 1) * TILE);
      this.#run(firstTile + column, y * this.width + x, y * this.width + end, value);
      x = end;
    }
  }

  /** @param {number} tile @returns {{ x: number, y: number, width: number, height: number }} its rectangle */
  bounds(tile) {
    const x = (tile % this.columns) * TILE;
    const y = Math.floor(tile / this.columns) * TILE;
    return { x, y, width: Math.min(TILE, this.width - x), height: Math.min(TILE, this.height - y) };
  }

  /** @param {number} tile @returns {Uint8Array} a copy of its pixels, row by row */
  readTile(tile) {
    return this.#copy(this.pixels, tile);
  }

  /** @param {number} tile @returns {Uint8Array} a copy of its origins, row by row */
  readOrigins(tile) {
    return this.#copy(this.origins, tile);
  }

  /** @param {number} tile @returns {Uint8Array} classes and origins in runs; it stays as it is */
  packTile(tile) {
    return (this.packed[tile] ??= pack(this.readTile(tile), this.readOrigins(tile)));
  }

  /** @param {number} tile @param {Uint8Array} runs as {@link packTile} gives them */
  unpackTile(tile, runs) {
    const { width, height } = this.bounds(tile);
    const [pixels, origins] = [new Uint8Array(width * height), new Uint8Array(width * height)];
    unpack(runs, pixels, origins);
    this.writeTile(tile, pixels, origins);
    this.packed[tile] = runs;
  }

  /** @param {number} tile @param {Uint8Array} bytes as {@link readTile} gives them; locks do not hold here @param {Uint8Array} origins */
  writeTile(tile, bytes, origins) {
    const { x, y, width, height } = this.bounds(tile);
    this.#touch(tile);
    for (let row = 0; row < height; row++) {
      const at = (y + row) * this.width + x;
      for (let column = 0; column < width; column++) {
        const from = row * width + column;
        const value = bytes[from];
        this.origins[at + column] = origins[from];
        if (this.pixels[at + column] === value) continue;
        this.counts[this.pixels[at + column]]--;
        this.counts[value]++;
        this.pixels[at + column] = value;
      }
    }
  }

  /**
   * Puts other pixels in the place of all; tiles that are the same stay untouched.
   *
   * @param {Uint8Array} pixels
   * @param {Uint8Array} [origins] without them, what changes comes from where the stroke does
   */
  replace(pixels, origins = this.#originsOf(pixels)) {
    const other = new LabelMap(this.width, this.height, pixels, origins);
    for (const tile of this.differences(other)) this.writeTile(tile, other.readTile(tile), other.readOrigins(tile));
  }

  /** @param {LabelMap} other of the same size @returns {number[]} tiles in which classes or origins differ */
  differences(other) {
    const tiles = Array.from({ length: this.tileCount }, (_, tile) => tile);
    return tiles.filter((tile) => !same(this.readTile(tile), other.readTile(tile)) || !same(this.readOrigins(tile), other.readOrigins(tile)));
  }

  /** @returns {LabelMap} of its own */
  clone() {
    return new LabelMap(this.width, this.height, this.pixels.slice(), this.origins.slice());
  }

  /** @param {Uint8Array} pixels @returns {Uint8Array} */
  #originsOf(pixels) {
    return this.origins.map((origin, at) => (pixels[at] === this.pixels[at] ? origin : this.origin));
  }

  /** @param {Uint8Array} plane @param {number} tile @returns {Uint8Array} */
  #copy(plane, tile) {
    const { x, y, width, height } = this.bounds(tile);
    const copy = new Uint8Array(width * height);
    const words = this.width % 4 === 0 && width % 4 === 0 ? wordsOf(plane) : null;
    if (words) {
      const to = /** @type {Uint32Array} */ (wordsOf(copy));
      const [stride, across] = [this.width / 4, width / 4];
      for (let row = 0, at = 0; row < height; row++) {
        const from = (y + row) * stride + x / 4;
        for (let column = 0; column < across; column++) to[at++] = words[from + column];
      }
      return copy;
    }
    for (let row = 0; row < height; row++) {
      const at = (y + row) * this.width + x;
      copy.set(plane.subarray(at, at + width), row * width);
    }
    return copy;
  }

  /** @param {number} tile @param {number} at @param {number} end @param {number} value */
  #run(tile, at, end, value) {
    const { pixels, origins, origin, counts, paintable } = this;
    // A brush held still must neither copy nor repaint its tile.
    while (at < end && (pixels[at] === value || !paintable[pixels[at]])) at++;
    if (at === end) return;
    this.#touch(tile);
    for (let next = at; at < end; at = next) {
      const old = pixels[at];
      while (next < end && pixels[next] === old) next++;
      if (old === value || !paintable[old]) continue;
      counts[old] -= next - at;
      counts[value] += next - at;
      // Most are short: a call of `fill` takes longer.
      for (let pixel = at; pixel < next; pixel++) {
        pixels[pixel] = value;
        origins[pixel] = origin;
      }
    }
  }

  /** @param {number} tile */
  #touch(tile) {
    this.recorder?.keep(tile);
    this.packed[tile] = undefined;
    for (const set of this.watchers) set.add(tile);
  }
}

/** @param {Uint8Array} a @param {Uint8Array} b @returns {boolean} whether all bytes agree */
export function same(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
