// @ts-check
/** Saving on the annotate page, whatever comes between: no stroke is lost. In headless Chromium. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { browser, eachTest, site } from "./each_test.js";
import { Desk } from "./support.js";

const FENCE = 4;
const WALL = 3;

eachTest({ frames: 2 });
const end = async (...visitors) => {
  for (const { context } of visitors) await context.close();
};

test("a stroke, a reload at once, undo at once: no conflict with oneself, and all of it arrives", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  const start = await desk.mask();
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 200]]);
  await desk.page.reload();
  await desk.ready();
  assert.equal(await desk.classAt(225, 130), FENCE);
  await desk.page.keyboard.press("Control+z");
  await desk.says("Saved v");
  assert.ok(await desk.page.locator("#conflict").isHidden());
  assert.ok(start.equals(await ada.read("/frames/1/mask")));
  const [[brushes]] = site.query("select sum(actions ->> '$.brush') from work");
  assert.equal(brushes, 1, "the stroke counts once");
  await end(ada);
});

test("a conflict is resolved by region with keys; every version and every stroke stays", async () => {
  // On two machines: two tabs of one browser take turns.
  const [ada, home] = [await site.visitor(browser, "Ada"), await site.visitor(browser, "Ada")];
  const [first, second] = [await ada.opens(1), await home.opens(1)];
  await first.page.keyboard.press("5");
  await first.drags([[50, 60], [250, 60]]);
  await first.says("Saved v2");
  await second.page.keyboard.press("4");
  // The first stroke's save comes after the second stroke, however slow the machine is.
  let drawn = () => {};
  const both = /** @type {Promise<void>} */ (new Promise((resolve) => (drawn = resolve)));
  await second.page.route("**/frames/1/mask", async (route) => {
    await both;
    await route.continue();
  });
  await second.drags([[50, 160], [250, 160]]);
  await second.drags([[150, 20], [150, 100]]);
  drawn();
  await second.page.waitForSelector("#conflict[open]");
  assert.match(await second.page.textContent("#conflict-text"), /Ada saved version 2.*while you drew on version 1/);
  assert.match(await second.page.textContent("#merge-place"), /Region 1 of \d+: both drew here, .*yours is kept/);
  await second.says("NOT SAVED");
  await second.page.keyboard.press("t");
  await second.page.keyboard.press("Escape");
  await second.page.keyboard.press("Escape");
  await second.page.evaluate(() => dispatchEvent(new Event("offline")));
  await second.page.waitForSelector("#conflict[open]");
  assert.match((await second.page.textContent("#merge-place")) ?? "", /theirs is kept/, "what was chosen stays");
  await second.page.keyboard.press("Enter");
  await second.says("Saved v3");
  const classes = await Promise.all([[150, 60], [70, 60], [230, 60], [150, 35], [150, 90], [100, 160]].map(([x, y]) => second.classAt(x, y)));
  assert.deepEqual(classes, [FENCE, FENCE, FENCE, WALL, WALL, WALL]);
  assert.ok((await first.mask()).equals(await ada.read("/frames/1/mask?version=2")));
  await second.page.keyboard.press("Control+z");
  await second.hears(/A colleague's work came in here/);
  assert.ok((await second.mask()).equals(await ada.read("/frames/1/mask?version=3")));

  await first.drags([[50, 200], [250, 200]]);
  const mine = await first.mask();
  await first.page.waitForSelector("#conflict[open]");
  await first.page.click("#all-mine");
  await first.page.click("#merge-done");
  await first.says("Saved v4");
  assert.ok(mine.equals(await ada.read("/frames/1/mask")));
  await first.page.keyboard.press("Control+z");
  await first.says("Saved v5");
  assert.equal(await first.classAt(100, 200) === FENCE, false);
  assert.deepEqual([...first.errors, ...second.errors], []);
  await end(ada, home);
});

