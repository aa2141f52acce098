import assert from "node:assert/strict";
import { test } from "node:test";

import { grouped } from "../../static/annotate/versions.js";

const MINUTE = 60_000;

test("saves of one person within ten minutes are one group; the model and others have their own", () => {
  const versions = [
    [7, "Ada", 31],
    [6, "Ada", 30],
    [5, "Ada", 22],
    [4, "Ada", 20],
    [3, "Bea", 19],
    [2, "Ada", 18],
    [1, "the model", 17, "start"],
  ].map(([version, who, minute, kind = "saved"]) => ({ version, who, kind, at: minute * MINUTE }));
  assert.deepEqual(grouped(versions).map((group) => group.map(({ version }) => version)), [[7, 6, 5], [4], [3], [2], [1]]);
  assert.deepEqual(grouped([]), []);
});
