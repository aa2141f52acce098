import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { LabelMap, ORIGIN, UNLABELLED, same } from "../../static/annotate/label_map.js";
import { applyChange, changeOf, pack } from "../../static/annotate/runs.js";
import { scribble, startMask } from "./support.js";

test("a tile's runs are what the server's own description says", () => {
  const map = new LabelMap(70, 66);
  map.origin = ORIGIN.segment;
  map.span(64, 64, 70, 5);
  // The tile at the corner: 6 pixels of class 5 from a segment, 6 unlabelled of the model's.
  assert.deepEqual([...changeOf(map, [3])], [3, 0, 0, 0, 2, 0, 0, 0, 6, 0, 5, 1, 6, 0, 255, 0]);
  assert.deepEqual([...pack(new Uint8Array(300).fill(2), new Uint8Array(300))], [44, 1, 2, 0]);
});

test("tiles that changed, sent as runs, make the other map the same, origins too", () => {
  const editor = new Editor(startMask(700, 413), { classes: 19 });
  const other = startMask(700, 413);
  const dirty = editor.map.watch();
  scribble(editor, 21, 120);
  const tiles = dirty.take();
  assert.deepEqual(applyChange(other, changeOf(editor.map, tiles)), tiles);
  assert.ok(same(other.pixels, editor.map.pixels));
  assert.ok(same(other.origins, editor.map.origins));
  assert.deepEqual(other.counts, editor.map.counts);
});

test("what nobody touched stays the model's, through undo and redo", () => {
  const editor = new Editor(startMask(300, 200), { classes: 19 });
  const { map, history } = editor;
  const count = (origin) => map.origins.reduce((sum, one) => sum + (one === origin), 0);
  editor.choose(18);
  editor.press({ x: 50, y: 50 });
  editor.lift();
  const drawn = count(ORIGIN.hand);
  assert.ok(drawn > 200 && drawn + count(ORIGIN.model) === 300 * 200);
  history.begin("segment", "segment");
  map.span(50, 45, 300, 7);
  history.end();
  assert.equal(count(ORIGIN.segment), 255);
  const both = map.origins.slice();
  editor.undo();
  assert.deepEqual([count(ORIGIN.hand), count(ORIGIN.segment)], [drawn, 0]);
  editor.undo();
  assert.equal(count(ORIGIN.model), 300 * 200);
  editor.redo();
  editor.redo();
  assert.ok(same(map.origins, both));
});

test("another mask brings its origins along; without them what it changes counts as drawn", () => {
  const editor = new Editor(new LabelMap(80, 70), { classes: 19 });
  const pixels = new Uint8Array(80 * 70).fill(UNLABELLED);
  pixels[79] = 3;
  editor.replace(pixels.slice(), "filled");
  assert.deepEqual([editor.map.origins[78], editor.map.origins[79]], [ORIGIN.model, ORIGIN.hand]);
  const origins = new Uint8Array(80 * 70).fill(ORIGIN.propagate);
  editor.replace(pixels, "version 4", origins);
  assert.ok(same(editor.map.origins, origins));
});

test("strokes of an earlier visit can be undone and redone in this one", () => {
  const start = startMask(300, 200);
  const before = start.pixels.slice();
  const first = new Editor(start, { classes: 19 });
  scribble(first, 9, 60);
  const drawn = first.map.pixels.slice();
  const kept = structuredClone({ past: first.history.past, future: first.history.future });
  const second = new Editor(new LabelMap(300, 200, drawn.slice()), { classes: 19 });
  second.history.restore(kept);
  assert.equal(second.history.bytes, first.history.bytes);
  while (second.history.canUndo) second.undo();
  assert.ok(same(second.map.pixels, before));
  while (first.history.canRedo) first.redo();
  while (second.history.canRedo) second.redo();
  assert.ok(same(second.map.pixels, first.map.pixels));
});
