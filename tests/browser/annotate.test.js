// @ts-check
/** The annotate page as a person uses it, in headless Chromium. */

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { Site, openBrowser } from "./support.js";

const FENCE = 4;
const WALL = 3;
const NONE = 255;

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {any} */
let site;

before(async () => {
  browser = await openBrowser();
});
beforeEach(async (context) => {
  site = await Site.open({ width: context.name.includes("2048x1024") ? 2048 : 512 });
});
after(() => browser?.close());
const end = async (...visitors) => {
  for (const { context } of visitors) await context.close();
  await site.close();
};

test("a person labels a 2048x1024 frame with the mouse and submits it; the mask is in the database", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  await desk.page.keyboard.press("5");
  await desk.drags([[300, 600], [900, 640], [1000, 800]]);
  assert.equal(await desk.classAt(600, 620), FENCE);
  await desk.says("Saved v2");
  await desk.drags([[600, 620], [640, 622]], "right");
  await desk.page.keyboard.press("v");
  for (const [x, y] of [[1200, 100], [1500, 120], [1400, 300]]) {
    const point = await desk.at(x, y);
    await desk.page.mouse.click(point.x, point.y);
  }
  await desk.page.keyboard.press("Enter");
  assert.equal(await desk.classAt(1380, 160), FENCE);
  await desk.page.keyboard.press("f");
  await desk.page.keyboard.press("4");
  const inside = await desk.at(1380, 160);
  await desk.page.mouse.click(inside.x, inside.y);
  assert.equal(await desk.classAt(1380, 160), WALL);
  assert.equal(await desk.classAt(620, 621), NONE);
  const drawn = await desk.mask();

  await desk.page.click("#submit");
  await desk.page.waitForURL("**/frames/2/annotate");
  assert.deepEqual(desk.errors, []);
  await site.kill();
  const [[version, kind]] = site.query("select version, kind from mask where frame_id = 1 order by version desc limit 1");
  assert.equal(kind, "saved");
  assert.deepEqual(site.query("select state, lease_user_id from pick where frame_id = 1"), [["submitted", null]]);
  await site.start();
  await ada.signIn();
  assert.ok(drawn.equals(await ada.read(`/frames/1/mask?version=${version}`)));
  await end(ada);
});

test("undo takes every stroke back and redo brings it again", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  const start = await desk.mask();
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 200]]);
  await desk.page.keyboard.press("x");
  await desk.drags([[100, 200], [300, 60]]);
  const drawn = await desk.mask();
  assert.ok(!drawn.equals(start));
  await desk.page.keyboard.press("Control+z");
  await desk.page.keyboard.press("Control+z");
  assert.ok(start.equals(await desk.mask()));
  assert.ok(await desk.page.locator("#undo").isDisabled());
  await desk.page.keyboard.press("Control+Shift+z");
  await desk.page.click("#redo");
  assert.ok(drawn.equals(await desk.mask()));
  await desk.says("Saved");
  await end(ada);
});

test("two tabs on one frame: a conflict is a choice, and no version is lost", async () => {
  const ada = await site.visitor(browser, "Ada");
  const [first, second] = [await ada.opens(1), await ada.opens(1)];
  await first.page.keyboard.press("5");
  await first.drags([[50, 60], [200, 60]]);
  await first.says("Saved v2");
  await second.page.keyboard.press("4");
  await second.drags([[50, 160], [200, 160]]);
  await second.page.waitForSelector("#conflict[open]");
  assert.match(await second.page.textContent("#conflict-text"), /version 2 was saved by Ada/);
  await second.says("NOT SAVED");
  await second.page.click("#keep-mine");
  await second.says("Saved v3");
  assert.ok((await first.mask()).equals(await ada.read("/frames/1/mask?version=2")));
  assert.ok((await second.mask()).equals(await ada.read("/frames/1/mask?version=3")));

  await first.drags([[50, 100], [200, 100]]);
  const mine = await first.mask();
  await first.page.waitForSelector("#conflict[open]");
  await first.page.click("#take-theirs");
  await first.says("Saved v3");
  assert.ok((await first.mask()).equals(await second.mask()));
  await first.page.keyboard.press("Control+z");
  assert.ok((await first.mask()).equals(mine), "what was drawn is one undo away");
  await first.says("Saved v4");
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
  await site.kill();
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 200]]);
  await desk.says("NOT SAVED");
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

