// @ts-check
/** What the browser tests share: a served workspace that can be killed, a Chromium, a person in it. */

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const QUIET_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * @param {string} [display] of an X server; headless without it
 * @returns {Promise<import("playwright-core").Browser>} the Chromium that setup.sh finds
 */
export function openBrowser(display) {
  const folders = (process.env.PATH ?? "").split(":");
  const onPath = ["chromium", "chromium-browser", "google-chrome"].flatMap((name) => folders.map((folder) => join(folder, name)));
  const executablePath = [process.env.CHROMIUM, ...onPath].find((place) => place && existsSync(place));
  if (!executablePath) {
    throw new Error("There is no Chromium: install it (Debian: apt-get install chromium), or set CHROMIUM to the program.");
  }
  if (!display) return chromium.launch({ executablePath, args: ["--headless", ...QUIET_FLAGS] });
  return chromium.launch({ executablePath, args: QUIET_FLAGS, headless: false, env: { ...process.env, DISPLAY: display } });
}

/** @returns {string} the example that serves a drawn workspace, freshly built */
function program() {
  if (process.env.WINDLASS_FIXTURE) return process.env.WINDLASS_FIXTURE;
  const build = ["build", "--quiet", "--package", "windlass", "--example", "annotate_fixture", "--message-format", "json"];
  const said = execFileSync("cargo", build, { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] });
  const made = said.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return made.findLast((line) => line.target?.name === "annotate_fixture" && line.executable).executable;
}

/** A drawn workspace, served. */
export class Site {
  /** @param {{ width?: number, frames?: number }} [options] */
  static async open({ width = 2048, frames = 3 } = {}) {
    const site = new Site();
    site.program = program();
    site.dir = mkdtempSync(join(tmpdir(), "windlass-"));
    site.width = width;
    site.count = frames;
    site.port = 0;
    await site.start();
    return site;
  }

  /** Serves it, at the same address as before. */
  async start() {
    const { program, dir, port, count, width } = this;
    this.process = spawn(program, [dir, port, count, width].map(String), { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: this.process.stdout })) {
      Object.assign(this, JSON.parse(line));
      break;
    }
    this.port = Number(new URL(this.url).port);
  }

  /** `kill -9`; a test that fails while it is killed already has its end all the same. */
  async kill() {
    if (this.process.signalCode) return;
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    await gone;
  }

  async close() {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** @param {string} sql @returns {any[][]} what the database file itself says */
  query(sql) {
    const script = "import json, sqlite3, sys\nc = sqlite3.connect(sys.argv[1], timeout=10)\nr = c.execute(sys.argv[2]).fetchall()\nc.commit()\nprint(json.dumps(r))";
    return JSON.parse(execFileSync("python3", ["-c", script, this.database, sql], { encoding: "utf8" }));
  }

  /**
   * A person with a browser of their own.
   *
   * @param {import("playwright-core").Browser} browser
   * @param {string} name
   * @param {import("playwright-core").BrowserContextOptions} [options]
   */
  async visitor(browser, name, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const visitor = new Visitor(this, context, name);
    await visitor.signIn();
    return visitor;
  }
}

/** A person at the annotate page. */
export class Visitor {
  /** @param {any} site @param {import("playwright-core").BrowserContext} context @param {string} name */
  constructor(site, context, name) {
    this.site = site;
    this.context = context;
    this.name = name;
  }

  async signIn() {
    const { cookie } = this.site.people.find((person) => person.name === this.name);
    const [name, value] = cookie.split("=");
    await this.context.addCookies([{ name, value, url: this.site.url }]);
  }

  /** Signs in anew after a sign-out: with another session. */
  async signInAnew() {
    const secret = `${this.name}-${Date.now()}`;
    const hash = createHash("sha256").update(secret).digest("hex");
    this.site.query(`insert into session select x'${hash}', user_id, 0, 99999999999999 from user where name = '${this.name}'`);
    const [name] = this.site.people.find((person) => person.name === this.name).cookie.split("=");
    await this.context.addCookies([{ name, value: secret, url: this.site.url }]);
  }

