// @ts-check
/**
 * Undo and redo by stroke.
 *
 * A stroke keeps the tiles that it changed as they were on its other side: undo swaps them with the map's, redo swaps
 * them back. One copy serves both ways, and a tile of one value is kept as that value.
 */

import { same } from "./label_map.js";

/** @typedef {import("./label_map.js").LabelMap} LabelMap */
/** @typedef {number | Uint8Array} Packed a tile of one value, or its bytes */
/** @typedef {{ name: string, tiles: Map<number, Packed>, bytes: number }} Stroke */

/** Some 2000 strokes of ordinary size; the oldest are forgotten beyond it. */
export const BUDGET = 64 * 1024 * 1024;

export class History {
  /** @param {LabelMap} map @param {number} [budget] bytes of tiles to keep at most */
  constructor(map, budget = BUDGET) {
    this.map = map;
    this.budget = budget;
    this.bytes = 0;
    /** @type {Stroke[]} */
    this.past = [];
    /** @type {Stroke[]} */
    this.future = [];
    /** The stroke under way: tiles as they were. @type {{ name: string, before: Map<number, Uint8Array> } | null} */
    this.open = null;
  }

  /** @param {string} name what is being done: `brush`, `fill` */
  begin(name) {
    this.end();
    this.open = { name, before: new Map() };
    this.map.recorder = this;
  }

  /** Called by the map. @param {number} tile */
  keep(tile) {
    const before = this.open?.before;
    if (before && !before.has(tile)) before.set(tile, this.map.readTile(tile));
  }

  /** @returns {boolean} whether the stroke changed anything; only then can it be undone */
  end() {
    const open = this.#close();
    if (!open) return false;
    const stroke = { name: open.name, tiles: new Map(), bytes: 0 };
    for (const [tile, before] of open.before) {
      if (!same(before, this.map.readTile(tile))) stroke.tiles.set(tile, pack(before));
    }
    if (stroke.tiles.size === 0) return false;
    this.#weigh(stroke);
    for (const undone of this.future) this.bytes -= undone.bytes;
    this.future = [];
    this.past.push(stroke);
    while (this.bytes > this.budget && this.past.length > 1) this.bytes -= /** @type {Stroke} */ (this.past.shift()).bytes;
    return true;
  }

  /** Puts everything back as it was before {@link begin}. */
  cancel() {
    const open = this.#close();
    if (!open) return;
    for (const [tile, before] of open.before) this.map.writeTile(tile, before);
  }

  get canUndo() {
    return this.past.length > 0;
  }

  get canRedo() {
    return this.future.length > 0;
  }

  /** @returns {boolean} whether there was anything to undo */
  undo() {
    this.end();
    return this.#swap(this.past, this.future);
  }

  /** @returns {boolean} whether there was anything to redo */
  redo() {
    this.end();
    return this.#swap(this.future, this.past);
  }

  #close() {
    const open = this.open;
    this.open = null;
    this.map.recorder = null;
    return open;
  }

  /** @param {Stroke[]} from @param {Stroke[]} to */
  #swap(from, to) {
    const stroke = from.pop();
    if (!stroke) return false;
    for (const [tile, packed] of stroke.tiles) {
      const now = this.map.readTile(tile);
      this.map.writeTile(tile, typeof packed === "number" ? new Uint8Array(now.length).fill(packed) : packed);
      stroke.tiles.set(tile, pack(now));
    }
    this.#weigh(stroke);
    to.push(stroke);
    return true;
  }

  /** @param {Stroke} stroke */
  #weigh(stroke) {
    this.bytes -= stroke.bytes;
    stroke.bytes = 0;
    // An entry of a map costs some 40 bytes before any pixel is kept.
    for (const packed of stroke.tiles.values()) stroke.bytes += 40 + (typeof packed === "number" ? 0 : packed.length);
    this.bytes += stroke.bytes;
  }
}

/** @param {Uint8Array} bytes @returns {Packed} */
function pack(bytes) {
  const first = bytes[0];
  for (let i = 1; i < bytes.length; i++) if (bytes[i] !== first) return bytes;
  return first;
}