test("what is drawn while the frame is opened, or could not be, neither shows nor harms the draft", async () => {
  const ada = await site.visitor(browser, "Ada");
  const before = await ada.opens(1);
  await site.kill();
  await before.page.keyboard.press("5");
  await before.drags([[50, 60], [250, 60]]);
  await before.says("NOT SAVED");
  const [drawn, from, to] = [await before.mask(), await before.at(50, 160), await before.at(250, 160)];
  await before.page.close();
  await site.start();
  await ada.signIn();

  const page = await ada.context.newPage();
  /** @param {(route: import("playwright-core").Route) => Promise<void>} answer in the picture's place @param {string} state */
  const drawsTooEarly = async (answer, state) => {
    let go = () => {};
    const held = /** @type {Promise<void>} */ (new Promise((resolve) => (go = resolve)));
    await page.route("**/frames/1/image*", (route) => held.then(() => answer(route)));
    await page.goto(`${site.url}/frames/1/annotate`);
    await page.waitForSelector("#frame canvas.labels");
    const draw = async () => {
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y, { steps: 5 });
      await page.mouse.up();
    };
    await draw();
    go();
    await page.waitForSelector(`body[data-state="${state}"]`);
    if (state === "failed") await draw();
    await page.unroute("**/frames/1/image*");
  };
  await drawsTooEarly((route) => route.fulfill({ status: 500 }), "failed");
  assert.match((await page.textContent("#loading")) ?? "", /could not be opened/);
  await drawsTooEarly((route) => route.continue(), "ready");
  const desk = new Desk(page);
  assert.match((await page.textContent("#recovered-text")) ?? "", /brought back/);
  await desk.says("Saved v2");
  assert.ok(drawn.equals(await desk.mask()));
  assert.ok(drawn.equals(await ada.read("/frames/1/mask")));
  await page.keyboard.press("5");
  await desk.drags([[50, 160], [250, 160]]);
  assert.equal(await desk.classAt(150, 160), FENCE);
  await end(ada);
});

test("a page that is left in the middle of a stroke keeps what was drawn of it; one that was dropped is no action", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  const { keyboard, mouse } = desk.page;
  await keyboard.press("5");
  for (const y of [60, 160]) {
    const [from, to] = [await desk.at(50, y), await desk.at(250, y)];
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move(to.x, to.y, { steps: 5 });
    if (y === 60) await keyboard.press("Escape"), await mouse.up();
  }
  await desk.page.goto(`${site.url}/projects/1/queue`);
  await desk.page.waitForFunction(async () => (await (await fetch("/frames/1/history")).json()).length > 1);
  await ada.opens(1, desk.page);
  assert.deepEqual([await desk.classAt(150, 60) === FENCE, await desk.classAt(150, 160)], [false, FENCE]);
  assert.deepEqual(site.query("select actions from work").map(([actions]) => actions), ['{"brush":1}']);
  await end(ada);
});

test("put back holds the hand still until all is saved; where it is not, drawing goes on", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  let fail = () => {};
  const failed = /** @type {Promise<void>} */ (new Promise((resolve) => (fail = resolve)));
  await desk.page.route("**/frames/1/mask", (route) => failed.then(() => route.abort()));
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [250, 60]]);
  await desk.page.keyboard.press("Shift+Backspace");
  await Promise.all([desk.page.waitForRequest("**/frames/1/mask"), desk.page.keyboard.press("Shift+Backspace")]);
  await desk.drags([[50, 160], [250, 160]]);
  assert.notEqual(await desk.classAt(150, 160), FENCE, "it would be saved after the frame is another's");
  fail();
  await desk.hears(/Not put back/);
  await desk.drags([[50, 160], [250, 160]]);
  assert.equal(await desk.classAt(150, 160), FENCE);
  await desk.page.unroute("**/frames/1/mask");
  await desk.says("Saved v");
  await end(ada);
});

