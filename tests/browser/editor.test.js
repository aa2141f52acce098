// @ts-check
/** Tools, rules and looks of the annotate page, in headless Chromium. */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { Site, openBrowser } from "./support.js";

const FENCE = 4;
const POLE = 5;

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {any} */
let site;
/** @type {any} */
let ada;
/** @type {import("./support.js").Desk} */
let desk;

before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());
beforeEach(async () => {
  site = await Site.open({ width: 512 });
  ada = await site.visitor(browser, "Ada");
  desk = await ada.opens(1);
});
afterEach(async () => {
  await ada.context.close();
  await site.close();
  assert.deepEqual(desk.errors, []);
});

/** @param {...string} keys */
const type = async (...keys) => {
  for (const key of keys) await desk.page.keyboard.press(key);
};

/** @param {number} x @param {number} y @returns {Promise<number>} how strongly the labels' layer is painted there, 0 to 255 */
const painted = async (x, y) => {
  await desk.painted();
  return desk.page.evaluate(
    ([x, y]) => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("canvas.labels"));
      return canvas.getContext("2d")?.getImageData(x, y, 1, 1).data[3] ?? -1;
    },
    [x, y],
  );
};

test("a rectangle by mouse and by keyboard; replace changes one class inside another", async () => {
  await type("5", "a");
  await desk.drags([[50, 60], [250, 160]]);
  await type("6", "a");
  await desk.drags([[100, 80], [120, 100]]);
  assert.deepEqual([await desk.classAt(60, 70), await desk.classAt(110, 90), await desk.classAt(249, 159)], [FENCE, POLE, FENCE]);
  await type("7", "Shift+F");
  await desk.drags([[90, 70], [200, 140]]);
  assert.deepEqual([await desk.classAt(95, 75), await desk.classAt(110, 90), await desk.classAt(60, 70)], [6, POLE, FENCE]);
  await type("Control+z", "f");
  await desk.page.keyboard.down("Shift");
  await desk.drags([[90, 70], [200, 140]]);
  await desk.page.keyboard.up("Shift");
  assert.deepEqual([await desk.classAt(95, 75), await desk.classAt(110, 90)], [6, POLE]);

  const pen = () => desk.page.evaluate(() => ({ .../** @type {any} */ (window).windlass.stage.pen.point }));
  await type("8", "a", "ArrowUp");
  const from = await pen();
  await type("Enter", "Shift+ArrowRight", "Shift+ArrowDown", "Enter");
  assert.equal(await desk.classAt(Math.ceil(from.x) + 2, Math.ceil(from.y) + 2), 7);
});

test("a locked class is not painted over; paint goes only where it may; a hidden class is not shown", async () => {
  await type("5", "a");
  await desk.drags([[50, 60], [250, 160]]);
  await type("l", "6", "a");
  await desk.page.waitForSelector('[aria-label="Lock fence"][aria-pressed="true"]');
  await desk.drags([[40, 50], [200, 120]]);
  assert.deepEqual([await desk.classAt(100, 100), await desk.classAt(45, 55)], [FENCE, POLE]);
  await type("Shift+L", "s");
  await desk.page.waitForSelector("#over.narrowed");
  assert.equal(await desk.page.inputValue("#over"), "255");
  await desk.drags([[60, 70], [200, 120]]);
  assert.equal(await desk.classAt(100, 100), FENCE);
  await desk.page.selectOption("#over", { label: "fence" });
  await desk.page.focus("#stage");
  await desk.drags([[30, 90], [200, 120]]);
  assert.equal(await desk.classAt(100, 100), POLE);
  assert.notEqual(await desk.classAt(35, 100), POLE);

  assert.equal(await painted(100, 100), 255);
  await desk.page.focus('[aria-label="Hide pole"]');
  await type("Enter");
  assert.equal(await painted(100, 100), 0);
  await type("Shift+K");
  assert.equal(await painted(100, 100), 255);
  await type("j");
  assert.deepEqual([await painted(150, 105), await painted(150, 119)], [0, 255]);
});

test("the picture is lit for a night frame, and as it is again", async () => {
  const filter = () => desk.page.evaluate(() => getComputedStyle(/** @type {Element} */ (document.querySelector("canvas.picture"))).filter);
  assert.equal(await filter(), "none");
  await type("'", "'", '"');
  assert.equal(await filter(), "brightness(1.5) contrast(1.25)");
  await type("\\");
  assert.equal(await filter(), "none");
});

