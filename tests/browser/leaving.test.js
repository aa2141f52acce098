// @ts-check
/** Leaving the annotate page, and coming back to it: what is asked, what the draft keeps, what is told. In headless Chromium. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { browser, eachTest, site } from "./each_test.js";
import { Desk } from "./support.js";

const FENCE = 4;
const WALL = 3;

eachTest({ frames: 3 });

/** @param {Desk} desk that is closed as a person closes it @returns {Promise<boolean>} whether the browser asks first; then the page stays */
async function asksBeforeItCloses({ page }) {
  const asked = page.waitForEvent("dialog").catch(() => null);
  await page.close({ runBeforeUnload: true });
  const dialog = await asked;
  await dialog?.dismiss();
  return dialog?.type() === "beforeunload";
}

/** Saves wait until they are let go. @param {Desk} desk @returns {Promise<() => void>} lets them go */
async function holdSaves({ page }) {
  let go = () => {};
  const held = /** @type {Promise<void>} */ (new Promise((resolve) => (go = resolve)));
  await page.route("**/frames/*/mask", (route) => held.then(() => route.continue()));
  return go;
}

/** Within the page: a save that outlives it goes past a route. @param {Desk} desk whose saves fail from now on @returns {Promise<() => Promise<void>>} ends that */
async function failSaves({ page }) {
  const whole = await page.evaluateHandle(() => {
    const { fetch } = window;
    window.fetch = (what, how) => (how?.method === "PATCH" ? Promise.reject(new TypeError("no way out")) : fetch(what, how));
    return fetch;
  });
  return () => whole.evaluate((fetch) => void (window.fetch = fetch));
}

test("the browser asks before a page is closed that would leave something in the draft alone, or drop it", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  const { page } = desk;
  await page.keyboard.press("5");
  let go = await holdSaves(desk);
  await Promise.all([page.waitForRequest("**/frames/1/mask"), desk.drags([[50, 60], [250, 60]])]);
  assert.ok(await asksBeforeItCloses(desk), "a save is under way");
  go();
  await desk.says("Saved v2");
  await page.unroute("**/frames/*/mask");

  await page.evaluate(() => {
    const { editor } = /** @type {any} */ (window).windlass;
    editor.replace(editor.map.pixels.map((/** @type {number} */ _, /** @type {number} */ at) => at % 5), "noise");
  });
  assert.ok(await asksBeforeItCloses(desk), "the change is larger than a page that is gone may send");
  await desk.says("Saved v3");
  await page.keyboard.press("Control+z");
  await desk.says("Saved v4");

  await page.waitForSelector('[data-tool="propagate"]:not(:disabled)');
  await page.keyboard.press("Shift+Z");
  await desk.drags([[100, 80], [140, 80]]);
  assert.ok(await asksBeforeItCloses(desk), "a preview is open");
  await page.keyboard.press("Escape");
  await page.keyboard.press("b");
  await desk.drags([[50, 80], [150, 80]]);
  assert.equal(await asksBeforeItCloses(desk), false, "what is small goes along");
  const again = await ada.opens(1);
  assert.equal(await again.classAt(120, 80), FENCE);
  await ada.context.close();
});

/** Within a page. @param {"head" | "stroke"} store @returns {Promise<any[]>} what of the drafts lies in its browser */
async function drafted(store) {
  /** @param {IDBRequest} request @returns {Promise<any>} */
  const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const database = await done(indexedDB.open("windlass"));
  return done(database.transaction(store).objectStore(store).getAll());
}

test("an open polygon is there after a reload and in another tab, and can be closed there", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  await desk.page.keyboard.press("5");
  await desk.page.keyboard.press("v");
  for (const [x, y] of [[50, 50], [150, 50], [150, 150], [90, 120]]) {
    const point = await desk.at(x, y);
    await desk.page.mouse.click(point.x, point.y);
  }
  await desk.page.keyboard.press("Backspace");
  await desk.page.waitForFunction(`(${drafted})("head").then(([head]) => head?.corners.length === 3)`);
  const corners = ({ page }) => page.evaluate(() => /** @type {any} */ (window).windlass.editor.polygon.corners.length);
  assert.equal(await asksBeforeItCloses(desk), false);
  const second = await ada.opens(1);
  assert.equal(await corners(second), 3);
  const third = new Desk(await ada.context.newPage());
  await third.page.goto(`${site.url}/frames/1/annotate`);
  await third.page.click("#work-here");
  await third.ready();
  assert.equal(await corners(third), 3);
  await third.page.keyboard.press("Enter");
  assert.equal(await third.classAt(140, 80), FENCE);
  await third.says("Saved v2");
  await third.page.reload();
  await third.ready();
  assert.equal(await corners(third), 0);
  await ada.context.close();
});

