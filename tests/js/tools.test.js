import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { LabelMap } from "../../static/annotate/label_map.js";
import { snap, sweep } from "../../static/annotate/tools/brush.js";
import { fillRegion } from "../../static/annotate/tools/fill.js";
import { fillPolygon } from "../../static/annotate/tools/polygon.js";
import { random, startMask } from "./support.js";

const empty = (width, height) => new LabelMap(width, height, new Uint8Array(width * height));
const picture = (map) =>
  Array.from({ length: map.height }, (_, y) =>
    [...map.pixels.subarray(y * map.width, (y + 1) * map.width)].map((v) => (v ? "#" : ".")).join(""),
  );

test("a sweep covers exactly the pixels whose centres lie within half its size of the line", () => {
  const next = random(1);
  for (let round = 0; round < 200; round++) {
    const size = 1 + Math.floor(next() * 30);
    const a = { x: next() * 90 - 5, y: next() * 70 - 5 };
    const b = { x: next() * 90 - 5, y: next() * 70 - 5 };
    const map = empty(80, 60);
    sweep(map, a, b, size, 1);
    const from = snap(a, size);
    const to = snap(b, size);
    for (let y = 0; y < 60; y++) {
      for (let x = 0; x < 80; x++) {
        const beyond = distance({ x: x + 0.5, y: y + 0.5 }, from, to) - size / 2;
        // On the very rim rounding decides.
        if (Math.abs(beyond) > 1e-9) assert.equal(map.at(x, y) === 1, beyond < 0, `${x},${y} of size ${size}`);
      }
    }
  }
});

test("a brush of one pixel draws that pixel, and a line without gaps", () => {
  const map = empty(20, 12);
  sweep(map, { x: 3.9, y: 2.1 }, { x: 3.9, y: 2.1 }, 1, 1);
  assert.equal(map.counts[1], 1);
  assert.equal(map.at(3, 2), 1);
  sweep(map, { x: 3.5, y: 2.5 }, { x: 17.5, y: 8.5 }, 1, 1);
  for (let x = 3; x < 18; x++) assert.ok([...Array(12).keys()].some((y) => map.at(x, y) === 1), `column ${x}`);
});

test("a polygon fills the pixels whose centres lie inside", () => {
  const map = empty(9, 6);
  fillPolygon(map, [{ x: 1, y: 1 }, { x: 8, y: 1 }, { x: 8, y: 5 }, { x: 1, y: 5 }], 1);
  assert.deepEqual(picture(map), [".........", ".#######.", ".#######.", ".#######.", ".#######.", "........."]);
});