test("a key jumps to what is unlabelled, the minimap shows where that is and draws nothing", async () => {
  await type("a", "5");
  await desk.drags([[0, 0], [512, 256]]);
  await desk.drags([[300, 150], [330, 180]], "right");
  await desk.drags([[30, 40], [40, 50]], "right");
  const [minimap, view] = [desk.page.locator("#minimap"), () => desk.page.evaluate(() => /** @type {any} */ (window).windlass.stage.view.seen)];
  await type("Home", "n");
  await minimap.waitFor({ state: "visible" });
  const { left, right, top, bottom } = await view();
  assert.ok(left < 300 && right > 330 && top < 150 && bottom > 180 && right - left < 400, JSON.stringify(await view()));
  const before = await desk.mask();
  await minimap.click({ position: { x: 12, y: 12 } });
  assert.ok((await view()).left < left);
  assert.ok(before.equals(await desk.mask()));
  await type("n");
  await desk.hears(/2 of 2/);
  await type("Home");
  await minimap.waitFor({ state: "hidden" });
});

test("after a click on a button Space moves the view, and Submit waits for a polygon that is open", async () => {
  const { page } = desk;
  await page.click("#classes li:nth-child(5) .class");
  await type("+", "+");
  const origin = () => page.evaluate(() => /** @type {any} */ (window).windlass.stage.view.origin.x);
  const before = await origin();
  await page.keyboard.down("Space");
  await desk.drags([[250, 120], [280, 120]]);
  await page.keyboard.up("Space");
  assert.notEqual(await origin(), before);
  assert.equal(await desk.page.evaluate(() => /** @type {any} */ (window).windlass.editor.history.past.length), 0);
  await page.click("[data-tool=polygon]");
  for (const [x, y] of [[230, 100], [280, 100], [280, 140]]) await desk.drags([[x, y], [x, y]]);
  await page.click("#submit");
  assert.match((await page.textContent("#problem")) ?? "", /A polygon is still open/);
  await type("Escape");
  await page.locator("#problem").waitFor({ state: "hidden" });
  await type("Enter");
  assert.equal(await desk.classAt(270, 110), FENCE);
});

test("with the unlabelled in the hand a polygon takes away; undo far away is shown", async () => {
  await type("5", "a");
  await desk.drags([[20, 60], [250, 160]]);
  await type("v");
  await desk.page.click("#no-class");
  for (const [x, y] of [[30, 70], [80, 70], [80, 110]]) await desk.drags([[x, y], [x, y]]);
  await type("Enter");
  assert.deepEqual([await desk.classAt(70, 75), await desk.classAt(35, 105)], [255, FENCE]);
  await desk.page.evaluate(() => {
    const { stage } = /** @type {any} */ (window).windlass;
    stage.show({ left: 450, top: 200, right: 500, bottom: 240 });
  });
  await type("Control+z");
  await desk.hears(/Undone: polygon/);
  assert.ok(await desk.page.evaluate(() => /** @type {any} */ (window).windlass.stage.view.sees({ left: 30, top: 70, right: 80, bottom: 110 })));
});

test("the keyboard's pen goes up with Enter, though the mouse has moved since it went down", async () => {
  await type("5", "ArrowUp", "Enter", "Shift+ArrowRight", "Shift+ArrowRight");
  await desk.page.mouse.move(300, 300);
  await desk.page.mouse.move(301, 300);
  await type("Enter", "Escape");
  assert.equal(await desk.page.evaluate(() => /** @type {any} */ (window).windlass.editor.history.past.length), 1);
});

test("where a person wants it letters act only while the frame has the focus, on the next frame as well", async () => {
  const { page } = desk;
  const tool = () => page.evaluate(() => /** @type {any} */ (window).windlass.editor.tool);
  await type("?");
  await page.getByLabel(/only while the frame has the focus/).check();
  await page.click("#help [data-close]");
  await ada.post("/frames/2/take");
  await page.goto(`${site.url}/frames/2/annotate`);
  await desk.ready();
  await page.focus("#open-help");
  await type("x", "5");
  assert.equal(await tool(), "brush");
  await type("Control+s", "Enter");
  assert.ok(await page.getByLabel(/only while the frame has the focus/).isChecked());
  await page.click("#help [data-close]");
  await desk.drags([[50, 60], [60, 60]]);
  await type("x");
  assert.equal(await tool(), "eraser");
});

