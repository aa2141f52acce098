import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { Ghost } from "../../static/annotate/ghost.js";
import { ORIGIN, UNLABELLED, same } from "../../static/annotate/label_map.js";
import { SCALES, Segments } from "../../static/annotate/segments.js";
import { drawnSegments, fingerprint, random, startMask } from "./support.js";

const [WIDTH, HEIGHT] = [420, 260];
const FINEST = 0;

/** @param {Segments} segments @param {number} node @returns {number} its pixels */
function area(segments, node) {
  let pixels = 0;
  segments.eachRun(node, (_, from, to) => (pixels += to - from));
  return pixels;
}

/** @returns {Editor} */
function editorWithSegments() {
  const editor = new Editor(startMask(WIDTH, HEIGHT), { classes: 19 });
  editor.segments = drawnSegments(WIDTH, HEIGHT);
  editor.take("segment");
  return editor;
}

test("segments of every scale cover the frame, each made of whole segments of the finer scale", () => {
  const segments = drawnSegments(WIDTH, HEIGHT);
  segments.scales.forEach((nodes, scale) => {
    const distinct = [...new Set(nodes)];
    assert.equal(distinct.length, Math.min(SCALES[scale], segments.count));
    assert.equal(distinct.reduce((sum, node) => sum + area(segments, node), 0), WIDTH * HEIGHT);
    if (scale === FINEST) return;
    const finer = segments.scales[scale - 1];
    const above = new Map();
    nodes.forEach((node, superpixel) => {
      assert.equal(above.get(finer[superpixel]) ?? node, node);
      above.set(finer[superpixel], node);
    });
  });
});

test("the server's file is read as it was written", () => {
  const { width, height, ids, parents, vectors, d, count } = drawnSegments(64, 40);
  const file = new Uint8Array(16 + 2 * ids.length + 4 * parents.length + vectors.length);
  const above = Uint16Array.from(ids, (id, at) => id - (at < width ? 0 : ids[at - width]));
  file.set(new Uint8Array(Uint32Array.of(width, height, count, d).buffer));
  file.set(new Uint8Array(above.buffer), 16);
  file.set(new Uint8Array(parents.buffer), 16 + 2 * ids.length);
  file.set(new Uint8Array(vectors.buffer), 16 + 2 * ids.length + 4 * parents.length);
  const read = Segments.parse(file.buffer);
  assert.deepEqual([read.ids, read.parents, read.vectors, read.d], [ids, parents, vectors, d]);
});

test("a click gives the segment under it the class, and no other pixel", () => {
  const editor = editorWithSegments();
  const { map, segments } = editor;
  const before = map.pixels.slice();
  for (editor.scale = 0; editor.scale < SCALES.length; editor.scale++) {
    editor.choose(18);
    editor.press({ x: 100.5, y: 77.5 });
    editor.lift();
    const node = segments.at(100, 77, editor.scale);
    for (let at = 0; at < before.length; at++) {
      const inside = segments.scales[editor.scale][segments.ids[at]] === node;
      assert.equal(map.pixels[at], inside ? 18 : before[at]);
      assert.equal(map.origins[at], inside && before[at] !== 18 ? ORIGIN.segment : ORIGIN.model);
    }
    editor.undo();
    assert.ok(same(map.pixels, before));
  }
});

test("a drag paints every segment on its way once, the right button takes their class away", () => {
  const editor = editorWithSegments();
  const { segments } = editor;
  editor.scale = FINEST;
  editor.choose(17);
  editor.press({ x: 10, y: 10 });
  editor.drag({ x: 300, y: 200 });
  editor.lift();
  for (let step = 0; step <= 290; step++) assert.equal(editor.map.at(10 + step, Math.floor(10 + (step * 190) / 290)), 17);
  assert.equal(editor.history.past.length, 1);
  editor.press({ x: 10, y: 10 }, { erase: true });
  editor.lift();
  segments.eachRun(segments.at(10, 10, FINEST), (y, from) => assert.equal(editor.map.at(from, y), UNLABELLED));
});

test("recorded strokes over segments give the same bytes, and undo of everything the start mask", () => {
  const draw = () => {
    const editor = editorWithSegments();
    const next = random(21);
    for (let i = 0; i < 80; i++) {
      editor.choose(Math.floor(next() * 19));
      editor.resize(next() < 0.5 ? 1 : -1);
      editor.press({ x: next() * WIDTH, y: next() * HEIGHT }, { erase: next() < 0.1 });
      if (next() < 0.4) editor.drag({ x: next() * WIDTH, y: next() * HEIGHT });
      editor.lift();
    }
    return editor;
  };
  const [first, second] = [draw(), draw()];
  assert.equal(fingerprint(first.map), fingerprint(second.map));
  assert.equal(fingerprint(first.map), "97d3d16f1ccd049e931cb6faa8b8b7a2f48b2093f81a214e44e7eaee59dbe6b6");
  while (first.history.canUndo) first.undo();
  assert.ok(same(first.map.pixels, startMask(WIDTH, HEIGHT).pixels));
});

test("segments keep off what is locked", () => {
  const editor = editorWithSegments();
  const kept = editor.map.at(100, 77);
  editor.rules.toggleLock(kept);
  const before = editor.map.counts[kept];
  editor.scale = SCALES.length - 1;
  editor.choose(18);
  editor.press({ x: 100.5, y: 77.5 });
  editor.lift();
  assert.equal(editor.map.counts[kept], before);
  assert.ok(editor.map.counts[18] > 0);
});

test("a frame without segments has no segment tool", () => {
  const editor = new Editor(startMask(60, 40), { classes: 19 });
  assert.equal(editor.take("segment"), false);
  assert.equal(editor.tool, "brush");
});

test("what is shown under the pen leaves nothing behind", () => {
  const segments = drawnSegments(WIDTH, HEIGHT);
  const ghost = new Ghost(WIDTH, HEIGHT);
  for (const [x, y, scale] of [[5, 5, 0], [200, 100, 4], [201, 100, 4], [400, 250, 6]]) {
    const node = segments.at(x, y, scale);
    ghost.show(segments, [node], 3);
    assert.equal(ghost.map.counts[3], area(segments, node));
  }
  ghost.hide();
  assert.equal(ghost.map.counts[UNLABELLED], WIDTH * HEIGHT);
});
