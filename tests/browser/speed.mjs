// @ts-check
/**
 * How fast the editor is, as one line of JSON: `node tests/browser/speed.mjs [--width 2048] [--savers 20] [--loads 50]`.
 * With `--real-mouse` strokes are drawn by an X server's mouse in a Chromium on its screen: that needs Xvfb and xdotool.
 *
 * A frame of 2048x1024 with 300 regions, every overlay on, in headless Chromium. Milliseconds throughout, megabytes of
 * 2^20 bytes. `stroke_to_paint` is from a move's own time stamp to the end of the first frame after it, as the page can
 * tell, of the newest move of each frame: a browser hands those of a mouse to a page together, once a frame, with the newest's
 * stamp. From a debugger they come one by one (`events_a_frame`), so that the others of a frame are told apart here.
 * `every_move_to_paint` is of them all: one that comes just after its frame began waits 16.7 ms for the next where a screen
 * shows 60 a second, so that the wait alone has a p95 of 15.8, whatever a page does. `frame_to_paint` is what the frame takes
 * of both. `stroke_to_screen` is from the time stamp to the moment at which the browser's compositor has shown the
 * frame, as its trace tells: it holds the raster and the wait for the screen as well.
 * `longest_task` is the main thread's longest while drawing, and `longest_task_cpu` what of it the thread was running;
 * `open_long_tasks` those over 50 ms while a frame is opened, until its segments are there. The figures mean little while
 * other things run on the machine: `load_average` says.
 */

import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";

import { Screen } from "./screen.js";
import { Site, openBrowser } from "./support.js";

const { values } = parseArgs({
  options: { width: { type: "string", default: "2048" }, savers: { type: "string", default: "20" }, loads: { type: "string", default: "50" }, seconds: { type: "string", default: "20" }, "real-mouse": { type: "boolean", default: false } },
});
const [width, savers, loads, seconds] = [values.width, values.savers, values.loads, values.seconds].map(Number);
const height = width / 2;
const STROKES = 5;
const POINTS = 200;
/** Between two moves: a mouse of 125 Hz. */
const PACE = 8;
const GOALS = {
  stroke_to_paint_p95: 16,
  longest_task: 50,
  segment_click_p95: 30,
  undo_p95: 30,
  open_to_stroke_median: 1500,
  heap_after_500: 150,
  save_p95: 100,
};

const sleep = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));
const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;

/** @param {number[]} values @param {number} percent */
function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? NaN);
}

/** @param {number[]} values */
const spread = (values) => ({ n: values.length, p50: percentile(values, 50), p95: percentile(values, 95), p99: percentile(values, 99), max: percentile(values, 100) });

const screen = values["real-mouse"] ? await Screen.open() : null;
const browser = await openBrowser(screen?.display);
const site = await Site.open({ width, frames: Math.max(savers, 2) });
const loadBefore = loadavg()[0];
/** @type {Record<string, any>} */
const out = { width, height, chromium: browser.version(), cores: cpus().length, mouse: screen ? "an X server's" : "the debugger's" };
try {
  const ada = await site.visitor(browser, "Ada");
  await ada.post("/frames/1/take");
  await ada.post("/frames/2/take");
  const page = await ada.context.newPage();
  const devtools = await ada.context.newCDPSession(page);
  Object.assign(out, await opening(page, devtools));
  await prepare(page);
  Object.assign(out, await strokes(page, devtools));
  Object.assign(out, await clicks(page));
  Object.assign(out, await manyStrokes(page, devtools));
  await page.close();
  out.save = await saving();
} finally {
  await browser.close();
  await site.close();
  screen?.close();
}
out.load_average = [round(loadBefore), round(loadavg()[0])];
const reached = {
  stroke_to_paint_p95: out.stroke_to_paint.p95,
  longest_task: out.longest_task.max,
  segment_click_p95: out.segment_click?.p95,
  undo_p95: out.undo.p95,
  open_to_stroke_median: out.open_to_stroke.p50,
  heap_after_500: out.heap_after_500,
  save_p95: out.save.p95,
};
out.missed = Object.entries(GOALS).filter(([name, goal]) => reached[name] > goal).map(([name]) => name);
console.log(JSON.stringify(out));