test("a bar that goes away gives the focus to the frame", async () => {
  const { page } = desk;
  const focused = () => page.evaluate(() => document.activeElement?.id);
  await type("v");
  for (const [x, y] of [[230, 100], [280, 100], [280, 140]]) await desk.drags([[x, y], [x, y]]);
  await page.focus("#drop-pending");
  await type("Enter");
  await page.locator("#pending").waitFor({ state: "hidden" });
  assert.equal(await focused(), "stage");
});

test("tools and classes are one stop for Tab each; arrows go to their buttons and leave the pen where it is", async () => {
  const { page } = desk;
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.querySelector(".name")?.textContent);
  const pen = () => page.evaluate(() => /** @type {any} */ (window).windlass.stage.pen.point);
  const { keyboard } = page;
  await page.focus("[data-tool=brush]");
  const before = await pen();
  await keyboard.press("ArrowDown");
  assert.equal(await focused(), "Eraser");
  await keyboard.press("Enter");
  await page.waitForSelector("[data-tool=eraser][aria-pressed=true]");
  await keyboard.press("End");
  assert.equal(await focused(), "Whole frame");
  await keyboard.press("Tab");
  assert.match((await focused()) ?? "", /^The frame/);
  await keyboard.press("Shift+Tab");
  assert.equal(await focused(), "Eraser", "what is in the hand");
  await keyboard.press("Tab");
  await keyboard.press("Tab");
  assert.equal(await focused(), "road");
  await keyboard.press("ArrowDown");
  await keyboard.press("ArrowRight");
  assert.equal(await focused(), "Hide sidewalk");
  await keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "over");
  assert.deepEqual(await pen(), before);
});

test("put back waits for a polygon that is open, then gives the frame to the queue, and the next is another", async () => {
  const { page } = desk;
  await page.keyboard.press("v");
  for (const [x, y] of [[100, 100], [300, 100], [300, 200]]) {
    const point = await desk.at(x, y);
    await page.mouse.click(point.x, point.y);
  }
  await page.keyboard.press("Shift+Backspace");
  await desk.hears(/polygon is still open/);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Shift+Backspace");
  await desk.hears(/once more puts the frame back/);
  await page.keyboard.press("Shift+Backspace");
  await page.waitForURL("**/projects/1/queue");
  assert.deepEqual(site.query("select lease_user_id, (select count(*) from mask where frame_id = 1) from pick where frame_id = 1"), [[null, 2]]);
  await page.click("text=Label the next frame");
  await page.waitForURL("**/frames/2/annotate");
});

test("no two commands share a key", async () => {
  await type("?");
  const keys = await desk.page.locator("#help-body :is(kbd, .key)").allTextContents();
  assert.ok(keys.length > 40);
  assert.deepEqual(keys.filter((key, index) => keys.indexOf(key) !== index), []);
});

test("a class gets another key on the sheet, and keeps it; the one that had it gets the other's", async () => {
  await type("?");
  await desk.page.click('[aria-label^="Key of fence"]');
  await type("b");
  await desk.hears(/B is the key for “Brush”/);
  await desk.page.click('[aria-label^="Key of fence"]');
  await type("1", "Escape", "2", "1");
  assert.equal(await desk.page.evaluate(() => /** @type {any} */ (window).windlass.editor.class), FENCE);
  await desk.page.reload();
  await desk.ready();
  await type("5");
  assert.equal(await desk.page.evaluate(() => /** @type {any} */ (window).windlass.editor.class), 0);
  await type("?");
  await desk.page.click("#class-keys > button");
  await type("Escape", "5");
  assert.equal(await desk.page.evaluate(() => /** @type {any} */ (window).windlass.editor.class), FENCE);
});

test("a key that waits for a class waits no longer than its sheet is open, also where a click gives no focus", async () => {
  await type("?");
  // As voice control clicks.
  await desk.page.locator('[aria-label^="Key of fence"]').evaluate((/** @type {HTMLElement} */ button) => button.click());
  assert.equal(await desk.page.evaluate(() => document.activeElement?.textContent), "press a key");
  await desk.page.locator("#help [data-close]").evaluate((/** @type {HTMLElement} */ button) => button.click());
  await type("x");
  await type("?");
  assert.equal(await desk.page.locator('[aria-label^="Key of fence"]').textContent(), "5");
});

