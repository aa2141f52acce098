// @ts-check
/** What a file of browser tests stands on: one browser, and a served workspace for each test. */

import { after, afterEach, before, beforeEach } from "node:test";

import { Site, openBrowser } from "./support.js";

/** @type {import("playwright-core").Browser} */
export let browser;
/** @type {any} */
export let site;

/** Sets both up, for the tests of this file. @param {{ frames: number }} options their size is small, but where a test is named after the large one */
export function eachTest({ frames }) {
  before(async () => {
    browser = await openBrowser();
  });
  beforeEach(async (context) => {
    site = await Site.open({ width: context.name.includes("2048x1024") ? 2048 : 512, frames });
  });
  after(() => browser?.close());
  // A test that failed has not come to its own end.
  afterEach(() => site.close());
}