test("polygons that share an edge neither overlap nor leave a gap", () => {
  const next = random(2);
  for (let round = 0; round < 50; round++) {
    const [a, b, c, d] = Array.from({ length: 4 }, () => ({ x: next() * 60, y: next() * 40 }));
    const cross = (p, q, r) => (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
    if (cross(a, b, c) * cross(a, b, d) > 0) continue;
    const [left, right] = [empty(60, 40), empty(60, 40)];
    fillPolygon(left, [a, b, c], 1);
    fillPolygon(right, [a, b, d], 1);
    for (let i = 0; i < left.pixels.length; i++) {
      const centre = { x: (i % 60) + 0.5, y: Math.floor(i / 60) + 0.5 };
      const wanted = Number(inside(centre, [a, b, c])) + Number(inside(centre, [a, b, d]));
      assert.equal(left.pixels[i] + right.pixels[i], wanted);
      assert.ok(wanted < 2);
    }
  }
});

test("a polygon that crosses itself and leaves the frame is filled by the even-odd rule", () => {
  const map = empty(40, 30);
  const corners = [{ x: -10, y: 5 }, { x: 50, y: 25 }, { x: 30, y: -8 }, { x: 5, y: 40 }, { x: 38, y: 3 }];
  fillPolygon(map, corners, 1);
  for (let y = 0; y < 30; y++) {
    for (let x = 0; x < 40; x++) assert.equal(map.at(x, y) === 1, inside({ x: x + 0.5, y: y + 0.5 }, corners), `${x},${y}`);
  }
});

test("fill paints the connected region of one class and no other pixel", () => {
  const next = random(3);
  const map = startMask(160, 120);
  for (let i = 0; i < 30; i++) sweep(map, { x: next() * 160, y: next() * 120 }, { x: next() * 160, y: next() * 120 }, 5, 3);
  const before = map.pixels.slice();
  const expected = region(before, 160, 120, 20, 20);
  fillRegion(map, 20, 20, 17);
  assert.ok(expected.size > 100);
  for (let i = 0; i < before.length; i++) assert.equal(map.pixels[i], expected.has(i) ? 17 : before[i]);
});

test("fill reaches every pixel of a large frame", () => {
  const map = empty(2048, 1024);
  fillRegion(map, 1000, 500, 9);
  assert.equal(map.counts[9], 2048 * 1024);
});

/** @param {[number, number][]} corners @returns {Editor} with a polygon of class 1 that is open */
function withCorners(corners) {
  const editor = new Editor(empty(50, 50), { classes: 3 });
  editor.choose(1);
  editor.take("polygon");
  for (const [x, y] of corners) editor.press({ x, y }), editor.lift();
  return editor;
}

test("a polygon closes at its first corner, and undo takes corners back first", () => {
  const editor = new Editor(empty(50, 50), { classes: 3 });
  editor.choose(1);
  editor.take("polygon");
  for (const [x, y] of [[5, 5], [40, 5], [40, 40], [9, 44]]) editor.press({ x, y });
  editor.undo();
  assert.equal(editor.polygon.corners.length, 3);
  assert.equal(editor.map.counts[1], 0);
  editor.press({ x: 6, y: 6 }, { reach: 3 });
  editor.lift();
  assert.equal(editor.polygon.corners.length, 0);
  assert.ok(editor.map.counts[1] > 500);
});

test("the first corner can be moved as the others: a polygon closes when it is let go where it was", () => {
  const editor = withCorners([[15, 15], [40, 5], [40, 40]]);
  editor.press({ x: 15, y: 15 }, { reach: 4 });
  editor.drag({ x: 16, y: 15 });
  editor.drag({ x: 5, y: 5 });
  editor.lift();
  assert.deepEqual(editor.polygon.corners[0], { x: 5, y: 5 });
  assert.equal(editor.map.counts[1], 0);
  editor.press({ x: 5, y: 5 }, { reach: 4 });
  // A hand that trembles.
  editor.drag({ x: 6, y: 5 });
  editor.lift();
  assert.equal(editor.polygon.corners.length, 0);
  assert.ok(editor.map.counts[1] > 500);
});

test("undo of a polygon's fill opens it again, and what was closed too soon goes on; the next undo passes over it", () => {
  const editor = new Editor(empty(50, 50), { classes: 3 });
  editor.choose(1);
  editor.press({ x: 45, y: 45 });
  editor.lift();
  const dab = editor.map.counts[1];
  editor.take("polygon");
  for (const [x, y] of [[5, 5], [20, 5], [20, 20]]) editor.press({ x, y }), editor.lift();
  editor.closePolygon();
  editor.undo();
  assert.deepEqual([editor.map.counts[1], editor.polygon.corners.length], [dab, 3]);
  editor.redo();
  assert.equal(editor.polygon.corners.length, 0);
  editor.undo();
  editor.press({ x: 5, y: 20 }), editor.lift();
  editor.closePolygon();
  assert.equal(editor.map.counts[1], dab + 15 * 15);
  editor.undo();
  editor.undo();
  assert.deepEqual([editor.map.counts[1], editor.pending], [0, null]);
  editor.redo();
  editor.redo();
  assert.equal(editor.map.counts[1], dab + 15 * 15);
});

test("a polygon that was opened again and changed is whole again after redo and undo; what it had become comes back first", () => {
  const editor = withCorners([[5, 5], [20, 5], [20, 20]]);
  editor.closePolygon();
  const filled = editor.map.counts[1];
  editor.undo();
  editor.takeBack();
  editor.redo();
  assert.deepEqual([editor.map.counts[1], editor.pending], [filled, null]);
  editor.undo();
  assert.equal(editor.polygon.corners.length, 2, "dropped as the fill was made again");
  editor.takeBack(), editor.takeBack();
  editor.undo();
  assert.deepEqual([editor.map.counts[1], editor.polygon.corners.length], [0, 3]);
});

test("undo puts a corner that is in the hand back where it was, and takes a new one away", () => {
  const editor = withCorners([[5, 5], [20, 5], [20, 20]]);
  editor.press({ x: 20, y: 5 }, { reach: 4 });
  editor.drag({ x: 40, y: 5 });
  editor.undo();
  editor.drag({ x: 45, y: 5 });
  editor.lift();
  const corners = () => editor.polygon.corners.map(({ x, y }) => [x, y]);
  assert.deepEqual(corners(), [[5, 5], [20, 5], [20, 20]]);
  editor.press({ x: 5, y: 40 });
  editor.undo();
  editor.lift();
  assert.deepEqual(corners(), [[5, 5], [20, 5], [20, 20]]);
});

test("of two corners within reach the nearer one is taken", () => {
  const editor = withCorners([[10, 10], [14, 10], [30, 40]]);
  editor.press({ x: 14, y: 10 }, { reach: 8 });
  editor.drag({ x: 30, y: 5 });
  editor.lift();
  assert.deepEqual(editor.polygon.corners.map(({ x, y }) => [x, y]), [[10, 10], [30, 5], [30, 40]]);
});

test("a polygon of very many corners, as edges give it, is filled, and drawing goes on", () => {
  const editor = new Editor(empty(60, 20), { classes: 3 });
  editor.choose(1);
  editor.take("polygon");
  const many = 200_000;
  editor.polygon.corners = Array.from({ length: many }, (_, i) => ({ x: 30 + 20 * Math.cos((2 * Math.PI * i) / many), y: 10 + 8 * Math.sin((2 * Math.PI * i) / many) }));
  editor.closePolygon();
  assert.ok(Math.abs(editor.map.counts[1] - Math.PI * 20 * 8) < 20);
  editor.take("brush");
  editor.press({ x: 5, y: 2 });
  editor.lift();
  assert.equal(editor.map.at(5, 2), 1);
});

function distance(p, a, b) {
  const length = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
  const t = length ? Math.min(1, Math.max(0, ((p.x - a.x) * (b.x - a.x) + (p.y - a.y) * (b.y - a.y)) / length)) : 0;
  return Math.hypot(p.x - a.x - t * (b.x - a.x), p.y - a.y - t * (b.y - a.y));
}

function inside(p, corners) {
  let odd = false;
  corners.forEach((a, i) => {
    const b = corners[(i + 1) % corners.length];
    if (a.y <= p.y !== b.y <= p.y && p.x >= a.x + ((p.y - a.y) / (b.y - a.y)) * (b.x - a.x)) odd = !odd;
  });
  return odd;
}

function region(pixels, width, height, x, y) {
  const found = new Set([y * width + x]);
  for (const at of found) {
    const sides = [at - width, at + width];
    if (at % width > 0) sides.push(at - 1);
    if (at % width < width - 1) sides.push(at + 1);
    for (const side of sides) if (side >= 0 && side < width * height && pixels[side] === pixels[at]) found.add(side);
  }
  return found;
}
