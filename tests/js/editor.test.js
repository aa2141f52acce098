import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { LabelMap, TILE, UNLABELLED, same } from "../../static/annotate/label_map.js";
import { scribble, startMask } from "./support.js";

/** @param {LabelMap} map */
const fingerprint = (map) => createHash("sha256").update(map.pixels).digest("hex");

test("the same strokes give the same bytes, on every run and every machine", () => {
  const draw = () => {
    const editor = new Editor(startMask(700, 413), { classes: 19 });
    scribble(editor, 7, 300);
    return fingerprint(editor.map);
  };
  const first = draw();
  assert.equal(draw(), first);
  assert.notEqual(first, fingerprint(startMask(700, 413)));
  assert.equal(first, "4a2efb11a348050771f2b90bd630344660a77438c80ec8c5fab778fcc57dfae9");
});

test("undo of everything gives the start mask, redo of everything the end", () => {
  const start = startMask(700, 413);
  const editor = new Editor(start, { classes: 19 });
  const before = start.pixels.slice();
  scribble(editor, 11, 200);
  while (editor.history.canRedo) editor.redo();
  const after = editor.map.pixels.slice();
  assert.ok(editor.history.past.length > 50);
  while (editor.history.canUndo) editor.undo();
  assert.ok(same(editor.map.pixels, before));
  while (editor.history.canRedo) editor.redo();
  assert.ok(same(editor.map.pixels, after));
});

test("the counts of classes follow every stroke, undo and redo", () => {
  const editor = new Editor(startMask(300, 200), { classes: 19 });
  scribble(editor, 3, 150);
  const counted = new Uint32Array(256);
  for (const value of editor.map.pixels) counted[value]++;
  assert.deepEqual([...editor.map.counts], [...counted]);
});

test("history forgets the oldest strokes beyond its budget and keeps the others right", () => {
  const editor = new Editor(startMask(700, 413), { classes: 19, budget: 200_000 });
  scribble(editor, 5, 120);
  assert.ok(editor.history.bytes <= 200_000, `${editor.history.bytes}`);
  const before = editor.map.pixels.slice();
  const steps = editor.history.past.length;
  for (let i = 0; i < steps; i++) editor.undo();
  assert.ok(!same(editor.map.pixels, before));
  for (let i = 0; i < steps; i++) editor.redo();
  assert.ok(same(editor.map.pixels, before));
});

test("a stroke that changes nothing is no stroke", () => {
  const editor = new Editor(new LabelMap(100, 100, new Uint8Array(100 * 100)), { classes: 19 });
  editor.choose(0);
  editor.press({ x: 50, y: 50 });
  editor.lift();
  assert.equal(editor.history.canUndo, false);
  assert.equal(editor.revision, 0);
});

test("a stroke that is cancelled leaves no trace", () => {
  const editor = new Editor(startMask(300, 200), { classes: 19 });
  const before = editor.map.pixels.slice();
  editor.choose(9);
  editor.press({ x: 10, y: 10 });
  editor.drag({ x: 250, y: 150 });
  assert.ok(!same(editor.map.pixels, before));
  editor.cancel();
  assert.ok(same(editor.map.pixels, before));
  assert.equal(editor.history.canUndo, false);
});

test("only tiles that changed are marked for the painter", () => {
  const map = new LabelMap(2048, 1024, new Uint8Array(2048 * 1024));
  const dirty = map.watch();
  const editor = new Editor(map, { classes: 19 });
  editor.choose(4);
  editor.size = 40;
  editor.press({ x: 10 * TILE, y: 3 * TILE });
  const columns = 2048 / TILE;
  assert.deepEqual(dirty.take().sort((a, b) => a - b), [2 * columns + 9, 2 * columns + 10, 3 * columns + 9, 3 * columns + 10]);
  assert.deepEqual(dirty.take(), []);
});

test("classes that may not be painted over stay", () => {
  const map = startMask(300, 200);
  const kept = map.counts[2];
  const editor = new Editor(map, { classes: 19 });
  editor.rules.toggleLock(2);
  editor.choose(18);
  editor.size = 160;
  editor.press({ x: 0, y: 0 });
  editor.drag({ x: 300, y: 200 });
  editor.lift();
  assert.equal(map.counts[2], kept);
  assert.ok(map.counts[18] > 10_000);
});

test("taking over another mask can be undone", () => {
  const editor = new Editor(startMask(300, 200), { classes: 19 });
  const mine = editor.map.pixels.slice();
  const theirs = new Uint8Array(300 * 200).fill(UNLABELLED);
  editor.replace(theirs, "theirs");
  assert.equal(editor.map.unlabelledShare, 1);
  editor.undo();
  assert.ok(same(editor.map.pixels, mine));
});

test("a stroke that is dropped counts as a change: a save may have sent its beginning", () => {
  const start = startMask(300, 200);
  const before = start.pixels.slice();
  const editor = new Editor(start, { classes: 19 });
  let changes = 0;
  editor.onChange = () => changes++;
  editor.press({ x: 20, y: 20 });
  editor.drag({ x: 120, y: 90 });
  assert.ok(!same(editor.map.pixels, before));
  editor.cancel();
  assert.ok(same(editor.map.pixels, before));
  assert.equal(changes, 1);
  editor.cancel();
  assert.equal(changes, 1, "nothing was open any more");
});

test("while a frame is being submitted nothing changes it", () => {
  const editor = new Editor(startMask(300, 200), { classes: 19 });
  editor.press({ x: 20, y: 20 });
  editor.lift();
  const before = editor.map.pixels.slice();
  editor.frozen = true;
  editor.press({ x: 150, y: 150 });
  editor.lift();
  editor.take("fill");
  editor.press({ x: 5, y: 5 });
  editor.undo();
  editor.redo();
  assert.ok(same(editor.map.pixels, before));
});
