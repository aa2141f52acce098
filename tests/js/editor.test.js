import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { LabelMap, TILE, UNLABELLED, same } from "../../static/annotate/label_map.js";
import { drawnSegments, scribble, startMask } from "./support.js";

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

test("a tool's key a moment before the button goes up ends the stroke and keeps it", () => {
  for (const act of [(editor) => editor.take("fill"), (editor) => editor.choose(3)]) {
    const editor = new Editor(startMask(300, 200), { classes: 19 });
    editor.take("eraser");
    editor.press({ x: 10, y: 10 });
    editor.drag({ x: 200, y: 10 });
    act(editor);
    editor.drag({ x: 200, y: 190 });
    editor.lift();
    assert.deepEqual([editor.map.at(100, 10), editor.map.at(200, 100) === UNLABELLED], [UNLABELLED, false]);
    assert.equal(editor.history.past.length, 1);
  }
  const editor = new Editor(startMask(300, 200), { classes: 19 });
  editor.choose(18);
  editor.take("rectangle");
  editor.press({ x: 10, y: 10 });
  editor.drag({ x: 60, y: 60 });
  editor.take("brush");
  editor.lift();
  assert.equal(editor.map.counts[18], 2500);
});

test("whatever is pressed during a stroke, all of it is one change that can be undone", () => {
  const start = startMask(420, 260);
  const before = start.pixels.slice();
  const editor = new Editor(start, { classes: 19 });
  editor.segments = drawnSegments(420, 260);
  editor.choose(18);
  editor.press({ x: 10, y: 10 });
  editor.drag({ x: 200, y: 100 });
  assert.equal(editor.paintSegment(0), false);
  editor.press({ x: 300, y: 200 });
  editor.drag({ x: 400, y: 250 });
  editor.lift();
  assert.deepEqual([editor.map.at(100, 55), editor.map.at(300, 175)], [18, 18]);
  assert.equal(editor.history.past.length, 1);
  editor.undo();
  assert.ok(same(editor.map.pixels, before));
});

test("with the unlabelled in the hand every tool erases", () => {
  const erased = (tool, draw) => {
    const editor = new Editor(startMask(420, 260), { classes: 19 });
    editor.segments = drawnSegments(420, 260);
    editor.take(tool);
    assert.ok(editor.choose(UNLABELLED));
    draw(editor);
    assert.equal(editor.history.past.length, 1, tool);
    return editor.map.counts[UNLABELLED];
  };
  const drag = (editor) => (editor.press({ x: 10, y: 10 }), editor.drag({ x: 90, y: 90 }), editor.lift());
  for (const tool of ["brush", "eraser", "segment", "rectangle", "replace", "fill"]) assert.ok(erased(tool, drag) > 100, tool);
  assert.ok(erased("propagate", (editor) => (drag(editor), editor.accept())) > 100);
  const corners = (editor) => [[10, 10], [90, 10], [90, 90]].forEach(([x, y]) => editor.press({ x, y }));
  assert.ok(erased("polygon", (editor) => (corners(editor), editor.closePolygon())) > 100);
  assert.equal(new Editor(startMask(9, 9), { classes: 19 }).choose(19), false);
});

test("a merge is taken out only by the second undo: it holds another person's work", () => {
  const editor = new Editor(startMask(300, 200), { classes: 19 });
  const before = editor.map.pixels.slice();
  editor.replace(new Uint8Array(300 * 200).fill(7), "merge");
  const asked = editor.undo();
  assert.deepEqual([asked?.stroke.name, asked?.done, editor.map.counts[7]], ["merge", false, 300 * 200]);
  editor.choose(3);
  editor.press({ x: 20, y: 20 });
  editor.lift();
  assert.deepEqual([editor.undo()?.stroke.name, editor.undo()?.done, editor.undo()?.done], ["brush", false, true]);
  assert.ok(same(editor.map.pixels, before));
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
  editor.frozen = false;
  editor.take("polygon");
  for (const [x, y] of [[10, 10], [90, 10], [90, 90]]) editor.press({ x, y });
  editor.frozen = true;
  editor.closePolygon();
  assert.equal(editor.polygon.corners.length, 3, "it is still there after a submission that failed");
});