/**
 * Opens frames by turns: how long until one can draw, and what stays in memory.
 *
 * @param {import("playwright-core").Page} page
 * @param {import("playwright-core").CDPSession} devtools
 */
async function opening(page, devtools) {
  await page.addInitScript(() => {
    const look = () => (document.body?.dataset.state === "ready" ? Object.assign(window, { readyAt: performance.now() }) : requestAnimationFrame(look));
    requestAnimationFrame(look);
    const long = /** @type {number[]} */ (Object.assign(window, { longTasks: [] }).longTasks);
    new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask", buffered: true });
  });
  const times = [];
  let first = 0;
  let last = 0;
  for (let load = 0; load <= loads; load++) {
    await page.goto(`${site.url}/frames/${1 + (load % 2)}/annotate`);
    await page.waitForFunction(() => /** @type {any} */ (window).readyAt);
    // The first fills the caches.
    if (load > 0) times.push(await page.evaluate(() => /** @type {any} */ (window).readyAt));
    if (load === 1) first = await heap(devtools);
    if (load === loads) last = await heap(devtools);
  }
  if (loads % 2 === 1) await page.goto(`${site.url}/frames/1/annotate`);
  await page.waitForSelector("#next-doubt:not(:disabled)");
  const open_long_tasks = await page.evaluate(() => /** @type {any} */ (window).longTasks);
  return { open_to_stroke: spread(times), open_long_tasks, heap_open: first, heap_growth: round(last - first), loads };
}

/** 300 regions, every overlay. @param {import("playwright-core").Page} page */
async function prepare(page) {
  await page.evaluate(() => {
    const { editor, stage } = /** @type {any} */ (window).windlass;
    const { width, height } = editor.map;
    for (let i = 0; i < 300; i++) {
      editor.choose(i % editor.classes);
      editor.size = 56;
      const [x, y] = [((i % 25) + 0.5) * (width / 25), (Math.floor(i / 25) + 0.5) * (height / 12)];
      editor.press({ x, y }, { erase: i % 10 === 0 });
      editor.drag({ x: x + 15, y: y + (i % 7) });
      editor.lift();
    }
    stage.ask();
  });
  for (const id of ["#doubt", "#gaps", "#outlines", "#patterns", "#example"]) await page.click(id);
  // Nearer, so that the minimap is there too.
  await page.keyboard.press("+");
  await page.waitForSelector("#minimap:visible");
  await page.waitForFunction(() => document.querySelector("#save-state")?.textContent?.startsWith("Saved"), null, { timeout: 60_000 });
}

/** @param {import("playwright-core").Page} page @param {import("playwright-core").CDPSession} devtools */
async function strokes(page, devtools) {
  await page.evaluate(() => {
    const seen = /** @type {any} */ (window);
    seen.moves = [];
    addEventListener("pointermove", (event) => {
      seen.newest = event;
      const stamps = event.getCoalescedEvents().map(({ timeStamp }) => timeStamp);
      requestAnimationFrame((begin) => {
        const newest = seen.newest === event;
        const channel = new MessageChannel();
        channel.port1.onmessage = () => {
          const painted = performance.now();
          seen.moves.push({ move: painted - event.timeStamp, every: stamps.map((stamp) => painted - stamp), frame: painted - begin, newest });
        };
        channel.port2.postMessage(0);
      });
    }, true);
  });
  const mouse = screen ? await screen.mouse(page) : debuggersMouse(devtools);
  const box = await page.evaluate(() => /** @type {Element} */ (document.querySelector("#stage")).getBoundingClientRect().toJSON());
  const place = (/** @type {number} */ k, /** @type {number} */ stroke) => ({
    x: box.x + box.width * (0.1 + (0.8 * k) / POINTS),
    y: box.y + box.height * (0.2 + 0.12 * stroke + 0.05 * Math.sin(k / 8)),
  });
  /** @type {number[][]} */
  const [newest, every, frames, shownAt, longest, ran] = [[], [], [], [], [], []];
  let events = 0;
  await page.keyboard.press("b");
  for (let stroke = 0; stroke < STROKES; stroke++) {
    await page.keyboard.press("5732q"[stroke]);
    await mouse.move(place(0, stroke));
    await page.evaluate(() => (/** @type {any} */ (window).moves = []));
    await browser.startTracing(page, { categories: ["toplevel", "blink.user_timing", "input", "disabled-by-default-devtools.timeline"] });
    await page.evaluate(() => performance.mark("from"));
    await mouse.down(place(0, stroke));
    const begun = performance.now();
    const sent = [];
    for (let k = 1; k < POINTS; k++) {
      await sleep(Math.max(0, begun + k * PACE - performance.now()));
      sent.push(mouse.move(place(k, stroke)));
    }
    await Promise.all(sent);
    await mouse.up(place(POINTS - 1, stroke));
    await page.waitForFunction(() => /** @type {any} */ (window).windlass.editor.stroke == null);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.evaluate(() => performance.mark("to"));
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const [from, to] = ["from", "to"].map((name) => traceEvents.find((/** @type {any} */ event) => event.name === name));
    const tasks = traceEvents.filter((/** @type {any} */ event) => event.pid === from.pid && event.tid === from.tid && event.ts >= from.ts && event.ts <= to.ts && /RunTask$/.test(event.name));
    longest.push(Math.max(0, ...tasks.map((/** @type {any} */ event) => (event.dur ?? 0) / 1000)));
    ran.push(Math.max(0, ...tasks.map((/** @type {any} */ event) => (event.tdur ?? 0) / 1000)));
    for (const seen of await page.evaluate(() => /** @type {any} */ (window).moves)) {
      events++;
      every.push(...seen.every);
      if (!seen.newest) continue;
      newest.push(seen.move);
      frames.push(seen.frame);
    }
    shownAt.push(...shown(traceEvents));
  }
  return {
    stroke_to_paint: spread(newest),
    every_move_to_paint: spread(every),
    events_a_frame: round(events / frames.length),
    frame_to_paint: spread(frames),
    stroke_to_screen: spread(shownAt),
    longest_task: spread(longest),
    longest_task_cpu: spread(ran),
  };
}

