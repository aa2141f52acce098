// @ts-check
/** The other thread of `Looker`. */

import { absorbed, check } from "./checks.js";
import { findGaps } from "./gaps.js";

/** @typedef {{ what: "gaps" } | { what: "absorbed", least: number }
 *   | { what: "check", checks: import("./checks.js").Checks, names: string[] }} Question */

addEventListener("message", ({ data: { id, mask, question } }) => postMessage({ id, answer: answer(mask, question) }));

/** @param {import("./regions.js").Mask} mask @param {Question} question */
function answer(mask, question) {
  if (question.what === "gaps") return findGaps(mask);
  if (question.what === "absorbed") return absorbed(mask, question.least);
  return check(mask, question.checks, question.names);
}
