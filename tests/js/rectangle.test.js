import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { LabelMap, UNLABELLED, same } from "../../static/annotate/label_map.js";
import { random, startMask } from "./support.js";

const CLASS = 18;

/** @param {LabelMap} map @param {import("../../static/annotate/editor.js").ToolName} tool */
function editorWith(map, tool) {
  const editor = new Editor(map, { classes: 19 });
  editor.choose(CLASS);
  editor.take(tool);
  return editor;
}

/** @param {Editor} editor @param {[number, number]} from @param {[number, number]} to @param {object} [how] */
function draw(editor, [x, y], [toX, toY], how) {
  editor.press({ x, y }, how);
  editor.drag({ x: (x + toX) / 2, y: toY });
  editor.drag({ x: toX, y: toY });
  editor.lift();
}

test("a rectangle covers exactly the pixels whose centres lie inside, whichever corner comes first", () => {
  const next = random(21);
  for (let round = 0; round < 100; round++) {
    const map = startMask(90, 70);
    const before = map.pixels.slice();
    const [a, b] = [[next() * 110 - 10, next() * 90 - 10], [next() * 110 - 10, next() * 90 - 10]];
    draw(editorWith(map, "rectangle"), a, b);
    for (let y = 0; y < 70; y++) {
      for (let x = 0; x < 90; x++) {
        const within = (at, one, other) => at > Math.min(one, other) && at < Math.max(one, other);
        const inside = within(x + 0.5, a[0], b[0]) && within(y + 0.5, a[1], b[1]);
        assert.equal(map.at(x, y), inside ? CLASS : before[y * 90 + x], `${x},${y}`);
      }
    }
  }
});

test("a rectangle is one stroke: undone whole, dropped by a second finger or Escape, erasing with the other button", () => {
  const map = startMask(200, 150);
  const before = map.pixels.slice();
  const editor = editorWith(map, "rectangle");
  editor.press({ x: 10, y: 10 });
  editor.drag({ x: 100, y: 100 });
  assert.ok(editor.busy);
  assert.ok(same(map.pixels, before), "nothing is painted before the pen goes up");
  editor.undo();
  assert.ok(!editor.busy);
  editor.lift();
  assert.equal(editor.history.past.length, 0);
  draw(editor, [10, 10], [100, 100]);
  assert.equal(map.counts[CLASS], 90 * 90);
  draw(editor, [20, 20], [30, 30], { erase: true });
  assert.equal(map.counts[UNLABELLED], 100);
  editor.undo();
  editor.undo();
  assert.ok(same(map.pixels, before));
});

test("a rectangle that is but a click paints nothing", () => {
  const editor = editorWith(startMask(50, 50), "rectangle");
  draw(editor, [10.2, 10.2], [10.3, 10.3]);
  assert.equal(editor.history.past.length, 0);
});

test("replace takes the class under its first corner, inside its rectangle, joined or not", () => {
  const map = startMask(300, 200);
  const before = map.pixels.slice();
  const old = map.at(20, 20);
  draw(editorWith(map, "replace"), [20, 20], [280, 180]);
  for (let y = 0; y < 200; y++) {
    for (let x = 0; x < 300; x++) {
      const inside = x >= 20 && x < 280 && y >= 20 && y < 180;
      const was = before[y * 300 + x];
      assert.equal(map.at(x, y), inside && was === old ? CLASS : was);
    }
  }
  assert.ok(startMask(300, 200).counts[old] > map.counts[old]);
});

test("replace reaches patches that are not joined", () => {
  const map = new LabelMap(60, 20, new Uint8Array(1200));
  for (const x of [5, 25, 45]) for (let y = 5; y < 10; y++) map.span(y, x, x + 5, 3);
  const editor = editorWith(map, "replace");
  draw(editor, [5, 5], [40, 19]);
  assert.deepEqual([map.counts[CLASS], map.counts[3]], [50, 25]);
  editor.undo();
  assert.equal(map.counts[3], 75);
});

test("a click of the replace tool, or of fill with shift, replaces the region under it", () => {
  for (const tool of /** @type {const} */ (["replace", "fill"])) {
    const [map, filled] = [startMask(300, 200), startMask(300, 200)];
    draw(editorWith(map, tool), [20, 20], [20, 20], { replace: true });
    const editor = editorWith(filled, "fill");
    editor.press({ x: 20, y: 20 });
    assert.ok(same(map.pixels, filled.pixels));
    assert.ok(map.counts[CLASS] > 0);
  }
});

test("replace that begins outside of the frame does nothing", () => {
  const editor = editorWith(startMask(50, 50), "replace");
  draw(editor, [-5, 10], [40, 40]);
  assert.equal(editor.history.past.length, 0);
});