test("a lease that ran out while away: said, kept, and saved once the frame is free", async () => {
  const [ada, bea] = [await site.visitor(browser, "Ada"), await site.visitor(browser, "Bea")];
  const desk = await ada.opens(1);
  site.query("update pick set lease_until = 1 where frame_id = 1");
  assert.equal((await bea.post("/frames/1/take")).status(), 303);
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 200]]);
  await desk.says("NOT SAVED");
  assert.match(await desk.page.textContent("#banner"), /Bea works on this frame now/);
  await bea.post("/frames/1/release");
  await desk.page.click("#retry");
  await desk.says("Saved v2");
  assert.ok((await desk.mask()).equals(await ada.read("/frames/1/mask")));
  await end(ada, bea);
});

test("signed out in another tab: said, and saved after signing in again", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  await ada.context.clearCookies();
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 200]]);
  await desk.page.waitForSelector("#banner-sign-in:visible");
  await desk.says("NOT SAVED");
  await ada.signIn();
  await desk.says("Saved v2");
  assert.ok((await desk.mask()).equals(await ada.read("/frames/1/mask")));
  await end(ada);
});

test("by keyboard alone: a stroke, a save, a submission", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  const { keyboard } = desk.page;
  await keyboard.press("4");
  await keyboard.press("ArrowUp");
  await keyboard.press("Enter");
  for (let i = 0; i < 5; i++) await keyboard.press("Shift+ArrowRight");
  await keyboard.press("Enter");
  assert.equal(await desk.classAt(275, 126), WALL);
  await keyboard.press("Control+s");
  await desk.says("Saved v2");
  await keyboard.press("?");
  assert.ok(await desk.page.locator("#help").isVisible());
  await keyboard.press("Escape");
  await keyboard.press("Control+Enter");
  await desk.page.waitForURL("**/frames/2/annotate");
  await end(ada);
});

test("by touch: one finger draws, two pinch without drawing; a pen draws", async () => {
  const ada = await site.visitor(browser, "Ada", { hasTouch: true });
  const desk = await ada.opens(1);
  const start = await desk.mask();
  const devtools = await desk.page.context().newCDPSession(desk.page);
  const touch = (type, touchPoints) => devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
  const [a, b] = [await desk.at(200, 100), await desk.at(300, 150)];
  await touch("touchStart", [{ ...a, id: 1 }]);
  await touch("touchStart", [{ ...a, id: 1 }, { ...b, id: 2 }]);
  await touch("touchMove", [{ x: a.x - 150, y: a.y - 100, id: 1 }, { x: b.x + 150, y: b.y + 100, id: 2 }]);
  await touch("touchEnd", []);
  assert.ok(start.equals(await desk.mask()), "a pinch draws nothing");
  assert.ok(await desk.page.evaluate(() => /** @type {any} */ (window).windlass.stage.view.scale > 3));
  await desk.page.keyboard.press("Home");
  await desk.page.keyboard.press("5");
  const [c, d] = [await desk.at(100, 60), await desk.at(300, 60)];
  await touch("touchStart", [{ ...c, id: 1 }]);
  await touch("touchMove", [{ ...d, id: 1 }]);
  await touch("touchEnd", []);
  assert.equal(await desk.classAt(200, 60), FENCE);
  const [e, f] = [await desk.at(100, 200), await desk.at(300, 200)];
  const pen = (type, point, buttons) =>
    devtools.send("Input.dispatchMouseEvent", { type, ...point, button: "left", buttons, pointerType: "pen", clickCount: 1 });
  await pen("mousePressed", e, 1);
  await pen("mouseMoved", f, 1);
  await pen("mouseReleased", f, 0);
  assert.equal(await desk.classAt(200, 200), FENCE);
  await desk.says("Saved v2");
  await end(ada);
});
