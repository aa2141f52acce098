// @ts-check
/** A screen without glass, by Xvfb, and its mouse, by xdotool: what a browser makes of moves that do not come from a debugger. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** @typedef {{ x: number, y: number }} Point of the window */

export class Screen {
  static async open() {
    const screen = new Screen();
    screen.server = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", "1600x1200x24"], { stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((resolve, reject) => screen.server.once("spawn", resolve).once("error", reject)).catch(missing("Xvfb"));
    for await (const line of createInterface({ input: screen.server.stdout })) {
      screen.display = `:${line}`;
      break;
    }
    return screen;
  }

  /** @param {import("playwright-core").Page} page on this screen @returns its mouse, aimed in the page's own coordinates */
  async mouse(page) {
    this.hand = spawn("xdotool", ["-"], { stdio: ["pipe", "inherit", "inherit"], env: { ...process.env, DISPLAY: this.display } });
    await new Promise((resolve, reject) => this.hand.once("spawn", resolve).once("error", reject)).catch(missing("xdotool"));
    const say = (/** @type {string} */ words) => void this.hand.stdin.write(`${words}\n`);
    const met = page.evaluate(() => new Promise((met) => addEventListener("pointermove", ({ clientX: x, clientY: y }) => met({ x, y }), { once: true })));
    const aim = { x: 800, y: 600 };
    say(`mousemove ${aim.x} ${aim.y}`);
    const { x, y } = /** @type {Point} */ (await met);
    const move = (/** @type {Point} */ at) => say(`mousemove ${Math.round(at.x + aim.x - x)} ${Math.round(at.y + aim.y - y)}`);
    return { move, down: () => say("mousedown 1"), up: () => say("mouseup 1") };
  }

  close() {
    this.hand?.kill();
    this.server.kill();
  }
}

/** @param {string} program @returns {(error: Error) => never} */
const missing = (program) => (error) => {
  throw new Error(`A real mouse needs ${program} (Debian: apt-get install xvfb xdotool): ${error.message}`);
};