  /** @param {string} path */
  post(path) {
    return this.context.request.post(this.site.url + path, { headers: { origin: this.site.url }, maxRedirects: 0 });
  }

  /** @param {string} path @returns {Promise<Buffer>} */
  async read(path) {
    const answer = await this.context.request.get(this.site.url + path);
    if (!answer.ok()) throw new Error(`${path}: ${answer.status()}`);
    return answer.body();
  }

  /** @param {number} frame @param {import("playwright-core").Page} [tab] a new one without it @returns {Promise<Desk>} the frame, taken and opened */
  async opens(frame, tab) {
    await this.post(`/frames/${frame}/take`);
    const desk = new Desk(tab ?? (await this.context.newPage()));
    await desk.page.goto(`${this.site.url}/frames/${frame}/annotate`);
    await desk.ready();
    return desk;
  }
}

/** A tab with the annotate page. */
export class Desk {
  /** @param {import("playwright-core").Page} page */
  constructor(page) {
    this.page = page;
    /** Errors of scripts: a test that ends with one has failed. @type {string[]} */
    this.errors = [];
    page.on("pageerror", (error) => this.errors.push(error.message));
  }

  async ready() {
    await this.page.waitForSelector('body[data-state="ready"]');
    await this.painted();
  }

  /** Waits until everything that changed is on the screen. */
  async painted() {
    await this.page.waitForFunction(() => !(/** @type {any} */ (window).windlass.stage.asked));
  }

  /** Where a point of the frame is in the window. @param {number} x @param {number} y */
  at(x, y) {
    return this.page.evaluate(
      ([x, y]) => {
        const { stage } = /** @type {any} */ (window).windlass;
        const box = stage.surface.getBoundingClientRect();
        const point = stage.view.toScreen({ x, y });
        return { x: point.x + box.left, y: point.y + box.top };
      },
      [x, y],
    );
  }

  /** Draws with the mouse through points of the frame. @param {[number, number][]} points @param {"left" | "right"} [button] */
  async drags(points, button = "left") {
    await this.page.bringToFront();
    const { mouse } = this.page;
    for (const [index, [x, y]] of points.entries()) {
      const point = await this.at(x, y);
      await mouse.move(point.x, point.y, { steps: index ? 8 : 1 });
      if (index === 0) await mouse.down({ button });
    }
    await mouse.up({ button });
  }

  /** @param {string} text the save state's beginning */
  async says(text) {
    await this.page.waitForFunction((text) => document.querySelector("#save-state")?.textContent?.startsWith(text), text, { polling: 50 });
  }

  /** Waits for what is told in passing. @param {RegExp} text */
  async hears(text) {
    const { source } = text;
    await this.page.waitForFunction((source) => new RegExp(source).test(document.querySelector("#said")?.textContent ?? ""), source);
  }

  /** Waits for the page that comes next; says what stands in its way. @param {string} url */
  async goesTo(url) {
    await this.page.waitForURL(url).catch(async (error) => {
      const said = await this.page.locator("dialog[open], [role=alert]:visible, #save-state, #submit:disabled").allInnerTexts();
      throw new Error(`${error.message}the page says: ${[...said, ...this.errors].join(" | ")}`);
    });
  }

  /** @param {number} x @param {number} y @returns {Promise<number>} the class there */
  classAt(x, y) {
    return this.page.evaluate(([x, y]) => /** @type {any} */ (window).windlass.editor.map.at(x, y), [x, y]);
  }

  /** @returns {Promise<Buffer>} the whole mask as the page has it */
  async mask() {
    const text = await this.page.evaluate(async () => {
      const { pixels } = /** @type {any} */ (window).windlass.editor.map;
      const reader = new FileReader();
      reader.readAsDataURL(new Blob([pixels]));
      await new Promise((done) => (reader.onload = done));
      return String(reader.result).split(",")[1];
    });
    return Buffer.from(text, "base64");
  }
}
