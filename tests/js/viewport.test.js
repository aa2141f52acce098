import assert from "node:assert/strict";
import { test } from "node:test";

import { colorTable, firstKeys, paletteOf } from "../../static/annotate/palette.js";
import { Viewport } from "../../static/annotate/viewport.js";
import { random } from "./support.js";

const image = { width: 2048, height: 1024 };
const near = (a, b) => assert.ok(Math.hypot(a.x - b.x, a.y - b.y) < 1e-6, `${JSON.stringify(a)} ${JSON.stringify(b)}`);

test("screen to image and back is the same point, after any zoom and pan", () => {
  const view = new Viewport(image, { width: 1100, height: 700 });
  const next = random(4);
  for (let i = 0; i < 500; i++) {
    const point = { x: next() * 1100, y: next() * 700 };
    view.zoomAt(point, 0.5 + next() * 1.5);
    view.pan(next() * 200 - 100, next() * 200 - 100);
    near(view.toScreen(view.toImage(point)), point);
  }
});

test("the wheel leaves the point under the cursor where it is", () => {
  const view = new Viewport(image, { width: 1100, height: 700 });
  const cursor = { x: 400, y: 300 };
  const before = view.toImage(cursor);
  for (let i = 0; i < 10; i++) view.zoomAt(cursor, 1.3);
  near(view.toImage(cursor), before);
});

test("what is seen of a part, however little, counts as seen", () => {
  const view = new Viewport(image, { width: 1024, height: 700 });
  view.show({ left: 1000, top: 500, right: 1100, bottom: 550 });
  const { right, top } = view.seen;
  const sees = (left) => view.sees({ left, top: top - 50, right: left + 64, bottom: top + 1 });
  assert.deepEqual([sees(right - 1), sees(right + 1), sees(0)], [true, false, false]);
});

test("the whole frame is shown at first and after the window changes, until somebody zooms", () => {
  const view = new Viewport(image, { width: 1024, height: 700 });
  assert.equal(view.scale, 0.5);
  near(view.toScreen({ x: 1024, y: 512 }), { x: 512, y: 350 });
  view.resize({ width: 2048, height: 1500 });
  assert.equal(view.scale, 1);
  view.zoomAt({ x: 0, y: 0 }, 4);
  view.resize({ width: 1024, height: 700 });
  assert.equal(view.scale, 4);
});

test("the frame cannot be pushed out of sight", () => {
  const view = new Viewport(image, { width: 1000, height: 700 });
  view.pan(1e6, -1e6);
  const corner = view.toScreen({ x: 0, y: 1024 });
  assert.ok(corner.x <= 750 && corner.y >= 175);
});

test("each of 19 classes has its own key, of 50 those that there are keys for, and none has what does something else", () => {
  const keys = firstKeys(19, new Set());
  assert.equal(new Set(keys).size, 19);
  assert.deepEqual([keys[9], keys[18]], ["0", "o"]);
  const many = firstKeys(50, new Set(["shift+e", "b"]));
  assert.deepEqual([many[21], many[22], many[32], many[38], many[39], many[49]], ["shift+2", "shift+3", "shift+r", "shift+p", "", ""]);
});

test("what is no class has no colour", () => {
  const palette = paletteOf(Array.from({ length: 19 }, (_, i) => ({ name: `class ${i}`, color: [i, 2, 3] })));
  const table = colorTable(palette);
  assert.deepEqual([...new Uint8Array(table.slice(5, 6).buffer)], [5, 2, 3, 255]);
  assert.equal(table[255], 0);
  assert.equal(table[19], 0);
});
