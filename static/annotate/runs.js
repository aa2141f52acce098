// @ts-check
/**
 * Tiles in runs: class and origin of every pixel of a tile, as the server, the draft and the history keep them.
 *
 * A run is four bytes: its length in two, little-endian; the class; the origin. Runs go row by row through the tile and
 * fill it. A change is a sequence of tiles, each with its number and its count of runs before them, four bytes each; what
 * it means at the server stands in `src/domain/layers.rs`.
 */

/** @typedef {import("./label_map.js").LabelMap} LabelMap */

const RUN = 4;
const HEAD = 8;
/** Grows to what a tile needs in which no two pixels are alike. */
let scratch = new Uint8Array(0);

/**
 * @param {Uint8Array} pixels of the tile, row by row
 * @param {Uint8Array} origins
 * @returns {Uint8Array} their runs
 */
export function pack(pixels, origins) {
  const end = pixels.length;
  if (scratch.length < end * RUN) scratch = new Uint8Array(end * RUN);
  // Four pixels at a time: most runs are long.
  const [values, froms] = [wordsOf(pixels), wordsOf(origins)];
  let to = 0;
  for (let at = 0; at < end; ) {
    const from = at;
    const value = pixels[at];
    const origin = origins[at];
    const [fourValues, fourOrigins] = [(value * 0x01010101) >>> 0, (origin * 0x01010101) >>> 0];
    do {
      at++;
      if (values && froms && (at & 3) === 0) {
        let word = at >> 2;
        while (word < values.length && values[word] === fourValues && froms[word] === fourOrigins) word++;
        at = word << 2;
      }
    } while (at < end && pixels[at] === value && origins[at] === origin);
    scratch[to] = (at - from) & 255;
    scratch[to + 1] = (at - from) >> 8;
    scratch[to + 2] = value;
    scratch[to + 3] = origin;
    to += RUN;
  }
  return scratch.slice(0, to);
}

/** @param {Uint8Array} bytes @returns {Uint32Array | null} the whole fours of them, where they lie so */
export function wordsOf({ buffer, byteOffset, length }) {
  return byteOffset % 4 === 0 ? new Uint32Array(buffer, byteOffset, length >> 2) : null;
}

/**
 * @param {Uint8Array} runs as {@link pack} gives them
 * @param {Uint8Array} pixels takes the classes
 * @param {Uint8Array} origins takes the origins
 */
export function unpack(runs, pixels, origins) {
  let at = 0;
  for (let from = 0; from < runs.length; from += RUN) {
    const end = at + (runs[from] | (runs[from + 1] << 8));
    pixels.fill(runs[from + 2], at, end);
    origins.fill(runs[from + 3], at, end);
    at = end;
  }
}

/** @param {LabelMap} map @param {Iterable<number>} tiles @returns {Uint8Array} these tiles as they are now, as a change */
export function changeOf(map, tiles) {
  const parts = [...tiles].map((tile) => /** @type {const} */ ([tile, map.packTile(tile)]));
  const bytes = new Uint8Array(parts.reduce((sum, [, runs]) => sum + HEAD + runs.length, 0));
  const numbers = new DataView(bytes.buffer);
  let at = 0;
  for (const [tile, runs] of parts) {
    numbers.setUint32(at, tile, true);
    numbers.setUint32(at + 4, runs.length / RUN, true);
    bytes.set(runs, at + HEAD);
    at += HEAD + runs.length;
  }
  return bytes;
}

/** @param {LabelMap} map @param {Uint8Array} change as {@link changeOf} gives it @returns {number[]} the tiles that it holds */
export function applyChange(map, change) {
  const tiles = tilesIn(change);
  for (const [tile, runs] of tiles) map.unpackTile(tile, runs);
  return [...tiles.keys()];
}

/** @param {Uint8Array} change as {@link changeOf} gives it @returns {Map<number, Uint8Array>} the runs of each tile */
export function tilesIn(change) {
  const numbers = new DataView(change.buffer, change.byteOffset, change.byteLength);
  const tiles = new Map();
  for (let at = 0; at < change.length; ) {
    const end = at + HEAD + numbers.getUint32(at + 4, true) * RUN;
    // A copy: what is packed is kept, and would keep the whole change with it.
    tiles.set(numbers.getUint32(at, true), change.slice(at + HEAD, end));
    at = end;
  }
  return tiles;
}
