// @ts-check
/** Segments, propagation, the fix queue and the live wire as a person uses them, in headless Chromium. */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { Site, openBrowser } from "./support.js";

const FENCE = 4;

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {any} */
let site;
/** @type {any} */
let desk;

before(async () => {
  browser = await openBrowser();
});
beforeEach(async (context) => {
  site = await Site.open({ width: context.name.includes("2048x1024") ? 2048 : 512 });
  desk = await (await site.visitor(browser, "Ada")).opens(1);
  // Segments come after the frame, the queue after both them and the doubt.
  await desk.page.waitForSelector("#next-doubt:not(:disabled)");
});
after(() => browser?.close());
// After a failure too: a server that is left running would keep the tests from ending.
afterEach(async () => {
  await desk.page.context().close();
  await site.close();
  assert.deepEqual(desk.errors, []);
});
const editor = (/** @type {(editor: any) => any} */ read) => desk.page.evaluate(`(${read})(window.windlass.editor)`);
/** The panel follows with the next frame that is painted. */
const sizeIs = (/** @type {string} */ text) =>
  desk.page.waitForFunction((/** @type {string} */ text) => document.querySelector("#size-value")?.textContent === text, text);
const click = async (/** @type {number} */ x, /** @type {number} */ y) => {
  const point = await desk.at(x, y);
  await desk.page.mouse.click(point.x, point.y);
};

test("the segment under the pointer is shown, a click paints it, Shift and the wheel change the scale", async () => {
  const { page } = desk;
  await page.keyboard.press("z");
  await page.keyboard.press("5");
  const point = await desk.at(60, 200);
  await page.mouse.move(point.x, point.y);
  await page.waitForFunction(() => /** @type {any} */ (window).windlass.stage.painter.ghost.map.counts[4] > 0);
  const shown = await page.evaluate(() => /** @type {any} */ (window).windlass.stage.painter.ghost.map.counts[4]);
  await page.mouse.click(point.x, point.y);
  assert.equal(await editor((editor) => editor.map.counts[4]), shown);
  await page.keyboard.down("Shift");
  await page.mouse.wheel(0, -100);
  await page.keyboard.up("Shift");
  await sizeIs("50");
  await page.keyboard.press("[");
  await sizeIs("150");
  await desk.drags([[300, 200], [360, 210]]);
  assert.equal(await desk.classAt(330, 205), FENCE);
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  assert.equal(await editor((editor) => editor.map.counts[4]), 0);
  await desk.says("Saved v");
});

test("a scribble fills what looks like it, the extent is changed before Enter accepts", async () => {
  const { page } = desk;
  await page.keyboard.press("Shift+Z");
  await page.keyboard.press("5");
  await desk.drags([[200, 230], [260, 235]]);
  const ghost = () => page.evaluate(() => /** @type {any} */ (window).windlass.stage.painter.ghost.map.counts[4]);
  await page.waitForFunction(() => /** @type {any} */ (window).windlass.stage.painter.ghost.map.counts[4] > 0);
  assert.equal(await editor((editor) => editor.map.counts[4]), 0, "a preview paints nothing");
  const first = await ghost();
  for (let i = 0; i < 9; i++) await page.keyboard.press("[");
  await page.waitForFunction((first) => /** @type {any} */ (window).windlass.stage.painter.ghost.map.counts[4] < first, first);
  const least = await ghost();
  await page.keyboard.press("Enter");
  assert.equal(await editor((editor) => editor.map.counts[4]), least);
  await desk.drags([[200, 230], [260, 235]]);
  await page.keyboard.press("Escape");
  assert.equal(await editor((editor) => editor.map.counts[4]), least);
});

test("the fix queue goes from doubt to doubt: Enter accepts, a class's key corrects", async () => {
  const { page } = desk;
  const marked = () => page.evaluate(() => /** @type {any} */ (window).windlass.stage.marked);
  await page.keyboard.press("Shift+B");
  assert.equal(await page.textContent("#said"), "", "there is no way back from the beginning");
  await page.keyboard.press("Shift+D");
  const first = await marked();
  const before = await editor((editor) => editor.history.past.length);
  await page.keyboard.press("Enter");
  assert.equal(await editor((editor) => editor.history.past.length), before, "what is accepted stays as it is");
  const second = await marked();
  assert.notEqual(second, first);
  await page.keyboard.press("5");
  assert.notEqual(await marked(), second);
  assert.equal(await editor((editor) => editor.map.counts[4] > 0), true);
  assert.match((await page.textContent("#question-text")) ?? "", /^.+\? If not, choose its class\. 3 of /);
  await page.keyboard.press("Control+z");
  assert.equal(await marked(), second, "undo goes back to what it takes back");
  assert.equal(await editor((editor) => editor.map.counts[4]), 0);
  await page.keyboard.press("Shift+B");
  assert.equal(await marked(), first);
  await page.keyboard.press("Escape");
  assert.equal(await marked(), -1);
  assert.ok(await page.locator("#question").isHidden());
});