/** From now on rows cannot be read as `localStorage.unreadable` says: by `get`, or by `getAll`. @param {import("playwright-core").BrowserContext} context */
async function breakReading(context) {
  await context.addInitScript(() => {
    const store = /** @type {any} */ (IDBObjectStore.prototype);
    for (const method of ["get", "getAll"]) {
      const read = store[method];
      store[method] = function (/** @type {any[]} */ ...which) {
        if (localStorage.unreadable === method) throw new DOMException("the row is torn", "DataError");
        return read.apply(this, which);
      };
    }
  });
}

/** @param {Desk} desk @param {string} method that fails from now on; none does where it is empty */
async function breaks({ page }, method) {
  await page.evaluate((method) => (localStorage.unreadable = method), method);
}

/** Draws what cannot be saved, and goes. @param {Desk} desk @param {string} [method] that fails from now on */
async function leavesUnsaved(desk, method = "") {
  await failSaves(desk);
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [250, 60]]);
  await desk.says("NOT SAVED");
  await breaks(desk, method);
  await desk.page.close();
}

/** Ada has left what is not saved, and comes back where it cannot be read. @param {string} method that fails */
async function comesBack(method) {
  const ada = await site.visitor(browser, "Ada");
  await breakReading(ada.context);
  await leavesUnsaved(await ada.opens(1), method);
  return { ada, desk: await ada.opens(1) };
}

test("a stroke that cannot be read any more takes the undo with it, not what is unsaved", async () => {
  const { ada, desk } = await comesBack("getAll");
  assert.match((await desk.page.textContent("#recovered-text")) ?? "", /brought back/);
  assert.equal(await desk.classAt(150, 60), FENCE);
  await desk.says("Saved v2");
  await desk.page.keyboard.press("5");
  for (const y of [120, 180]) await desk.drags([[50, y], [250, y]]);
  await desk.says("Saved v3");
  await breaks(desk, "");
  assert.equal((await desk.page.evaluate(drafted, "stroke")).length, 2, "it is taken away: each reload would lose the undo anew");
  await desk.page.reload();
  await desk.ready();
  await desk.page.keyboard.press("Control+z");
  assert.deepEqual([await desk.classAt(150, 60), await desk.classAt(150, 120), (await desk.classAt(150, 180)) === FENCE], [FENCE, FENCE, false]);
  await ada.context.close();
});

test("a draft that cannot be read is not written over: it comes back, merged with what was drawn meanwhile", async () => {
  const { ada, desk } = await comesBack("get");
  const { page } = desk;
  await page.waitForSelector("#unread:visible");
  const mendSaves = await failSaves(desk);
  await page.keyboard.press("4");
  await desk.drags([[50, 160], [250, 160]]);
  await page.waitForSelector("#save-state[data-undrafted]");
  await desk.says("NOT SAVED");
  assert.ok(await asksBeforeItCloses(desk));
  await mendSaves();
  await desk.says("Saved v2");
  await breaks(desk, "");
  await page.click("#read-again");
  await page.waitForSelector("#conflict[open]");
  await page.click("#merge-done");
  await desk.says("Saved v3");
  assert.deepEqual([await desk.classAt(150, 60), await desk.classAt(150, 160)], [FENCE, WALL]);
  assert.ok((await desk.mask()).equals(await ada.read("/frames/1/mask")));
  assert.ok(await page.locator("#unread").isHidden());
  await ada.context.close();
});

test("a draft that cannot be read outlives the submission of its frame", async () => {
  const { ada, desk } = await comesBack("get");
  await desk.page.keyboard.press("Control+Enter");
  await desk.goesTo("**/frames/2/annotate");
  await desk.ready();
  await breaks(desk, "");
  await ada.post("/frames/1/reopen");
  const again = await ada.opens(1);
  assert.match((await again.page.textContent("#recovered-text")) ?? "", /brought back/);
  assert.equal(await again.classAt(150, 60), FENCE);
  await ada.context.close();
});

test("a draft that is read at the second try, and holds nothing unsaved, is kept on", async () => {
  const ada = await site.visitor(browser, "Ada");
  await breakReading(ada.context);
  const desk = await ada.opens(1);
  await breaks(desk, "get");
  await desk.page.reload();
  await desk.ready();
  await desk.page.waitForSelector("#unread:visible");
  await breaks(desk, "");
  await leavesUnsaved(desk);
  const again = await ada.opens(1);
  assert.match((await again.page.textContent("#recovered-text")) ?? "", /brought back/);
  assert.equal(await again.classAt(150, 60), FENCE);
  await ada.context.close();
});

