// @ts-check
/**
 * Two masks drawn on one: where they differ, region by region, and one mask of what is chosen.
 *
 * A region is joined within a few pixels and is of one kind: drawn by me alone, by them alone, or by both. So choosing
 * mine in one never takes away a stroke of theirs that lies elsewhere, and the first proposal keeps every stroke that
 * only one of the two drew.
 */

import { Cells, EIGHT } from "./cells.js";

/** @typedef {import("./label_map.js").LabelMap} LabelMap */
/** @typedef {"mine" | "theirs"} Side */
/** @typedef {Side | "both"} Kind who changed it since the version that both were drawn on */
/** @typedef {import("./cells.js").Cluster & { kind: Kind, choice: Side }} Region `size` in pixels that differ */

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
    /** Cells with differences of each kind. @type {Record<Kind, Cells>} */
    this.cells = { mine: new Cells(mine, CELL), theirs: new Cells(mine, CELL), both: new Cells(mine, CELL) };
    this.#compare();
    /** What both drew first, then theirs, then mine; the largest of each first. @type {Region[]} */
    this.regions = KINDS.flatMap((kind) =>
      this.cells[kind].clusters(EIGHT).map((cluster) => ({ ...cluster, kind, choice: kind === "theirs" ? "theirs" : "mine" })),
    );
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
      this.#each(region, (at) => {
        pixels[at] = this.theirs.pixels[at];
        origins[at] = this.theirs.origins[at];
      });
    }
    return { pixels, origins };
  }

  /** @param {Region} region @param {(at: number) => void} see called for each pixel that differs in it */
  #each({ cells, kind }, see) {
    const { width } = this.mine;
    for (const cell of cells) {
      const { left, top, right, bottom } = this.cells[kind].bounds(cell);
      for (let y = top; y < bottom; y++) {
        for (let at = y * width + left; at < y * width + right; at++) if (this.#kindAt(at) === kind) see(at);
      }
    }
  }

  /** @param {number} at @returns {Kind | null} `null`: no difference */
  #kindAt(at) {
    const [mine, theirs, base] = [this.mine.pixels[at], this.theirs.pixels[at], this.base.pixels[at]];
    if (mine === theirs) return null;
    return theirs === base ? "mine" : mine === base ? "theirs" : "both";
  }

  /** Fills the cells. */
  #compare() {
    const { pixels, width } = this.mine;
    const other = this.theirs.pixels;
    for (let at = 0; at < pixels.length; at++) {
      if (pixels[at] === other[at]) continue;
      this.cells[/** @type {Kind} */ (this.#kindAt(at))].add(at % width, Math.floor(at / width));
    }
  }
}
