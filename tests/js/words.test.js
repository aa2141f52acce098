import assert from "node:assert/strict";
import { test } from "node:test";

import { duration } from "../../static/annotate/words.js";

test("a duration is told in whole minutes from one minute on", () => {
  assert.deepEqual([0, 40.4, 59.4, 59.6, 89, 119, 120, 1800].map(duration), ["0 s", "40 s", "59 s", "1 min", "1 min", "1 min", "2 min", "30 min"]);
});
