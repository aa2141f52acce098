import assert from "node:assert/strict";
import { test } from "node:test";

import { absorbed, check } from "../../static/annotate/checks.js";
import { LabelMap, UNLABELLED } from "../../static/annotate/label_map.js";

const NAMES = ["road", "sky", "car"];
const NOTHING = { unlabelled_percent: 100, speck_pixels: 0, never_touch: [] };

/** Road below, car above it. */
function street() {
  const map = new LabelMap(200, 100, new Uint8Array(200 * 100));
  for (let y = 0; y < 50; y++) map.span(y, 0, 200, 2);
  return map;
}

test("a clean mask has no findings", () => {
  assert.deepEqual(check(street(), { unlabelled_percent: 0, speck_pixels: 12, never_touch: [["road", "sky"]] }, NAMES), []);
});

test("too much unlabelled is found with its regions, the largest first; the limit itself is allowed", () => {
  const map = street();
  for (let y = 60; y < 70; y++) map.span(y, 20, 60, UNLABELLED);
  map.span(90, 100, 200, UNLABELLED);
  const [finding] = check(map, { ...NOTHING, unlabelled_percent: 2 }, NAMES);
  assert.equal(finding.text, "2.5 % is unlabelled; this project allows 2 %");
  assert.deepEqual(finding.places.map(({ bounds }) => bounds), [{ left: 20, top: 60, right: 60, bottom: 70 }, { left: 100, top: 90, right: 200, bottom: 91 }]);
  assert.deepEqual(check(map, { ...NOTHING, unlabelled_percent: 2.5 }, NAMES), []);
});

test("specks are regions below so many pixels, of any class; corners do not join", () => {
  const map = street();
  map.span(80, 10, 13, 1);
  map.span(81, 13, 16, 1);
  map.span(20, 0, 2, UNLABELLED);
  map.span(90, 100, 104, 1);
  const [finding] = check(map, { ...NOTHING, speck_pixels: 4 }, NAMES);
  assert.equal(finding.text, "3 specks of less than 4 pixels");
  assert.deepEqual(finding.places.map(({ text }) => text), ["sky, 3 pixels", "sky, 3 pixels", "unlabelled, 2 pixels"]);
  assert.deepEqual(finding.places[2].bounds, { left: 0, top: 20, right: 2, bottom: 21 });
});

test("a speck takes the class that most of its rim has", () => {
  const map = street();
  // On the edge between car and road, three of its four longer sides on the road.
  map.span(50, 10, 12, 1);
  map.span(51, 10, 12, 1);
  map.span(99, 199, 200, 1);
  assert.deepEqual(absorbed(map, 5), [
    { runs: [[50 * 200 + 10, 50 * 200 + 12], [51 * 200 + 10, 51 * 200 + 12]], value: 0 },
    { runs: [[99 * 200 + 199, 99 * 200 + 200]], value: 0 },
  ]);
});

test("classes that never touch are found where they do, place by place", () => {
  const map = street();
  for (let y = 20; y < 30; y++) map.span(y, 100, 110, 1);
  for (let y = 80; y < 90; y++) map.span(y, 10, 30, 1);
  const findings = check(map, { ...NOTHING, never_touch: [["sky", "road"], ["sky", "rider"]] }, NAMES);
  assert.deepEqual(findings.map(({ text, count }) => [text, count]), [["sky beside road, which never are here", 1]]);
  const { left, top, right, bottom } = findings[0].places[0].bounds;
  assert.ok(left <= 9 && top <= 79 && right >= 30 && bottom >= 90 && right <= 64 && top >= 64);
  assert.equal(check(map, { ...NOTHING, never_touch: [["car", "sky"]] }, NAMES)[0].places[0].text, "along 40 pixels");
});