test("a class's key chooses the class also after the list of what is painted over was opened by mouse and left", async () => {
  const left = async () => (await desk.page.click("#over"), await type("Escape"));
  await left();
  await type("6");
  const chosen = await desk.page.evaluate(() => [/** @type {any} */ (window).windlass.editor.class, /** @type {HTMLSelectElement} */ (document.querySelector("#over")).value]);
  assert.deepEqual(chosen, [POLE, "-1"]);
  await desk.drags([[50, 60], [250, 60]]);
  await left();
  await type("Control+z");
  await desk.hears(/Undone: brush/);
});

test("a tool that paints nothing says why", async () => {
  await type("5", "a");
  await desk.drags([[50, 60], [250, 160]]);
  await type("l", "6", "f");
  const { x, y } = await desk.at(60, 70);
  await desk.page.mouse.click(x, y);
  await desk.hears(/fence is locked/);
  await type("l", "b", "s");
  await desk.drags([[60, 70], [80, 70]]);
  await desk.hears(/fence is locked/);
  await type("Shift+L");
  await desk.drags([[60, 70], [80, 70]]);
  await desk.hears(/Paint only over what is unlabelled: nothing was painted/);
  assert.equal(await desk.classAt(60, 70), FENCE);
});

test("by keyboard alone a corner is moved and taken away before the polygon is closed", async () => {
  await type("v", "5");
  for (const [way, times] of /** @type {[string, number][]} */ ([["ArrowRight", 1], ["Shift+ArrowRight", 2], ["Shift+ArrowDown", 1], ["Shift+ArrowLeft", 2]])) await type(...Array(times).fill(way), "Enter");
  const corners = () => desk.page.evaluate(() => /** @type {any} */ (window).windlass.editor.polygon.corners.map((/** @type {any} */ { x, y }) => ({ x, y })));
  const before = await corners();
  assert.equal(before.length, 4);
  assert.match(await desk.page.locator("#close-pending").innerText(), /⇧Enter/);
  // The last corner is under the pen.
  await type("Enter", "Shift+ArrowDown", "Enter", "Shift+ArrowDown");
  const moved = await corners();
  assert.ok(moved[3].y > before[3].y);
  assert.deepEqual(moved.slice(0, 3), before.slice(0, 3));
  await type("Shift+ArrowUp", "Enter", "Backspace");
  assert.deepEqual(await corners(), before.slice(0, 3));
  await type("Shift+Enter");
  const { x, y } = before[1];
  assert.equal(await desk.classAt(Math.floor(x) - 3, Math.floor(y) + 3), FENCE);
});

test("what the hand takes up is told to those who cannot see it", async () => {
  const heard = (/** @type {string} */ text) => desk.page.waitForFunction((text) => document.querySelector("#heard")?.textContent?.endsWith(text), text);
  await type("6");
  await heard("pole");
  await type("f");
  await heard("fill");
  await type("b", "[");
  await heard("Brush 15 px");
});

test("tool, class, size, overlays and snapping are the same on the next frame; the eye is not told of a tool that it lacks", async () => {
  await desk.page.waitForSelector("#snap:not(:disabled)");
  await type("6", "[", "[", "Shift+Z", "]", "Shift+V", "g");
  await ada.post("/frames/2/take");
  await desk.page.goto(`${site.url}/frames/2/annotate`);
  await desk.ready();
  await desk.page.waitForSelector('[data-tool="propagate"][aria-pressed="true"]');
  const kept = await desk.page.evaluate(() => {
    const { editor } = /** @type {any} */ (window).windlass;
    const on = (/** @type {string} */ id) => document.querySelector(id)?.getAttribute("aria-pressed");
    return [editor.class, editor.size, editor.extent, on("#snap"), editor.polygon.wire !== null, on("#gaps")];
  });
  assert.deepEqual(kept, [POLE, 11, 5, "true", true, "true"]);
  // Left before its segments come, it takes nothing out of the hand.
  await desk.page.route("**/frames/2/segments", () => {});
  await type("Shift+X");
  await desk.page.reload();
  await desk.ready();
  assert.equal(await desk.page.evaluate(() => /** @type {any} */ (window).windlass.editor.class), 255);
  await desk.page.unroute("**/frames/2/segments");
  await desk.page.reload();
  await desk.page.waitForSelector('[data-tool="propagate"][aria-pressed="true"]');
  assert.equal(await desk.page.getAttribute("#snap", "aria-pressed"), "true");
});

