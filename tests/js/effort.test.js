import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Editor } from "../../static/annotate/editor.js";
import { LabelMap, UNLABELLED } from "../../static/annotate/label_map.js";
import { fillPolygon } from "../../static/annotate/tools/polygon.js";
import { annotate } from "../effort/annotator.js";
import { contour } from "../effort/outline.js";
import { readGray } from "../effort/png.js";
import { fewestVertices, simplify } from "../effort/polygons.js";
import { Score } from "../effort/score.js";
import { Truth } from "../effort/truth.js";
import { drawnSegments, random } from "./support.js";

const [WIDTH, HEIGHT] = [180, 120];

/** Two halves and a disc, of which the start mask knows neither the edge nor the disc. */
function drawn() {
  const at = (x, y) => (Math.hypot(x - 50, y - 60) < 25 ? 2 : x > 96 ? 1 : 0);
  const pixels = (shift) => Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (shift ? Number(i % WIDTH > 96 - shift) : at(i % WIDTH, Math.floor(i / WIDTH))));
  const truth = pixels(0);
  truth.fill(UNLABELLED, 0, WIDTH * 4);
  return { truth: new Truth(WIDTH, HEIGHT, truth, 3), start: pixels(12) };
}

test("a scripted annotator reaches its goals, and what it did can be undone", () => {
  for (const tools of [["segment", "propagate", "brush", "polygon", "fill"], ["segment", "propagate", "polygon", "fill"], ["brush"]]) {
    const { truth, start } = drawn();
    const editor = new Editor(new LabelMap(WIDTH, HEIGHT, start.slice()), { classes: 3 });
    editor.segments = drawnSegments(WIDTH, HEIGHT);
    const score = new Score(editor.map, truth, editor.segments);
    const reached = annotate(editor, score, tools, [0.9, 0.97]);
    assert.ok(truth.agreement(editor.map.pixels) >= 0.97);
    assert.equal(score.agreement, truth.agreement(editor.map.pixels));
    assert.ok(reached[0].actions < reached[1].actions && reached[1].actions < 60, JSON.stringify(reached));
    assert.ok(reached.every(({ actions, places, byTool }) => places <= actions && actions === Object.values(byTool).reduce((a, b) => a + b, 0)));
    while (editor.history.canUndo) editor.undo();
    assert.deepEqual(editor.map.pixels, start);
  }
});

test("a stroke along a border's rim mends a ragged one in as many places as the border has corners", () => {
  const pixels = new Uint8Array(WIDTH * HEIGHT);
  const truth = new Truth(WIDTH, HEIGHT, pixels.map((_, at) => Number(at % WIDTH > 96)), 2);
  const next = random(3);
  const start = pixels.map((_, at) => Number(at % WIDTH > 96));
  for (let y = 0; y < HEIGHT; y += 4) start.fill(0, y * WIDTH + 97, y * WIDTH + 97 + Math.floor(next() * 12));
  const editor = new Editor(new LabelMap(WIDTH, HEIGHT, start), { classes: 2 });
  editor.choose(1);
  const [reached] = annotate(editor, new Score(editor.map, truth, drawnSegments(WIDTH, HEIGHT)), ["brush"], [1]);
  assert.deepEqual([reached.places, reached.byTool], [2, { brush: 2 }]);
});

test("what an action would gain is what it gains", () => {
  const { truth, start } = drawn();
  const map = new LabelMap(WIDTH, HEIGHT, start.slice());
  const segments = drawnSegments(WIDTH, HEIGHT);
  const score = new Score(map, truth, segments);
  const next = random(4);
  for (let i = 0; i < 40; i++) {
    const value = Math.floor(next() * 3);
    const corners = Array.from({ length: 4 }, () => ({ x: next() * WIDTH, y: next() * HEIGHT }));
    const node = segments.at(next() * WIDTH, next() * HEIGHT, i % 7);
    const before = score.total;
    const expected = i % 2 ? score.gain(node, value) : score.gainOf(value, (counter) => fillPolygon(counter, corners, value));
    if (i % 2) segments.paint(map, node, value);
    else fillPolygon(map, corners, value);
    score.update();
    assert.equal(score.total - before, expected);
  }
});