test("strokes that wait on another frame are told of, with the way back; what arrived as its page was left is not", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  const { page } = desk;
  await page.keyboard.press("5");
  await desk.drags([[50, 60], [250, 60]]);
  assert.equal(await asksBeforeItCloses(desk), false);
  const second = await ada.opens(2);
  const name = (await second.page.textContent(".top .name")) ?? "";
  await leavesUnsaved(second);

  const third = await ada.opens(3);
  await third.page.waitForSelector("#others:visible");
  assert.deepEqual(await third.page.locator("#others a").allTextContents(), [name]);
  await third.page.click("#others-close");
  assert.ok(await third.page.locator("#others").isHidden());
  await third.page.goto(`${site.url}/projects/1/queue`);
  await third.page.waitForSelector("#others:visible");
  await third.page.click("#others a");
  await third.ready();
  await third.says("Saved v2");
  assert.equal(await third.classAt(150, 60), FENCE);
  await Promise.all([third.page.waitForResponse("**/frames/1/mask?runs=true"), third.page.goto(`${site.url}/projects/1/queue`)]);
  assert.ok(await third.page.locator("#others").isHidden());
  await ada.context.close();
});

test("what was done since the last save is kept over a reload, where nothing is unsaved too, and counts once", async () => {
  const ada = await site.visitor(browser, "Ada");
  await ada.post("/frames/1/take");
  const page = await ada.context.newPage();
  await page.clock.install();
  const desk = await ada.opens(1, page);
  await page.keyboard.press("5");
  await desk.drags([[50, 60], [250, 60]]);
  await page.clock.runFor(3000);
  await desk.says("Saved v2");
  for (const x of [100, 200]) {
    await page.mouse.move(x, 300);
    await page.clock.runFor(20_000);
  }
  await page.mouse.move(300, 300);
  await page.evaluate(() => {
    const { editor } = /** @type {any} */ (window).windlass;
    editor.looked.add(3);
    editor.onLook();
  });
  for (let reload = 0; reload < 2; reload++) {
    await page.reload();
    await desk.ready();
    assert.deepEqual(await page.evaluate(() => [.../** @type {any} */ (window).windlass.editor.looked]), [3]);
  }
  await desk.drags([[50, 160], [250, 160]]);
  await page.clock.runFor(3000);
  await desk.says("Saved v3");
  const [[seconds, accepted]] = site.query("select sum(seconds), sum(actions ->> '$.accept') from work");
  assert.ok(seconds > 40 && seconds < 70, `${seconds}`);
  assert.equal(accepted, 1);
  await ada.context.close();
});

test("a tab that another asks for the frame while it submits it, or puts it back, leaves it open, with its draft", async () => {
  for (const [frame, way] of /** @type {const} */ ([[1, "#submit"], [2, "#release button"]])) {
    const ada = await site.visitor(browser, "Ada");
    const first = await ada.opens(frame);
    const go = await holdSaves(first);
    await first.page.keyboard.press("5");
    await first.drags([[50, 60], [250, 60]]);
    await Promise.all([first.page.waitForRequest("**/frames/*/mask"), first.page.click(way)]);
    await first.page.waitForFunction(() => /** @type {any} */ (window).windlass.editor.frozen);
    const second = new Desk(await ada.context.newPage());
    await second.page.goto(`${site.url}/frames/${frame}/annotate`);
    await second.page.click("#work-here");
    await first.page.waitForFunction(() => /** @type {any} */ (window).windlass.saving.over);
    go();
    await second.ready();
    assert.equal(await second.classAt(150, 60), FENCE);
    await second.page.keyboard.press("Control+z");
    await second.says("Saved v3");
    await first.page.waitForSelector("#elsewhere[open]");
    await ada.context.close();
  }
});

test("a page that is left while it brings a draft back leaves it as it is", async () => {
  const [ada, home] = [await site.visitor(browser, "Ada"), await site.visitor(browser, "Ada")];
  await leavesUnsaved(await ada.opens(1));
  const other = await home.opens(1);
  await other.page.keyboard.press("4");
  await other.drags([[50, 160], [250, 160]]);
  await other.says("Saved v2");
  await other.page.close();
  const page = await ada.context.newPage();
  await page.route("**/frames/1/mask?*version=1", () => {});
  await Promise.all([page.waitForRequest("**/frames/1/mask?*version=1"), page.goto(`${site.url}/frames/1/annotate`)]);
  await page.close();
  const desk = await ada.opens(1);
  assert.equal(await desk.classAt(150, 60), FENCE);
  await desk.page.waitForSelector("#conflict[open]");
  await desk.page.click("#merge-done");
  await desk.says("Saved v3");
  assert.deepEqual([await desk.classAt(150, 60), await desk.classAt(150, 160)], [FENCE, WALL]);
  for (const { context } of [ada, home]) await context.close();
});
