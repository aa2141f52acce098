// @ts-check
/** Outline mode: where one class meets another. */

/** @typedef {import("./label_map.js").LabelMap} LabelMap */

/** Each side of an outline is so many pixels wide: one would vanish where the whole frame is shown at half size. */
const REACH = 2;

/**
 * Marks the pixels of a tile that have another value above, below, left or right of them within {@link REACH}: those so near to
 * a place in their row or column where the value changes. The frame's own rim is no edge.
 *
 * @param {LabelMap} map
 * @param {number} tile
 * @param {Uint8Array} marks 1 for an edge, row by row as the tile is wide
 */
export function markEdges(map, tile, marks) {
  const { x, y, width, height } = map.bounds(tile);
  const { pixels, width: stride } = map;
  marks.fill(0, 0, width * height);
  // A change stands at the second of its two pixels; those beside the tile reach into it.
  const [left, right] = [Math.max(1, x - REACH + 1), Math.min(stride, x + width + REACH)];
  for (let row = 0; row < height; row++) {
    const at = (y + row) * stride;
    for (let column = left; column < right; column++) {
      if (pixels[at + column] === pixels[at + column - 1]) continue;
      const end = Math.min(width, column - x + REACH);
      for (let near = Math.max(0, column - x - REACH); near < end; near++) marks[row * width + near] = 1;
    }
  }
  const [top, bottom] = [Math.max(1, y - REACH + 1), Math.min(map.height, y + height + REACH)];
  for (let row = top; row < bottom; row++) {
    const at = row * stride + x;
    const end = Math.min(height, row - y + REACH);
    for (let column = 0; column < width; column++) {
      if (pixels[at + column] === pixels[at + column - stride]) continue;
      for (let near = Math.max(0, row - y - REACH); near < end; near++) marks[near * width + column] = 1;
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
