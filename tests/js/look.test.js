import assert from "node:assert/strict";
import { test } from "node:test";

import { markEdges, withNeighbours } from "../../static/annotate/edges.js";
import { LabelMap, TILE } from "../../static/annotate/label_map.js";
import { Light, SCALES } from "../../static/annotate/light.js";
import { sweep } from "../../static/annotate/tools/brush.js";
import { Viewport } from "../../static/annotate/viewport.js";
import { startMask } from "./support.js";

/** @param {LabelMap} map @returns {Uint8Array} marks of the whole map */
function edgesOf(map) {
  const all = new Uint8Array(map.pixels.length);
  const marks = new Uint8Array(TILE * TILE);
  for (let tile = 0; tile < map.tileCount; tile++) {
    const { x, y, width, height } = map.bounds(tile);
    markEdges(map, tile, marks);
    for (let row = 0; row < height; row++) all.set(marks.subarray(row * width, (row + 1) * width), (y + row) * map.width + x);
  }
  return all;
}

test("outlines lie within two pixels of another class, across tiles, and not along the frame's rim", () => {
  const map = startMask(150, 100);
  sweep(map, { x: 20, y: 10 }, { x: 120, y: 90 }, 1, 18);
  const edges = edgesOf(map);
  for (let y = 0; y < 100; y++) {
    for (let x = 0; x < 150; x++) {
      const differs = [-2, -1, 1, 2].some((step) =>
        [map.at(x + step, y), map.at(x, y + step)].some((value) => value >= 0 && value !== map.at(x, y)),
      );
      assert.equal(edges[y * 150 + x] === 1, differs, `${x},${y}`);
    }
  }
});

test("a change repaints every tile whose outlines it changes", () => {
  const map = new LabelMap(5 * TILE, 4 * TILE, new Uint8Array(20 * TILE * TILE));
  const before = edgesOf(map);
  const dirty = map.watch();
  sweep(map, { x: 2 * TILE - 1, y: 2 * TILE }, { x: 2 * TILE - 1, y: 2 * TILE }, 6, 1);
  const after = edgesOf(map);
  const repainted = withNeighbours(map, dirty.take());
  for (let i = 0; i < before.length; i++) {
    const tile = Math.floor(Math.floor(i / map.width) / TILE) * map.columns + Math.floor((i % map.width) / TILE);
    if (before[i] !== after[i]) assert.ok(repainted.has(tile));
  }
  assert.deepEqual([...withNeighbours(map, [0])].sort((a, b) => a - b), [0, 1, 5]);
  assert.deepEqual([...withNeighbours(map, [19])].sort((a, b) => a - b), [14, 18, 19]);
});

test("light stays within its scale, and the picture as it is has no filter", () => {
  const light = new Light();
  assert.equal(light.filter, "none");
  for (let i = 0; i < 50; i++) light.step("brightness", 1);
  light.step("contrast", -1);
  assert.equal(light.filter, `brightness(${SCALES.brightness.most}%) contrast(75%)`);
  light.set("contrast", -10);
  assert.equal(light.contrast, SCALES.contrast.least);
  light.reset();
  assert.equal(light.filter, "none");
});

test("a part of the frame is shown in the middle, with room around it, and not nearer than a person can place", () => {
  const view = new Viewport({ width: 2048, height: 1024 }, { width: 1000, height: 700 });
  assert.equal(view.partly, false);
  view.show({ left: 900, top: 400, right: 1100, bottom: 500 });
  assert.ok(view.partly);
  const { left, top, right, bottom } = view.seen;
  assert.ok(left < 900 && right > 1100 && top < 400 && bottom > 500);
  const middle = view.toScreen({ x: 1000, y: 450 });
  assert.ok(Math.abs(middle.x - 500) < 1e-6 && Math.abs(middle.y - 350) < 1e-6);
  view.show({ left: 5, top: 5, right: 6, bottom: 6 });
  assert.equal(view.scale, 8);
  view.show({ left: 0, top: 0, right: 2048, bottom: 1024 });
  view.fit();
  assert.deepEqual(view.seen, { left: 0, top: 0, right: 2048, bottom: 1024 });
});