test("a browser that keeps no draft says so; one without room for what can be undone keeps what is not saved", async () => {
  for (const refused of [true, false]) {
    const ada = await site.visitor(browser, "Ada");
    await ada.context.addInitScript((refused) => {
      const { open } = IDBFactory.prototype;
      const { put } = IDBObjectStore.prototype;
      const full = () => new DOMException("no room", "QuotaExceededError");
      IDBFactory.prototype.open = function (...how) {
        if (refused) throw full();
        return open.apply(this, how);
      };
      IDBObjectStore.prototype.put = function (...what) {
        if (this.name !== "stroke") return put.apply(this, what);
        this.transaction.abort();
        throw full();
      };
    }, refused);
    const desk = await ada.opens(1);
    await site.kill();
    await desk.page.keyboard.press("5");
    await desk.drags([[50, 60], [250, 60]]);
    await desk.says("NOT SAVED");
    assert.match((await desk.page.textContent("#banner-text")) ?? "", refused ? /kept only in this tab: do not close it\.$/ : /kept in this browser\.$/);
    const drawn = await desk.mask();
    await desk.page.close();
    await site.start();
    await ada.signIn();
    const again = await ada.opens(1);
    assert.equal(drawn.equals(await again.mask()), !refused);
    await end(ada);
  }
});

test("strokes of who opened the page are not saved in the name of who signed in since", async () => {
  const [ada, bea] = [await site.visitor(browser, "Ada"), await site.visitor(browser, "Bea")];
  const desk = await ada.opens(1);
  site.query("update pick set lease_until = 1 where frame_id = 1");
  await bea.post("/frames/1/take");
  await ada.context.clearCookies();
  await ada.context.addCookies(await bea.context.cookies());
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 200]]);
  await desk.page.waitForSelector("#banner-sign-in:visible");
  await bea.post("/frames/1/release");
  await ada.signIn();
  await desk.says("Saved v2");
  assert.deepEqual(site.query("select name from mask join user using (user_id) where version = 2"), [["Ada"]]);
  await end(ada, bea);
});

test("strokes drawn on a version that a restored backup has not are saved on what it has", async () => {
  const ada = await site.visitor(browser, "Ada");
  const before = await ada.opens(1);
  await before.page.keyboard.press("5");
  await before.drags([[50, 60], [250, 60]]);
  await before.says("Saved v2");
  await before.page.route("**/frames/1/mask", (route) => (route.request().method() === "PATCH" ? route.abort() : route.continue()));
  await before.drags([[50, 160], [250, 160]]);
  await before.says("NOT SAVED");
  await before.page.close();
  await site.kill();
  site.query("delete from work where mask_id in (select mask_id from mask where frame_id = 1 and version = 2)");
  site.query("delete from mask where frame_id = 1 and version = 2");
  await site.start();
  const desk = await ada.opens(1);
  assert.match((await desk.page.textContent("#recovered-text")) ?? "", /brought back/);
  await desk.says("Saved v2");
  assert.equal(await desk.classAt(150, 160), FENCE);
  const saved = await ada.read("/frames/1/mask");
  assert.ok(saved.equals(await desk.mask()));
  assert.deepEqual([...before.errors, ...desk.errors], []);
  await end(ada);
});

test("a second tab waits for its turn; asked for it, the first saves, hands over, and what it drew is undone there", async () => {
  const ada = await site.visitor(browser, "Ada");
  const first = await ada.opens(1);
  const start = await first.mask();
  await first.page.keyboard.press("5");
  await first.drags([[50, 60], [400, 60]]);
  const drawn = await first.mask();
  const second = new Desk(await ada.context.newPage());
  await second.page.goto(`${site.url}/frames/1/annotate`);
  await second.page.waitForSelector("#elsewhere[open]");
  await second.page.keyboard.press("Escape");
  await second.page.keyboard.press("Escape");
  await second.page.waitForSelector("#elsewhere[open]");
  await second.page.click("#work-here");
  await second.ready();
  assert.ok(drawn.equals(await second.mask()));
  assert.ok(drawn.equals(await ada.read("/frames/1/mask")));
  await first.page.waitForSelector("#elsewhere[open]");
  await second.page.bringToFront();
  await second.page.keyboard.press("Control+z");
  assert.ok(start.equals(await second.mask()));
  await second.says("Saved v3");

  await first.page.bringToFront();
  await Promise.all([first.page.waitForEvent("load"), first.page.click("#work-here")]);
  await first.ready();
  assert.ok(start.equals(await first.mask()));
  await first.page.keyboard.press("Control+Shift+z");
  assert.ok(drawn.equals(await first.mask()));
  await first.says("Saved v4");
  assert.deepEqual([...first.errors, ...second.errors], []);
  await end(ada);
});

