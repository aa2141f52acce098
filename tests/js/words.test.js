import assert from "node:assert/strict";
import { test } from "node:test";

import { duration, percentText } from "../../static/annotate/words.js";

test("a duration is told in whole minutes from one minute on", () => {
  assert.deepEqual([0, 40.4, 59.4, 59.6, 89, 119, 120, 1800].map(duration), ["0 s", "40 s", "59 s", "1 min", "1 min", "1 min", "2 min", "30 min"]);
});

test("a share that is little is not told as nothing", () => {
  assert.deepEqual([0, 0.0004, 0.04, 0.05, 9.94, 9.96, 100].map(percentText), ["0.0 %", "< 0.1 %", "< 0.1 %", "0.1 %", "9.9 %", "10 %", "100 %"]);
});
