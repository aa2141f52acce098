// @ts-check
/** Outline mode: where one class meets another. */

/** @typedef {import("./label_map.js").LabelMap} LabelMap */

/** Each side of an outline is so many pixels wide: one would vanish where the whole frame is shown at half size. */
const REACH = 2;

/**
 * Marks the pixels of a tile that have another value above, below, left or right of them within {@link REACH}.
 *
 * @param {LabelMap} map
 * @param {number} tile
 * @param {Uint8Array} marks 1 for an edge, row by row as the tile is wide
 */
export function markEdges(map, tile, marks) {
  const { x, y, width, height } = map.bounds(tile);
  const { pixels, width: stride } = map;
  let to = 0;
  for (let row = y; row < y + height; row++) {
    // How far one may look, so that the frame's own rim is no edge.
    const up = Math.min(REACH, row);
    const down = Math.min(REACH, map.height - 1 - row);
    for (let column = x; column < x + width; column++, to++) {
      const at = row * stride + column;
      const value = pixels[at];
      const left = Math.min(REACH, column);
      const right = Math.min(REACH, stride - 1 - column);
      let edge = 0;
      for (let step = 1; step <= left; step++) if (pixels[at - step] !== value) edge = 1;
      for (let step = 1; step <= right; step++) if (pixels[at + step] !== value) edge = 1;
      for (let step = 1; step <= up; step++) if (pixels[at - step * stride] !== value) edge = 1;
      for (let step = 1; step <= down; step++) if (pixels[at + step * stride] !== value) edge = 1;
      marks[to] = edge;
    }
  }
}

/** @param {LabelMap} map @param {number[]} tiles that changed @returns {Set<number>} these, and those whose edges change with them */
export function withNeighbours(map, tiles) {
  const { columns, tileCount } = map;
  const all = new Set(tiles);
  for (const tile of tiles) {
    if (tile % columns > 0) all.add(tile - 1);
    if (tile % columns < columns - 1) all.add(tile + 1);
    if (tile >= columns) all.add(tile - columns);
    if (tile + columns < tileCount) all.add(tile + columns);
  }
  return all;
}