test("locks, hidden classes, light, patterns and strength are the same on the next frame", async () => {
  await type("5", "l", "k", "'", ",", "Shift+J");
  await ada.post("/frames/2/take");
  await desk.page.goto(`${site.url}/frames/2/annotate`);
  await desk.ready();
  const kept = await desk.page.evaluate(() => {
    const pressed = (/** @type {string} */ name) => document.querySelector(`[aria-label="${name}"]`)?.getAttribute("aria-pressed");
    const values = ["#brightness", "#opacity"].map((id) => /** @type {HTMLInputElement} */ (document.querySelector(id)).value);
    return [pressed("Lock fence"), pressed("Hide fence"), pressed("Lock road"), ...values, document.querySelector("#patterns")?.getAttribute("aria-pressed")];
  });
  assert.deepEqual(kept, ["true", "true", "false", "125", "45", "true"]);
});

test("with patterns two classes are told apart without their colours", async () => {
  /** @param {number} x @param {number} y @returns {Promise<number>} shades in a cell of the labels' layer */
  const shades = async (x, y) => {
    await desk.painted();
    return desk.page.evaluate(
      ([x, y]) => {
        const { data } = /** @type {any} */ (document.querySelector("canvas.labels")).getContext("2d").getImageData(x, y, 16, 16);
        return new Set(new Uint32Array(data.buffer)).size;
      },
      [x, y],
    );
  };
  await type("a", "2");
  await desk.drags([[0, 0], [200, 100]]);
  assert.equal(await shades(40, 40), 1);
  await type("Shift+J");
  assert.equal(await shades(40, 40), 2);
  await type("1");
  await desk.drags([[0, 0], [200, 100]]);
  assert.equal(await shades(40, 40), 1);
});

test("the class in the hand is shown in a frame of the source, the rest of it dimmed", async () => {
  await type("Shift+E");
  await desk.page.waitForFunction(() => document.querySelector("#example-text")?.textContent === "road, in a frame of the source");
  await type("u");
  await desk.page.waitForFunction(() => /^train: in none/.test(document.querySelector("#example-text")?.textContent ?? ""));

  // Pictures that come under a stroke are shown once it has ended.
  let arrive = () => {};
  const held = new Promise((resolve) => (arrive = () => resolve(undefined)));
  await desk.page.route("**/truth*", (route) => held.then(() => route.continue()));
  const [first] = await Promise.all([desk.page.waitForRequest(/truth/), type("2")]);
  const { x, y } = await desk.at(100, 100);
  await desk.page.mouse.move(x, y);
  await desk.page.mouse.down();
  arrive();
  await (await first.response())?.finished();
  await desk.page.mouse.move(x + 40, y, { steps: 8 });
  await desk.painted();
  assert.equal(await desk.page.textContent("#example-text"), "sidewalk: looking for a frame of the source");
  await desk.page.mouse.up();
  await desk.page.waitForFunction(() => document.querySelector("#example-text")?.textContent === "sidewalk, in a frame of the source");
  await type("Shift+E");
  assert.ok(await desk.page.locator("#example-view").isHidden());
});

test("a pen's pressure is the brush's width", async () => {
  const devtools = await desk.page.context().newCDPSession(desk.page);
  const pen = async (type, [x, y], force, buttons) =>
    devtools.send("Input.dispatchMouseEvent", { type, ...(await desk.at(x, y)), button: "left", buttons, pointerType: "pen", force, clickCount: 1 });
  await type("5");
  for (const [y, force] of [[60, 0.1], [160, 1]]) {
    await pen("mousePressed", [100, y], force, 1);
    await pen("mouseMoved", [300, y], force, 1);
    await pen("mouseReleased", [300, y], 0, 0);
  }
  // 20 pixels: 8 at a tenth, 35 at full pressure.
  assert.deepEqual(await Promise.all([62, 66, 170, 180].map((y) => desk.classAt(200, y).then((one) => one === FENCE))), [true, false, true, false]);
});