test("what a tab could not save goes with the turn, and the tab that gave it away sends nothing any more", async () => {
  const ada = await site.visitor(browser, "Ada");
  const first = await ada.opens(1);
  await first.page.route("**/frames/1/mask", (route) => route.abort());
  await first.page.keyboard.press("5");
  await first.drags([[50, 60], [400, 60]]);
  await first.says("NOT SAVED");
  const drawn = await first.mask();
  const second = new Desk(await ada.context.newPage());
  await second.page.goto(`${site.url}/frames/1/annotate`);
  await second.page.click("#work-here");
  await second.ready();
  assert.match((await second.page.textContent("#recovered")) ?? "", /brought back/);
  await second.says("Saved v2");
  assert.ok(drawn.equals(await ada.read("/frames/1/mask")));
  await first.page.unroute("**/frames/1/mask");
  await first.page.evaluate(() => dispatchEvent(new Event("online")));
  await second.page.keyboard.press("4");
  await second.drags([[50, 200], [400, 200]]);
  await second.says("Saved v3");
  assert.ok(await first.page.locator("#conflict").isHidden());
  await end(ada);
});

test("what is answered in the server's place is no save: it stays visibly unsaved until one arrives", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  await desk.page.route("**/frames/1/mask", (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<h1>Welcome to our hotel</h1>" }));
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [200, 60]]);
  await desk.says("NOT SAVED");
  assert.match((await desk.page.textContent("#banner")) ?? "", /something else answered.*kept in this browser/);
  await desk.page.evaluate(() => {
    const pill = /** @type {Element} */ (document.querySelector("#save-state"));
    const said = (/** @type {any} */ (window).said = /** @type {string[]} */ ([]));
    new MutationObserver(() => said.push(pill.textContent ?? "")).observe(pill, { childList: true, characterData: true, subtree: true });
  });
  await desk.drags([[50, 100], [200, 100]]);
  await Promise.all([desk.page.waitForResponse("**/frames/1/mask"), desk.page.click("#retry")]);
  await desk.page.unroute("**/frames/1/mask");
  await desk.says("Saved v2");
  const said = await desk.page.evaluate(() => /** @type {any} */ (window).said);
  assert.deepEqual([...new Set(said)], ["NOT SAVED", "Saved v2"]);
  assert.ok((await desk.mask()).equals(await ada.read("/frames/1/mask")));
  await end(ada);
});

test("a server that is killed during the work and comes back gets every stroke", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [200, 60]]);
  await desk.says("Saved v2");
  const point = await desk.at(60, 200);
  await desk.page.mouse.move(point.x, point.y);
  await desk.page.mouse.down();
  await site.kill();
  const there = await desk.at(300, 200);
  await desk.page.mouse.move(there.x, there.y, { steps: 10 });
  await desk.page.mouse.up();
  await desk.says("NOT SAVED");
  assert.match(await desk.page.textContent("#banner"), /does not answer.*kept in this browser/);
  await desk.drags([[50, 100], [200, 100]]);
  await site.start();
  await desk.says("Saved v3");
  assert.equal(await desk.classAt(150, 200), FENCE);
  assert.ok((await desk.mask()).equals(await ada.read("/frames/1/mask")));
  assert.deepEqual(desk.errors, []);
  await end(ada);
});

test("a tab that is closed while the server is down brings its strokes back", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  await desk.page.evaluate(() => (navigator.storage.persist = async () => /** @type {any} */ (window).persists = true));
  await site.kill();
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 200]]);
  await desk.says("NOT SAVED");
  assert.ok(await desk.page.evaluate(() => /** @type {any} */ (window).persists), "a browser short of room keeps them too");
  const drawn = await desk.mask();
  await desk.page.close({ runBeforeUnload: false });
  await site.start();
  await ada.signIn();
  const again = await ada.opens(1);
  assert.match(await again.page.textContent("#recovered"), /brought back/);
  await again.says("Saved v2");
  assert.ok(drawn.equals(await again.mask()));
  assert.ok(drawn.equals(await ada.read("/frames/1/mask")));
  await end(ada);
});

