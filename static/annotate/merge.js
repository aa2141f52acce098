// @ts-check
/**
 * Two masks drawn on one: where they differ, region by region, and one mask of what is chosen.
 *
 * A region is joined within a few pixels and is of one kind: drawn by me alone, by them alone, or by both. So choosing
 * mine in one never takes away a stroke of theirs that lies elsewhere, and the first proposal keeps every stroke that
 * only one of the two drew.
 */

/** @typedef {import("./label_map.js").LabelMap} LabelMap */
/** @typedef {"mine" | "theirs"} Side */
/** @typedef {Side | "both"} Kind who changed it since the version that both were drawn on */
/** @typedef {{ kind: Kind, choice: Side, size: number, cells: number[], left: number, top: number, right: number, bottom: number }} Region
 *   `size` in pixels that differ; the bounds without `right` and `bottom` */

/** Pixels that differ belong together where their cells of so many pixels touch. */
const CELL = 8;

/** @type {Kind[]} */
const KINDS = ["both", "theirs", "mine"];

export class Merge {
  /** @param {LabelMap} mine @param {LabelMap} theirs @param {LabelMap} base that both were drawn on */
  constructor(mine, theirs, base) {
    this.mine = mine;
    this.theirs = theirs;
    this.base = base;
    this.columns = Math.ceil(mine.width / CELL);
    this.rows = Math.ceil(mine.height / CELL);
    const cells = this.#cells();
    /** What both drew first, then theirs, then mine; the largest of each first. @type {Region[]} */
    this.regions = KINDS.flatMap((kind) => this.#join(cells[kind], kind).sort((a, b) => b.size - a.size || a.cells[0] - b.cells[0]));
  }

  /** Whether they drew anything that mine has not: else there is nothing to choose. */
  get hasTheirs() {
    return this.regions.some(({ kind }) => kind !== "mine");
  }

  /** @returns {{ pixels: Uint8Array, origins: Uint8Array }} mine, with theirs where it is chosen */
  result() {
    const [pixels, origins] = [this.mine.pixels.slice(), this.mine.origins.slice()];
    for (const region of this.regions) {
      if (region.choice === "mine") continue;
      this.each(region, (at) => {
        pixels[at] = this.theirs.pixels[at];
        origins[at] = this.theirs.origins[at];
      });
    }
    return { pixels, origins };
  }

  /** @param {Region} region @param {(at: number, x: number, y: number) => void} see called for each pixel that differs in it */
  each({ cells, kind }, see) {
    const { width, height } = this.mine;
    for (const cell of cells) {
      const left = (cell % this.columns) * CELL;
      const top = Math.floor(cell / this.columns) * CELL;
      for (let y = top; y < Math.min(top + CELL, height); y++) {
        for (let x = left; x < Math.min(left + CELL, width); x++) {
          const at = y * width + x;
          if (this.#kindAt(at) === kind) see(at, x, y);
        }
      }
    }
  }

  /** @param {number} at @returns {Kind | null} `null`: no difference */
  #kindAt(at) {
    const [mine, theirs, base] = [this.mine.pixels[at], this.theirs.pixels[at], this.base.pixels[at]];
    if (mine === theirs) return null;
    return theirs === base ? "mine" : mine === base ? "theirs" : "both";
  }

  /** @returns {Record<Kind, Map<number, number>>} cells with differences of a kind, and how many pixels */
  #cells() {
    /** @type {Record<Kind, Map<number, number>>} */
    const cells = { mine: new Map(), theirs: new Map(), both: new Map() };
    const { pixels, width } = this.mine;
    const other = this.theirs.pixels;
    for (let at = 0; at < pixels.length; at++) {
      if (pixels[at] === other[at]) continue;
      const of = cells[/** @type {Kind} */ (this.#kindAt(at))];
      const y = Math.floor(at / width);
      const cell = Math.floor(y / CELL) * this.columns + Math.floor((at - y * width) / CELL);
      of.set(cell, (of.get(cell) ?? 0) + 1);
    }
    return cells;
  }

  /** @param {Map<number, number>} sizes @param {Kind} kind @returns {Region[]} */
  #join(sizes, kind) {
    const { columns, rows } = this;
    const { width, height } = this.mine;
    const left = new Set([...sizes.keys()].sort((a, b) => a - b));
    /** @type {Region[]} */
    const regions = [];
    for (const first of left) {
      left.delete(first);
      /** @type {Region} */
      const region = { kind, choice: kind === "theirs" ? "theirs" : "mine", size: 0, cells: [], left: width, top: height, right: 0, bottom: 0 };
      for (const waiting = [first]; waiting.length > 0; ) {
        const cell = /** @type {number} */ (waiting.pop());
        const [column, row] = [cell % columns, Math.floor(cell / columns)];
        region.cells.push(cell);
        region.size += sizes.get(cell) ?? 0;
        region.left = Math.min(region.left, column * CELL);
        region.top = Math.min(region.top, row * CELL);
        region.right = Math.max(region.right, Math.min(width, (column + 1) * CELL));
        region.bottom = Math.max(region.bottom, Math.min(height, (row + 1) * CELL));
        for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
          for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
            if (left.delete(y * columns + x)) waiting.push(y * columns + x);
          }
        }
      }
      regions.push(region);
    }
    return regions;
  }
}
