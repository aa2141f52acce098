import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { UNLABELLED, same } from "../../static/annotate/label_map.js";
import { EVERYTHING } from "../../static/annotate/rules.js";
import { drawnSegments, scribble, startMask } from "./support.js";

/** A frame with a hole of no class in its middle, and a brush that covers most of it. */
function scene() {
  const map = startMask(300, 200);
  for (let y = 80; y < 120; y++) map.span(y, 100, 200, UNLABELLED);
  const editor = new Editor(map, { classes: 19 });
  editor.choose(18);
  editor.size = 160;
  const stroke = () => {
    editor.press({ x: 0, y: 100 });
    editor.drag({ x: 300, y: 100 });
    editor.lift();
  };
  return { map, editor, stroke, before: map.pixels.slice() };
}

test("painting only over what is unlabelled touches no labelled pixel", () => {
  const { map, editor, stroke, before } = scene();
  editor.rules.toggleUnlabelled();
  stroke();
  assert.equal(map.counts[UNLABELLED], 0);
  for (let i = 0; i < before.length; i++) assert.equal(map.pixels[i], before[i] === UNLABELLED ? 18 : before[i]);
  editor.rules.toggleUnlabelled();
  assert.equal(editor.rules.over, EVERYTHING);
});

test("painting only over one class touches no other", () => {
  const { map, editor, stroke, before } = scene();
  editor.rules.over = 3;
  stroke();
  assert.ok(map.counts[18] > 0);
  for (let i = 0; i < before.length; i++) if (map.pixels[i] !== before[i]) assert.equal(before[i], 3);
});

test("a locked class is painted over by no tool, and by none in any mode", () => {
  const { map, editor } = scene();
  editor.rules.toggleLock(2);
  editor.rules.toggleLock(5);
  const locked = [...map.pixels.keys()].filter((i) => map.pixels[i] === 2 || map.pixels[i] === 5);
  for (const over of [EVERYTHING, 2, 5, UNLABELLED]) {
    editor.rules.over = over;
    scribble(editor, 31 + over, 60);
    editor.take("rectangle");
    editor.press({ x: 0, y: 0 });
    editor.lift();
    editor.press({ x: -1, y: -1 }, { erase: over === 2 });
    editor.drag({ x: 301, y: 201 });
    editor.lift();
  }
  const value = (/** @type {number} */ i) => map.pixels[i];
  assert.ok(locked.length > 1000);
  assert.ok(locked.every((i) => value(i) === 2 || value(i) === 5));
});

test("a tool that painted nothing says what it was set on, and only where that is the reason", () => {
  const { editor, stroke } = scene();
  /** @type {number[]} */
  const refused = [];
  editor.onRefused = (value) => refused.push(value);
  const under = editor.map.at(10, 10);
  editor.rules.toggleLock(under);
  editor.take("fill");
  editor.press({ x: 10, y: 10 });
  editor.take("brush");
  editor.size = 8;
  editor.press({ x: 10, y: 10 }), editor.lift();
  assert.deepEqual(refused, [under, under]);
  editor.choose(under);
  editor.press({ x: 10, y: 10 }), editor.lift();
  assert.equal(refused.length, 2, "it has that class already");
  editor.choose(18);
  stroke();
  editor.press({ x: 150, y: 100 }), editor.lift();
  assert.equal(refused.length, 2, "painted, and then painted the same");
  editor.rules.over = UNLABELLED;
  editor.choose(3);
  editor.press({ x: 150, y: 100 }), editor.lift();
  assert.equal(refused[2], 18);
  editor.rules.locked.add(18);
  editor.segments = drawnSegments(300, 200);
  assert.equal(editor.paintSegment(editor.segments.at(10, 10, 0)), false);
  assert.equal(refused.length, 3, "no pen was set on anything");
});

test("specks of a locked class stay when the others take the class around them", () => {
  const { map, editor } = scene();
  map.span(10, 10, 12, 17);
  map.span(20, 10, 12, 16);
  editor.rules.toggleLock(17);
  editor.rules.over = 4;
  const parts = [10, 20].map((y) => ({ runs: /** @type {[number, number][]} */ ([[y * 300 + 10, y * 300 + 12]]), value: 0 }));
  assert.equal(editor.paintRuns("absorb specks", parts), 1);
  assert.deepEqual([map.counts[17], map.counts[16]], [2, 0]);
});

test("the eraser erases where only what is unlabelled is painted over, and stays within one chosen class", () => {
  const { map, editor, stroke } = scene();
  editor.take("eraser");
  editor.rules.over = UNLABELLED;
  stroke();
  assert.ok(map.counts[UNLABELLED] > 40_000);
  editor.undo();
  const others = 300 * 200 - map.counts[4] - map.counts[UNLABELLED];
  editor.rules.over = 4;
  stroke();
  assert.equal(300 * 200 - map.counts[4] - map.counts[UNLABELLED], others);
  assert.ok(map.counts[UNLABELLED] > 4000);
});

test("undo and another mask pay no heed to locks", () => {
  const { map, editor, stroke, before } = scene();
  stroke();
  editor.rules.toggleLock(18);
  editor.undo();
  assert.ok(same(map.pixels, before));
  editor.rules.toggleLock(2);
  editor.replace(new Uint8Array(before.length).fill(7), "theirs");
  assert.equal(map.counts[7], before.length);
});