/** @param {import("playwright-core").CDPSession} devtools */
function debuggersMouse(devtools) {
  let buttons = 0;
  const send = (/** @type {any} */ type, /** @type {import("./screen.js").Point} */ at) => devtools.send("Input.dispatchMouseEvent", { type, ...at, button: buttons || type === "mouseReleased" ? "left" : "none", buttons, clickCount: 1 });
  return {
    /** @param {import("./screen.js").Point} at */
    move: (at) => send("mouseMoved", at),
    /** @param {import("./screen.js").Point} at */
    down(at) {
      buttons = 1;
      return send("mousePressed", at);
    },
    /** @param {import("./screen.js").Point} at */
    up(at) {
      buttons = 0;
      return send("mouseReleased", at);
    },
  };
}

/** @param {any[]} events of a trace @returns {number[]} for each move that was shown, from its time stamp until then */
function shown(events) {
  const times = [];
  /** Moves under way: the browser uses their ids again. @type {Map<string, { from: number, shown: boolean }>} */
  const open = new Map();
  for (const { name, ph, pid, tid, ts, id2, args } of [...events].sort((a, b) => a.ts - b.ts)) {
    const id = `${pid} ${tid} ${id2?.local}`;
    const move = open.get(id);
    if (name === "EventLatency" && ph === "b" && args.event_latency.event_type === "MOUSE_DRAGGED") open.set(id, { from: ts, shown: false });
    else if (move && /ToPresentation/.test(name)) move.shown = true;
    else if (move && name === "EventLatency" && ph === "e") {
      if (move.shown) times.push((ts - move.from) / 1000);
      open.delete(id);
    }
  }
  return times;
}

/** What a key or a click costs the main thread until it is painted. @param {import("playwright-core").Page} page */
async function clicks(page) {
  const timed = (/** @type {string} */ what) =>
    page.evaluate(async (what) => {
      const { editor, stage } = /** @type {any} */ (window).windlass;
      const times = [];
      for (let i = 0; i < 20; i++) {
        const point = { x: ((i * 97.3) % 0.9) * editor.map.width + 50, y: (0.1 + 0.04 * i) * editor.map.height };
        const from = performance.now();
        if (what === "undo") editor.undo();
        else if (what === "redo") editor.redo();
        else {
          editor.choose(i % editor.classes);
          editor.take(what);
          editor.press(point);
          editor.lift();
        }
        stage.painter.paint();
        times.push(performance.now() - from);
        await new Promise((done) => requestAnimationFrame(done));
      }
      return times;
    }, what);
  const undo = await timed("undo");
  const redo = await timed("redo");
  const fill = await timed("fill");
  const segments = await page.evaluate(() => /** @type {any} */ (window).windlass.editor.segments != null);
  return { undo: spread(undo), redo: spread(redo), fill_click: spread(fill), segment_click: segments ? spread(await timed("segment")) : null };
}

