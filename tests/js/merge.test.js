import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { same } from "../../static/annotate/label_map.js";
import { Merge } from "../../static/annotate/merge.js";
import { startMask } from "./support.js";

/** @param {number} value @param {[number, number, number, number][]} lines */
function drawn(value, lines) {
  const editor = new Editor(startMask(400, 300), { classes: 19 });
  editor.choose(value);
  editor.size = 11;
  for (const [x, y, toX, toY] of lines) {
    editor.press({ x, y });
    editor.drag({ x: toX, y: toY });
    editor.lift();
  }
  return editor.map;
}

test("strokes apart: both are kept without a word", () => {
  const base = startMask(400, 300);
  const merge = new Merge(drawn(10, [[30, 30, 200, 30]]), drawn(11, [[30, 200, 200, 200], [300, 30, 300, 90]]), base);
  assert.deepEqual(merge.regions.map(({ kind, choice }) => `${kind} ${choice}`), ["theirs theirs", "theirs theirs", "mine mine"]);
  const { pixels } = merge.result();
  assert.deepEqual([pixels[30 * 400 + 100], pixels[200 * 400 + 100], pixels[60 * 400 + 300]], [10, 11, 11]);
  const { left, right, top, bottom, size } = merge.regions[0];
  assert.ok(left <= 25 && right >= 205 && top <= 195 && bottom >= 205 && right - left < 200, `${left} ${right}`);
  assert.ok(size > 170 * 11 && size < 190 * 11);
});

test("a crossing is a region of its own, in which mine or theirs may be chosen", () => {
  const base = startMask(400, 300);
  const [mine, theirs] = [drawn(10, [[50, 100, 250, 100]]), drawn(11, [[150, 20, 150, 180]])];
  const merge = new Merge(mine, theirs, base);
  const both = merge.regions.filter(({ kind }) => kind === "both");
  assert.equal(both.length, 1);
  assert.equal(both[0].size, 121);
  const at = (pixels, x, y) => pixels[y * 400 + x];
  assert.equal(at(merge.result().pixels, 150, 100), 10);
  both[0].choice = "theirs";
  const { pixels, origins } = merge.result();
  assert.deepEqual([at(pixels, 150, 100), at(pixels, 60, 100), at(pixels, 150, 30)], [11, 10, 11]);
  assert.equal(at(origins, 150, 100), 3);
  for (const region of merge.regions) region.choice = "mine";
  assert.ok(same(merge.result().pixels, mine.pixels));
  for (const region of merge.regions) region.choice = "theirs";
  assert.ok(same(merge.result().pixels, theirs.pixels));
});

test("what both drew alike, and a version that holds nothing new, is nothing to choose", () => {
  const base = startMask(400, 300);
  const [earlier, mine] = [drawn(10, [[50, 100, 250, 100]]), drawn(10, [[50, 100, 250, 100], [50, 200, 90, 200]])];
  assert.equal(new Merge(mine, earlier, base).hasTheirs, false);
  assert.deepEqual(new Merge(mine, mine.clone(), base).regions, []);
});