test("a lease runs out, another draws on the frame: nothing of either is lost", async () => {
  const [ada, bea] = [await site.visitor(browser, "Ada"), await site.visitor(browser, "Bea")];
  const desk = await ada.opens(1);
  site.query("update pick set lease_until = 1 where frame_id = 1");
  const other = await bea.opens(1);
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 60]]);
  await desk.says("NOT SAVED");
  assert.match(await desk.page.textContent("#banner"), /Bea works on this frame now/);
  await other.page.keyboard.press("4");
  await other.drags([[50, 200], [400, 200]]);
  await other.says("Saved v2");
  await other.page.close();
  await bea.post("/frames/1/release");
  await desk.page.bringToFront();
  await desk.page.waitForSelector("#conflict[open]");
  await desk.page.click("#merge-done");
  await desk.says("Saved v3");
  assert.deepEqual([await desk.classAt(200, 60), await desk.classAt(200, 200)], [FENCE, WALL]);
  assert.ok((await desk.mask()).equals(await ada.read("/frames/1/mask")));
  await end(ada, bea);
});

test("offline for a minute: said, kept, saved when the net is back; the minute counts as no work", async () => {
  const ada = await site.visitor(browser, "Ada");
  await ada.post("/frames/1/take");
  const page = await ada.context.newPage();
  await page.clock.install();
  const desk = await ada.opens(1, page);
  await ada.context.setOffline(true);
  await page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 60]]);
  await page.clock.runFor(3000);
  await desk.says("NOT SAVED");
  assert.match(await page.textContent("#banner"), /You are offline.*kept in this browser/);
  await page.clock.runFor(60_000);
  await desk.drags([[50, 200], [400, 200]]);
  await ada.context.setOffline(false);
  await page.clock.runFor(20_000);
  await desk.says("Saved v2");
  assert.ok((await desk.mask()).equals(await ada.read("/frames/1/mask")));
  const [[seconds, actions]] = site.query("select seconds, actions from work");
  assert.ok(seconds < 20, `${seconds}`);
  assert.equal(actions, '{"brush":2}');
  await end(ada);
});

test("signed out in another tab: said, and saved after signing in again", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  const other = await ada.context.newPage();
  await other.goto(`${site.url}/account`);
  await other.click("form[action='/sign-out'] button");
  await other.waitForURL("**/sign-in**");
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 200]]);
  await desk.page.waitForSelector("#banner-sign-in:visible");
  await desk.says("NOT SAVED");
  await ada.signInAnew();
  await desk.says("Saved v2");
  assert.ok((await desk.mask()).equals(await ada.read("/frames/1/mask")));
  await end(ada);
});

test("a laptop that slept learns whose the frame is now, and saves when it is free again", async () => {
  const [ada, bea] = [await site.visitor(browser, "Ada"), await site.visitor(browser, "Bea")];
  await ada.post("/frames/1/take");
  const page = await ada.context.newPage();
  await page.clock.install();
  const desk = await ada.opens(1, page);
  await page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 60]]);
  site.query("update pick set lease_until = 1 where frame_id = 1");
  await bea.post("/frames/1/take");
  await page.clock.fastForward("02:00:00");
  await page.mouse.move(400, 300);
  await page.waitForSelector("#leased:visible");
  assert.match((await page.textContent("#leased")) ?? "", /Bea works on this frame now\. What you draw now is kept/);
  await bea.post("/frames/1/release");
  await page.clock.fastForward("01:01");
  await desk.says("Saved v2");
  await page.waitForSelector("#leased", { state: "hidden" });
  assert.ok((await desk.mask()).equals(await ada.read("/frames/1/mask")));
  await end(ada, bea);
});
