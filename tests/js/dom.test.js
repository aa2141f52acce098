import assert from "node:assert/strict";
import { test } from "node:test";

import { disable, reveal } from "../../static/annotate/dom.js";

test("what is disabled or hidden while it has the focus gives it to the frame", (context) => {
  const parts = Object.fromEntries(["#stage", "#undo", "#bar"].map((id) => {
    const part = { disabled: false, hidden: false, focus: () => (document.activeElement = part), contains: (/** @type {any} */ other) => other === part };
    return [id, part];
  }));
  globalThis.document = /** @type {any} */ ({ querySelector: (/** @type {string} */ id) => parts[id] });
  context.after(() => delete globalThis.document);
  for (const [id, goes] of /** @type {[string, () => void][]} */ ([["#undo", () => disable("#undo", true)], ["#bar", () => reveal("#bar", false)]])) {
    parts[id].focus();
    goes();
    assert.equal(document.activeElement, parts["#stage"], id);
  }
  parts["#undo"].focus();
  disable("#undo", false);
  assert.equal(document.activeElement, parts["#undo"]);
});
