// @ts-check
/** A newcomer's way through `windlass demo`, with the real engine on tiny frames. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { openBrowser } from "./support.js";

/** More than the tiny jobs take on a busy machine with two cores. */
const LONG = 300_000;

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("node:child_process").ChildProcess} */
let demo;
/** @type {string} */
let dir;

before(async () => {
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  // Its engine outlives it and would go on writing.
  const ended = new Promise((resolve) => demo?.once("exit", resolve));
  if (demo?.kill("SIGINT")) await ended;
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

/** @returns {Promise<string>} the link that the demo prints */
async function start() {
  const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL("../../target", import.meta.url));
  const program = join(target, "debug/windlass");
  assert.ok(existsSync(program), `${program} is not there: run \`make setup\``);
  dir = mkdtempSync(join(tmpdir(), "windlass-demo-"));
  const words = ["demo", "--toy", "--no-browser", "--listen", "127.0.0.1:0", "--workspace", join(dir, "workspace")];
  demo = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: /** @type {any} */ (demo.stdout) })) {
    const link = line.match(/http:\/\/\S+/);
    if (link) return link[0];
  }
  throw new Error("the demo printed no link");
}

test("a newcomer comes in by the link, opens a frame, lets the labels answer, and sees what adapting brought", { timeout: 3 * LONG }, async () => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(LONG);
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  const guide = page.locator("#guide");

  await page.goto(await start());
  await page.getByRole("button", { name: "Come in" }).click();
  await page.getByRole("link", { name: "Harbour town" }).first().click();
  await guide.getByText("2 frames wait for their labels").waitFor();

  await guide.getByRole("button", { name: /label/i }).first().click();
  await page.waitForURL(/\/frames\/\d+\/annotate/);
  await page.locator("canvas").first().waitFor();
  await page.goBack();

  await guide.getByRole("button", { name: /answer/i }).click();
  await guide.getByText(/mIoU went from \d+\.\d to \d+\.\d in this round/).waitFor();

  await guide.getByRole("link", { name: /models/i }).first().click();
  await page.getByRole("heading", { name: "Models" }).waitFor();
  for (const model of ["Warm up", "Inject", "Adapt"]) await page.getByRole("cell", { name: new RegExp(model) }).first().waitFor();
  assert.deepEqual(errors, []);
});