test("a ring keeps the corners that stand out by more than the distance", () => {
  const square = [[0, 0], [10, 0.4], [20, 0], [20, 20], [11, 19.7], [0, 20]].map(([x, y]) => ({ x, y }));
  assert.deepEqual(simplify(square, 1).map(({ x, y }) => [x, y]), [[0, 0], [20, 0], [20, 20], [0, 20]]);
  assert.equal(simplify(square, 0.1).length, 6);
});

test("the rim of a patch, filled, is the patch", () => {
  const next = random(12);
  for (let round = 0; round < 30; round++) {
    const map = new LabelMap(40, 30, new Uint8Array(1200));
    // Joined by their sides and without holes: columns that overlap.
    let [top, height] = [10, 6];
    for (let x = 5; x < 35; x++) {
      top = Math.min(20, Math.max(2, top + Math.floor(next() * 3) - 1));
      height = Math.max(3, Math.min(9, height + Math.floor(next() * 3) - 1));
      for (let y = top; y < top + height; y++) map.span(y, x, x + 1, 1);
    }
    const patch = Int32Array.from(map.pixels.keys()).filter((at) => map.pixels[at] === 1);
    const copy = new LabelMap(40, 30, new Uint8Array(1200));
    fillPolygon(copy, contour(patch, 40), 1);
    assert.deepEqual(copy.pixels, map.pixels);
  }
});

test("polygons are simplified as far as the agreement allows, in the order in which they are drawn", () => {
  const { truth } = drawn();
  const circle = Array.from({ length: 90 }, (_, i) => ({ x: 50.5 + 25 * Math.cos((i * Math.PI) / 45), y: 60.5 + 25 * Math.sin((i * Math.PI) / 45) }));
  const box = (left, right) => [{ x: left, y: 0 }, { x: right, y: 0 }, { x: right, y: HEIGHT }, { x: left, y: HEIGHT }];
  const outlines = [{ label: "left", corners: box(0, 97) }, { label: "right", corners: box(97, WIDTH) }, { label: "disc", corners: circle }];
  const classOf = (label) => ["left", "right", "disc"].indexOf(label);
  const close = fewestVertices(outlines, classOf, truth, 0.999);
  const loose = fewestVertices(outlines, classOf, truth, 0.95);
  assert.ok(close.agreement >= 0.999 && loose.agreement >= 0.95);
  assert.ok(loose.vertices < close.vertices && close.vertices < 98 && loose.vertices >= 11, `${loose.vertices}, ${close.vertices}`);
});

test("a gray picture is read whatever its filters are", () => {
  const next = random(8);
  const [width, height] = [7, 10];
  const pixels = Uint8Array.from({ length: width * height }, () => next() * 256);
  const pixel = (x, y) => (x < 0 || y < 0 ? 0 : pixels[y * width + x]);
  const paeth = (a, b, c) => [a, b, c].sort((p, q) => Math.abs(a + b - c - p) - Math.abs(a + b - c - q))[0];
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) {
    rows[y * (width + 1)] = y % 5;
    for (let x = 0; x < width; x++) {
      const [a, b, c] = [pixel(x - 1, y), pixel(x, y - 1), pixel(x - 1, y - 1)];
      rows[y * (width + 1) + 1 + x] = pixel(x, y) - [0, a, b, (a + b) >> 1, paeth(a, b, c)][y % 5];
    }
  }
  const chunk = (type, data) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(data.length);
    head.write(type, 4, "latin1");
    return Buffer.concat([head, data, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const folder = mkdtempSync(join(tmpdir(), "effort-"));
  const path = join(folder, "gray.png");
  writeFileSync(path, Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]));
  assert.deepEqual(readGray(path).pixels, pixels);
  rmSync(folder, { recursive: true });
});
