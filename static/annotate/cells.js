// @ts-check
/** Pixels counted in square cells of the frame; cells that touch are joined: what lies scattered becomes a few places. */

import { union } from "./geometry.js";

/** @typedef {import("./geometry.js").Bounds} Bounds */
/** @typedef {Bounds & { size: number, cells: number[] }} Cluster `size` in pixels that were counted; `cells`: the lowest first */

/** From a cell to those that share a side with it. */
export const FOUR = [[-1, 0], [1, 0], [0, -1], [0, 1]];
/** To those that share a corner, too. */
export const EIGHT = [...FOUR, [-1, -1], [1, -1], [-1, 1], [1, 1]];

export class Cells {
  /** @param {{ width: number, height: number }} frame @param {number} side of a cell in pixels */
  constructor({ width, height }, side) {
    this.width = width;
    this.height = height;
    this.side = side;
    this.columns = Math.ceil(width / side);
    /** Pixels by cell. @type {Map<number, number>} */
    this.counts = new Map();
  }

  /** Counts a pixel. @param {number} x @param {number} y */
  add(x, y) {
    const { side, columns, counts } = this;
    const cell = Math.floor(y / side) * columns + Math.floor(x / side);
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }

  /** @param {number} cell @returns {Bounds} its pixels */
  bounds(cell) {
    const { width, height, side, columns } = this;
    const [left, top] = [(cell % columns) * side, Math.floor(cell / columns) * side];
    return { left, top, right: Math.min(width, left + side), bottom: Math.min(height, top + side) };
  }

  /** @param {number[][]} neighbours {@link FOUR} or {@link EIGHT} @returns {Cluster[]} the largest first */
  clusters(neighbours) {
    const { columns, counts } = this;
    const rest = new Set([...counts.keys()].sort((a, b) => a - b));
    /** @type {Cluster[]} */
    const clusters = [];
    for (const first of rest) {
      rest.delete(first);
      const cells = [first];
      // It grows while it is gone through.
      for (const cell of cells) {
        const [column, row] = [cell % columns, Math.floor(cell / columns)];
        for (const [dx, dy] of neighbours) {
          const [x, y] = [column + dx, row + dy];
          if (x >= 0 && x < columns && rest.delete(y * columns + x)) cells.push(y * columns + x);
        }
      }
      const size = cells.reduce((sum, cell) => sum + (counts.get(cell) ?? 0), 0);
      clusters.push({ size, cells, ...cells.map((cell) => this.bounds(cell)).reduce(union) });
    }
    return clusters.sort((a, b) => b.size - a.size || a.cells[0] - b.cells[0]);
  }
}
