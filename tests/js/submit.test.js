import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { wireSubmit } from "../../static/annotate/submit.js";
import { startMask } from "./support.js";

/** A page with a submit button, whose checks find nothing once they are let go. */
function desk(context) {
  const parts = new Map();
  const part = () => {
    const one = Object.assign(new EventTarget(), { open: false, showModal: () => (one.open = true), close: () => (one.open = false), contains: () => false });
    return one;
  };
  globalThis.document = /** @type {any} */ ({ querySelector: (/** @type {string} */ id) => parts.get(id) ?? parts.set(id, part()).get(id) });
  context.after(() => delete globalThis.document);
  const editor = new Editor(startMask(80, 60), { classes: 7 });
  editor.choose(3);
  /** @type {((findings: []) => void)[]} */
  const checks = [];
  const page = { editor, submitted: 0, problem: () => parts.get("#problem-text")?.textContent };
  const { commands } = wireSubmit(/** @type {any} */ ({
    setup: { classes: [] },
    editor,
    looker: { check: () => new Promise((resolve) => checks.push(resolve)) },
    saving: { submit: async () => (page.submitted++, null) },
  }));
  /** @param {() => void} [meanwhile] what the person does while the mask is looked at */
  const submit = async (meanwhile = () => {}) => {
    const done = commands[0].run();
    meanwhile();
    checks.pop()?.([]);
    await done;
  };
  return Object.assign(page, { submit });
}

test("what is drawn while the mask is looked at is neither submitted unseen nor dropped", async (context) => {
  const page = desk(context);
  const { editor } = page;
  await page.submit(() => (editor.press({ x: 20, y: 20 }), editor.lift()));
  assert.match(page.problem(), /drew on/);
  await page.submit(() => editor.press({ x: 60, y: 20 }));
  assert.match(page.problem(), /drew on/);
  await page.submit(() => {
    editor.take("polygon");
    for (const [x, y] of [[10, 10], [60, 10], [60, 50]]) editor.press({ x, y });
    editor.lift();
  });
  assert.match(page.problem(), /polygon is still open/);
  assert.deepEqual([editor.polygon.corners.length, page.submitted], [3, 0]);
  editor.closePolygon();
  await page.submit();
  assert.equal(page.submitted, 1);
});
