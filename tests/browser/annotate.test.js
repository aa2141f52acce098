// @ts-check
/** The annotate page as a person uses it, in headless Chromium. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { browser, eachTest, site } from "./each_test.js";

const FENCE = 4;
const WALL = 3;
const NONE = 255;

eachTest({ frames: 2 });
const end = async (...visitors) => {
  for (const { context } of visitors) await context.close();
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
  await desk.goesTo("**/frames/2/annotate");
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
  await desk.painted();
  assert.ok(await desk.page.locator("#undo").isDisabled());
  await desk.page.keyboard.press("Control+Shift+z");
  await desk.page.click("#redo");
  assert.ok(drawn.equals(await desk.mask()));
  await desk.says("Saved");
  await end(ada);
});

test("undo across a reload: what was saved is undone stroke by stroke, and redone", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  const start = await desk.mask();
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 200]]);
  const one = await desk.mask();
  await desk.drags([[50, 200], [400, 60]]);
  const two = await desk.mask();
  await desk.page.keyboard.press("Control+z");
  await desk.says("Saved v");
  await desk.page.reload();
  await desk.ready();
  assert.ok(one.equals(await desk.mask()));
  await desk.page.keyboard.press("Control+Shift+z");
  assert.ok(two.equals(await desk.mask()));
  await desk.page.keyboard.press("Control+z");
  await desk.page.keyboard.press("Control+z");
  assert.ok(start.equals(await desk.mask()));
  await desk.painted();
  assert.ok(await desk.page.locator("#undo").isDisabled());
  await desk.says("Saved v");
  assert.ok(start.equals(await ada.read("/frames/1/mask")));
  await end(ada);
});

test("versions are looked at and brought back, as a change that can be undone", async () => {
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  const start = await desk.mask();
  await desk.page.keyboard.press("5");
  await desk.drags([[50, 60], [400, 200]]);
  await desk.says("Saved v2");
  const drawn = await desk.mask();
  await desk.page.click("#save-state");
  await desk.page.waitForFunction(() => /is what you see now/.test(document.querySelector("#version-text")?.textContent ?? ""));
  assert.match((await desk.page.textContent("#versions")) ?? "", /v2Ada.*1 action.*v1the model.*proposal/s);
  await desk.page.keyboard.press("ArrowDown");
  await desk.page.waitForFunction(() => /Version 1 differs/.test(document.querySelector("#version-text")?.textContent ?? ""));
  await desk.page.click("#version-restore");
  assert.ok(start.equals(await desk.mask()));
  await desk.says("Saved v3");
  assert.deepEqual(site.query("select n_hand from work join mask using (mask_id) where version = 3"), [[0]]);
  await desk.page.keyboard.press("Control+z");
  assert.ok(drawn.equals(await desk.mask()));
  await desk.says("Saved v4");
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
  // Keys go to a dialog until it is gone.
  await desk.page.locator("#help").waitFor({ state: "hidden" });
  // A button keeps Enter for itself, but not this.
  await desk.page.focus("#open-help");
  await keyboard.press("Control+Enter");
  await desk.goesTo("**/frames/2/annotate");
  await end(ada);
});

test("the checks lead to each place, specks are cleaned, and a word overrules the rest", async () => {
  site.query(`update project set checks = '{"unlabelled_percent": 1, "speck_pixels": 12, "never_touch": [["sky", "train"]]}'`);
  const ada = await site.visitor(browser, "Ada");
  const desk = await ada.opens(1);
  const { page } = desk;
  const list = page.locator("#finding-list");
  await page.keyboard.press("a");
  await desk.drags([[300, 150], [420, 240]], "right");
  await page.keyboard.press("b");
  for (let i = 0; i < 12; i++) await page.keyboard.press("[");
  // A pixel of train in the sky.
  await page.keyboard.press("u");
  await desk.drags([[20, 10], [20, 10]]);
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector("#findings[open]");
  const found = (await list.textContent()) ?? "";
  assert.match(found, /8\.\d % is unlabelled; this project allows 1 %; 1 place/);
  assert.match(found, /speck.* of less than 12 pixels/);
  assert.match(found, /sky beside train, which never are here; 1 place/);
  assert.ok(await page.isDisabled("#overrule"));
  await list.getByRole("button", { name: /sky beside train/ }).click();
  const { left, right } = await page.evaluate(() => /** @type {any} */ (window).windlass.stage.view.seen);
  assert.ok(left <= 20 && right >= 21 && right - left < 256, `${left} to ${right}`);
  assert.match((await page.textContent("#places-text")) ?? "", /Place 1 of 1/);

  await page.keyboard.press("Control+Enter");
  await page.waitForSelector("#findings[open]");
  await page.click("#absorb");
  await page.waitForSelector("#findings", { state: "hidden" });
  assert.notEqual(await desk.classAt(20, 10), 16);
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector("#findings[open]");
  assert.doesNotMatch((await list.textContent()) ?? "", /speck|train/);
  await page.fill("#word", "the rest is a wall of fog");
  await page.click("#overrule");
  await page.waitForURL("**/frames/2/annotate");
  const [[word, findings]] = site.query("select word, findings from overruling where frame_id = 1");
  assert.equal(word, "the rest is a wall of fog");
  assert.match(findings, /8\.\d % is unlabelled/);

  const lea = await site.visitor(browser, "Lea");
  const picks = await lea.context.newPage();
  await picks.goto(`${site.url}/projects/1/picks`);
  assert.match((await picks.textContent(".effort")) ?? "", /of work.*3 actions.*model, untouched.*by hand.*wall of fog/s);
  await end(ada, lea);
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
  await desk.says("Saved v");
  const submit = await desk.page.locator("#submit").boundingBox();
  await desk.page.touchscreen.tap((submit?.x ?? 0) + 20, (submit?.y ?? 0) + 10);
  await desk.goesTo("**/frames/2/annotate");
  await end(ada);
});
