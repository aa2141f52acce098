import assert from "node:assert/strict";
import { test } from "node:test";

import { GapWalk, findGaps } from "../../static/annotate/gaps.js";
import { LabelMap, UNLABELLED } from "../../static/annotate/label_map.js";
import { sweep } from "../../static/annotate/tools/brush.js";
import { fillBox } from "../../static/annotate/tools/rectangle.js";
import { random } from "./support.js";

/** @param {number} width @param {number} height */
const full = (width, height) => new LabelMap(width, height, new Uint8Array(width * height));

/** @param {LabelMap} map @returns {Set<number>[]} by flooding, pixel by pixel */
function flooded({ pixels, width, height }) {
  const seen = new Set();
  const regions = [];
  for (let start = 0; start < pixels.length; start++) {
    if (pixels[start] !== UNLABELLED || seen.has(start)) continue;
    const region = new Set([start]);
    for (const at of region) {
      seen.add(at);
      const sides = [at - width, at + width];
      if (at % width > 0) sides.push(at - 1);
      if (at % width < width - 1) sides.push(at + 1);
      for (const side of sides) if (side >= 0 && side < width * height && pixels[side] === UNLABELLED) region.add(side);
    }
    regions.push(region);
  }
  return regions;
}

test("every gap is found once, with its size, its bounds and a pixel inside", () => {
  const next = random(41);
  for (let round = 0; round < 40; round++) {
    const [width, height] = [20 + Math.floor(next() * 60), 20 + Math.floor(next() * 40)];
    const map = full(width, height);
    for (let i = 0; i < 12; i++) {
      const [a, b] = [0, 1].map(() => ({ x: next() * width, y: next() * height }));
      sweep(map, a, b, 1 + Math.floor(next() * 6), next() < 0.7 ? UNLABELLED : 1);
    }
    const gaps = findGaps(map);
    const regions = new Map(flooded(map).map((region) => [Math.min(...region), region]));
    assert.equal(gaps.length, regions.size);
    for (const gap of gaps) {
      const region = /** @type {Set<number>} */ (regions.get(gap.at));
      const [xs, ys] = [[...region].map((at) => at % width), [...region].map((at) => Math.floor(at / width))];
      assert.equal(gap.size, region.size);
      assert.deepEqual(
        [gap.left, gap.top, gap.right, gap.bottom],
        [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1],
      );
      assert.ok(region.has(gap.y * width + gap.x));
    }
    for (let i = 1; i < gaps.length; i++) assert.ok(gaps[i - 1].size >= gaps[i].size);
  }
});

test("the walk goes from the largest on, past what is labelled meanwhile, and round", () => {
  const map = full(200, 50);
  const boxes = [10, 20, 30, 40].map((side, i) => ({ left: i * 50, top: 0, right: i * 50 + side, bottom: side }));
  for (const box of boxes) fillBox(map, box, UNLABELLED);
  const walk = new GapWalk();
  assert.deepEqual([walk.step(1, findGaps(map))?.gap.size, walk.step(1, findGaps(map))?.gap.size], [1600, 900]);
  fillBox(map, boxes[2], 3);
  const third = walk.step(1, findGaps(map));
  assert.deepEqual([third?.gap.size, third?.number, third?.of], [400, 2, 3]);
  assert.equal(walk.step(-1, findGaps(map))?.gap.size, 1600);
  assert.equal(walk.step(-1, findGaps(map))?.gap.size, 100);
  assert.equal(walk.step(1, findGaps(map))?.gap.size, 1600);
  for (const box of boxes) fillBox(map, box, 3);
  assert.equal(walk.step(1, findGaps(map)), null);
});

test("gaps of one size are each visited", () => {
  const map = full(90, 10);
  for (const left of [0, 30, 60]) fillBox(map, { left, top: 2, right: left + 5, bottom: 7 }, UNLABELLED);
  const walk = new GapWalk();
  assert.deepEqual([1, 2, 3, 4].map(() => walk.step(1, findGaps(map))?.gap.left), [0, 30, 60, 0]);
});