test("the fix queue by clicks alone; Enter after a click accepts, and what is open comes first", async () => {
  const { page } = desk;
  const looked = () => page.textContent("#question-text").then((text) => Number(/(\d+) of/.exec(text ?? "")?.[1]) - 1);
  await page.click("#next-doubt");
  await page.keyboard.press("Enter");
  await page.click("#doubt-right");
  assert.equal(await looked(), 2);
  await page.click("#classes li:nth-child(5) .class");
  assert.equal(await looked(), 3);
  assert.ok(await editor((editor) => editor.map.counts[4] > 0));
  await page.click("#doubt-back");
  assert.equal(await looked(), 2);
  await page.keyboard.press("s");
  await page.keyboard.press("6");
  await desk.hears(/Nothing was painted/);
  assert.equal(await looked(), 2, "what could not be corrected is not done");
  await page.keyboard.press("s");
  await page.click("[data-tool=polygon]");
  const { left, right, top, bottom } = await page.evaluate(() => /** @type {any} */ (window).windlass.stage.view.seen);
  for (const [x, y] of [[0.3, 0.4], [0.6, 0.4], [0.5, 0.7]]) await click(left + x * (right - left), top + y * (bottom - top));
  const before = await editor((editor) => editor.history.past.length);
  await page.keyboard.press("Enter");
  assert.deepEqual([await looked(), await editor((editor) => editor.history.past.length)], [2, before + 1]);
  await page.click("#doubt-leave");
  assert.ok(await page.locator("#question").isHidden());
});

test("by finger a preview is trimmed, accepted and dropped", async () => {
  const { page } = desk;
  const touch = async (/** @type {string} */ type, /** @type {[number, number][]} */ points) =>
    devtools.send("Input.dispatchTouchEvent", { type, touchPoints: await Promise.all(points.map(([x, y]) => desk.at(x, y))) });
  const devtools = await page.context().newCDPSession(page);
  const scribble = async (/** @type {[number, number]} */ from, /** @type {[number, number]} */ to) => {
    await touch("touchStart", [from]);
    await touch("touchMove", [to]);
    await touch("touchEnd", []);
  };
  const region = () => editor((editor) => editor.spread.region.length);
  await page.click("[data-tool=propagate]");
  await page.click("#classes li:nth-child(5) .class");
  await scribble([200, 230], [260, 235]);
  const all = await region();
  await page.click("#trim");
  await scribble([200, 230], [220, 232]);
  assert.ok((await region()) < all);
  await page.click("#close-pending");
  assert.ok(await editor((editor) => editor.map.counts[4] > 0));
  await scribble([200, 100], [220, 100]);
  await page.click("#drop-pending");
  assert.equal(await editor((editor) => editor.pending), null);
  await page.waitForSelector("#pending", { state: "hidden" });
  await desk.hears(/preview is dropped; undo brings it back/);
});

test("a polygon follows edges, its corners are moved, added and taken away before it is closed", async () => {
  const { page } = desk;
  const corners = () => editor((editor) => editor.polygon.corners.length);
  await page.keyboard.press("v");
  await page.keyboard.press("5");
  await page.keyboard.press("Shift+V");
  for (const [x, y] of [[100, 60], [300, 60], [300, 180], [100, 180]]) await click(x, y);
  assert.equal(await corners(), 4);
  assert.ok(await editor((editor) => editor.polygon.ring.length > 20), "it follows edges");
  await desk.drags([[300, 180], [350, 210]]);
  assert.equal(await corners(), 4, "a corner is moved");
  const { x, y } = await editor((editor) => editor.polygon.between(0)[60]);
  await click(x, y);
  assert.equal(await corners(), 5, "one is put between two");
  const added = await desk.at(x, y);
  await page.mouse.click(added.x, added.y, { button: "right" });
  assert.equal(await corners(), 4, "and taken away");
  await page.keyboard.press("Enter");
  assert.ok((await editor((editor) => editor.map.counts[4])) > 10_000, "about 25 000 pixels lie between the corners");
  assert.equal(await corners(), 0);
});

test("where doubts and segments cannot be read the page says so, and the rest of it works", async () => {
  for (const what of ["uncertainty", "segments"]) await desk.page.route(`**/frames/1/${what}`, (/** @type {any} */ route) => route.abort());
  await desk.page.reload();
  await desk.ready();
  await desk.hears(/Where the model doubts could not be read/);
  assert.ok(await desk.page.locator("#doubt").isDisabled());
  await desk.page.keyboard.press("z");
  await desk.hears(/segments of this frame could not be read/);
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [250, 60]]);
  assert.equal(await desk.classAt(150, 60), FENCE);
});

test("a correction that a lock keeps off most of its segment is told of, and the queue stays", async () => {
  await desk.page.keyboard.press("Shift+D");
  const { x, y, name } = await desk.page.evaluate(() => {
    const { editor, stage } = /** @type {any} */ (window).windlass;
    const runs = /** @type {number[][]} */ ([]);
    editor.segments.eachRun(stage.marked, (/** @type {number[]} */ ...run) => runs.push(run));
    const counts = new Uint32Array(255);
    for (const [y, from, to] of runs) for (let x = from; x < to; x++) counts[editor.map.at(x, y)]++;
    const most = counts.indexOf(Math.max(...counts));
    const [y, x] = /** @type {number[]} */ (runs.find(([y, from]) => editor.map.at(from, y) === most));
    return { x, y, name: document.querySelectorAll("#classes .name")[most].textContent };
  });
  const asked = await desk.page.textContent("#question-text");
  await desk.page.keyboard.press("b");
  await editor((one) => (one.size = 1));
  await desk.page.evaluate(([x, y]) => {
    const { editor } = /** @type {any} */ (window).windlass;
    editor.choose(7);
    editor.press({ x, y }), editor.lift();
  }, [x, y]);
  await desk.page.click(`[aria-label="Lock ${name}"]`);
  await desk.page.keyboard.press("9");
  await desk.hears(/Most of it was not painted/);
  assert.equal(await desk.page.textContent("#question-text"), asked);
});