/** @param {import("playwright-core").Page} page @param {import("playwright-core").CDPSession} devtools */
async function manyStrokes(page, devtools) {
  await page.evaluate(async () => {
    const { editor, stage } = /** @type {any} */ (window).windlass;
    const { width, height } = editor.map;
    editor.take("brush");
    editor.size = 40;
    for (let i = 0; i < 500; i++) {
      editor.choose(i % editor.classes);
      const y = ((i * 37) % 97) / 97;
      editor.press({ x: ((i * 53) % 89) * (width / 89), y: y * height });
      for (let k = 1; k < 30; k++) editor.drag({ x: (((i * 53) % 89) / 89) * width + k * 8, y: y * height + Math.sin(k / 3) * 30 });
      editor.lift();
      stage.ask();
      if (i % 5 === 0) await new Promise((done) => requestAnimationFrame(done));
    }
  });
  await page.waitForFunction(() => document.querySelector("#save-state")?.textContent?.startsWith("Saved"), null, { timeout: 60_000 });
  const kept = await page.evaluate(() => /** @type {any} */ (window).windlass.editor.history.bytes);
  return { heap_after_500: await heap(devtools), history_mb: round(kept / 2 ** 20) };
}

/** @param {import("playwright-core").CDPSession} devtools @returns {Promise<number>} of scripts, with what their arrays hold */
async function heap(devtools) {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize = 0 } = /** @type {any} */ (await devtools.send("Runtime.getHeapUsage"));
  return round((usedSize + backingStorageSize) / 2 ** 20);
}

/** People who save every two seconds, each on a frame of their own, 12 tiles a save. */
async function saving() {
  const cookies = site.people.map((/** @type {any} */ person) => person.cookie);
  const send = (/** @type {string} */ cookie, /** @type {string} */ path, /** @type {RequestInit} */ init) =>
    fetch(site.url + path, { redirect: "manual", ...init, headers: { cookie, origin: site.url, ...init.headers } });
  const tiles = Math.ceil(width / 64) * Math.floor(height / 64);
  const saver = async (/** @type {number} */ index) => {
    const frame = site.frames[index];
    const cookie = cookies[index % cookies.length];
    if (index > 1) await send(cookie, `/frames/${frame}/take`, { method: "POST" });
    else await send(site.people.find((/** @type {any} */ one) => one.name === "Ada").cookie, `/frames/${frame}/release`, { method: "POST" }).then(() => send(cookie, `/frames/${frame}/take`, { method: "POST" }));
    const history = await (await send(cookie, `/frames/${frame}/history`, {})).json();
    let version = history[0].version;
    const times = [];
    await sleep((2000 * index) / savers);
    for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
      const body = change(Array.from({ length: 12 }, (_, i) => (index * 31 + version * 7 + i) % tiles), version);
      const from = performance.now();
      const answer = await send(cookie, `/frames/${frame}/mask`, { method: "PATCH", headers: { "if-match": `"${version}"` }, body });
      await answer.arrayBuffer();
      times.push(performance.now() - from);
      if (answer.status !== 204) throw new Error(`a save was answered ${answer.status}`);
      version++;
      await sleep(Math.max(0, 2000 - times[times.length - 1]));
    }
    return times;
  };
  const times = (await Promise.all(Array.from({ length: savers }, (_, index) => saver(index)))).flat();
  return { ...spread(times), savers };
}

/** @param {number[]} tiles @param {number} seed @returns {Uint8Array} 150 runs a tile */
function change(tiles, seed) {
  const words = [];
  for (const tile of new Set(tiles)) {
    words.push(tile, 150);
    for (let run = 0; run < 150; run++) {
      const length = run < 149 ? 27 : 64 * 64 - 149 * 27;
      words.push(length | (((run + seed) % 19) << 16) | (3 << 24));
    }
  }
  return new Uint8Array(new Uint32Array(words).buffer);
}
