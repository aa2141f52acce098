// @ts-check
/**
 * Undo and redo by stroke.
 *
 * A stroke keeps the tiles that it changed, before and after, in runs: it never changes once it is done, so that a draft
 * writes it once, whatever is undone and redone later.
 */

import { ORIGIN, same } from "./label_map.js";

/** @typedef {import("./label_map.js").LabelMap} LabelMap */
/** @typedef {import("./label_map.js").Source} Source */
/** @typedef {{ before: Uint8Array, after: Uint8Array }} Change both as {@link LabelMap.packTile} gives them */
/** @typedef {{ id: string, name: string, source: Source, tiles: Map<number, Change>, bytes: number }} Stroke */

/** Some 5000 strokes of ordinary size; the oldest are forgotten beyond it. */
const BUDGET = 32 * 1024 * 1024;

/** What two arrays and an entry of a map cost before any run is kept. */
const OVERHEAD = 300;

export class History {
  /** @param {LabelMap} map @param {number} [budget] bytes of tiles to keep at most */
  constructor(map, budget = BUDGET) {
    this.map = map;
    this.budget = budget;
    this.bytes = 0;
    /** @type {Stroke[]} */
    this.past = [];
    /** The next to redo is the last. @type {Stroke[]} */
    this.future = [];
    /** Tells strokes of this visit from those of others in the draft. */
    this.visit = `${Date.now().toString(36)}.${Math.random().toString(36).slice(2)}`;
    this.count = 0;
    /** The stroke under way: tiles as they were. @type {{ name: string, source: Source, before: Map<number, Uint8Array> } | null} */
    this.open = null;
  }

  /**
   * @param {string} name what is being done: `brush`, `fill`
   * @param {Source} [source] where the pixels that it paints come from
   */
  begin(name, source = "hand") {
    // Ended in silence, the rest of it would be kept nowhere.
    if (this.open) throw new Error(`${name} begins within ${this.open.name}`);
    this.open = { name, source, before: new Map() };
    this.map.recorder = this;
    this.map.origin = ORIGIN[source];
  }

  /** Called by the map. @param {number} tile */
  keep(tile) {
    const before = this.open?.before;
    if (before && !before.has(tile)) before.set(tile, this.map.packTile(tile));
  }

  /** @returns {boolean} whether the stroke changed anything; only then can it be undone */
  end() {
    const open = this.#close();
    if (!open) return false;
    /** @type {Map<number, Change>} */
    const tiles = new Map();
    for (const [tile, before] of open.before) {
      const after = this.map.packTile(tile);
      if (!same(before, after)) tiles.set(tile, { before, after });
    }
    if (tiles.size === 0) return false;
    for (const undone of this.future) this.bytes -= undone.bytes;
    this.future = [];
    const stroke = { id: `${this.visit}.${this.count++}`, name: open.name, source: open.source, tiles, bytes: weight(tiles) };
    this.past.push(stroke);
    this.bytes += stroke.bytes;
    while (this.bytes > this.budget && this.past.length > 1) this.bytes -= /** @type {Stroke} */ (this.past.shift()).bytes;
    return true;
  }

  /** Puts everything back as it was before {@link begin}. */
  cancel() {
    const open = this.#close();
    if (!open) return;
    for (const [tile, before] of open.before) this.map.unpackTile(tile, before);
  }

  get canUndo() {
    return this.past.length > 0;
  }

  get canRedo() {
    return this.future.length > 0;
  }

  /** @returns {boolean} whether there was anything to undo */
  undo() {
    return this.#move(this.past, this.future, "before");
  }

  /** @returns {boolean} whether there was anything to redo */
  redo() {
    return this.#move(this.future, this.past, "after");
  }

  /** Goes on with what an earlier visit could undo and redo. @param {{ past: Stroke[], future: Stroke[] }} earlier */
  restore({ past, future }) {
    this.past = past;
    this.future = future;
    this.bytes = [...past, ...future].reduce((sum, stroke) => sum + stroke.bytes, 0);
  }

  #close() {
    const open = this.open;
    this.open = null;
    this.map.recorder = null;
    this.map.origin = ORIGIN.hand;
    return open;
  }

  /** @param {Stroke[]} from @param {Stroke[]} to @param {"before" | "after"} side */
  #move(from, to, side) {
    const stroke = from.pop();
    if (!stroke) return false;
    for (const [tile, change] of stroke.tiles) this.map.unpackTile(tile, change[side]);
    to.push(stroke);
    return true;
  }
}

/** @param {Map<number, Change>} tiles @returns {number} bytes */
function weight(tiles) {
  let sum = 0;
  for (const { before, after } of tiles.values()) sum += OVERHEAD + before.length + after.length;
  return sum;
}
