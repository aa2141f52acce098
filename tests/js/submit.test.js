import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { wireSubmit } from "../../static/annotate/submit.js";
import { startMask } from "./support.js";

/** A page with a submit button, whose checks find what they are let go with. */
function desk(context) {
  const parts = new Map();
  const part = () => {
    const one = Object.assign(new EventTarget(), { open: false, value: "", showModal: () => (one.open = true), close: () => (one.open = false), contains: () => false });
    return Object.assign(one, { replaceChildren() {}, append() {}, setAttribute() {} });
  };
  const querySelector = (/** @type {string} */ id) => parts.get(id) ?? parts.set(id, part()).get(id);
  globalThis.document = /** @type {any} */ ({ querySelector, createElement: part });
  context.after(() => delete globalThis.document);
  const editor = new Editor(startMask(80, 60), { classes: 7 });
  editor.choose(3);
  /** @type {((findings: object[]) => void)[]} */
  const checks = [];
  const page = {
    editor,
    submitted: 0,
    part: (/** @type {string} */ id) => parts.get(id),
    problem: () => parts.get("#problem-text")?.textContent,
    /** @type {() => Promise<object[]>} */
    absorbed: () => Promise.reject(new Error("the worker died")),
  };
  const { commands } = wireSubmit(/** @type {any} */ ({
    setup: { classes: [], checks: {} },
    editor,
    looker: { check: () => new Promise((resolve) => checks.push(resolve)), absorbed: () => page.absorbed() },
    saving: { submit: async () => (page.submitted++, null) },
  }));
  /** @param {() => void} [meanwhile] what the person does while the mask is looked at @param {object[]} [findings] */
  const submit = async (meanwhile = () => {}, findings = []) => {
    const done = commands[0].run();
    meanwhile();
    checks.pop()?.(findings);
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

test("what was found is neither overruled nor mended in a mask that changed under the dialog", async (context) => {
  const page = desk(context);
  const { editor } = page;
  const findings = [{ kind: "hole", text: "fog", count: 1, places: [] }];
  const merges = () => editor.replace(editor.map.pixels.map((value) => (value === 3 ? 2 : 3)), "merge");
  const overrules = () => page.part("#findings-form").dispatchEvent(new Event("submit"));
  await page.submit(() => {}, findings);
  assert.ok(page.part("#findings").open);
  page.part("#word").value = "it is fog";
  merges();
  overrules();
  assert.deepEqual([page.submitted, page.part("#findings").open], [0, false]);
  assert.match(page.problem(), /changed after it was looked at/);
  await page.submit(() => {}, findings);
  overrules();
  assert.equal(page.submitted, 1);

  const absorbs = () => (page.part("#absorb").dispatchEvent(new Event("click")), new Promise((resolve) => setImmediate(resolve)));
  await absorbs();
  assert.match(page.problem(), /could not be looked for/);
  page.absorbed = async () => [];
  merges();
  await absorbs();
  assert.match(page.problem(), /changed after it was looked at/);
});
