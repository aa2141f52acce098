// @ts-check
/** The conflict: where two masks differ, both shown, and the choice of one of them in each region. */

import { describe, find, insist, press, setText } from "./dom.js";
import { around } from "./preview.js";

/** @typedef {import("./merge.js").Merge} Merge */
/** @typedef {import("./merge.js").Region} Region */
/** @typedef {import("./merge.js").Side} Side */

const SAID = { mine: "only you drew here", theirs: "only they drew here", both: "both drew here" };

/**
 * Asks which mask counts where.
 *
 * @param {Merge} merge takes the choices
 * @param {string} text what happened
 * @param {import("./preview.js").Preview} preview
 * @returns {Promise<void>} when the person has chosen; there is no other way out
 */
export function chooseRegions(merge, text, preview) {
  const dialog = /** @type {HTMLDialogElement} */ (find("#conflict"));
  const canvas = (/** @type {string} */ id) => /** @type {HTMLCanvasElement} */ (find(id));
  const [whole, mine, theirs] = [canvas("#merge-whole"), canvas("#merge-mine"), canvas("#merge-theirs")];
  const { regions } = merge;
  const frame = { width: merge.mine.width, height: merge.mine.height };
  whole.height = Math.round((whole.width * frame.height) / frame.width);
  let index = 0;

  const show = () => {
    const region = regions[index];
    const part = around(region, frame, mine.width / mine.height);
    for (const [side, shown] of /** @type {const} */ ([["mine", mine], ["theirs", theirs]])) {
      preview.paint(shown, merge[side], part);
      outline(shown, region, part);
      describe(shown, `Region ${index + 1} as ${side === "mine" ? "you" : "they"} drew it`);
      press(find(`#choose-${side}`), region.choice === side);
    }
    preview.paint(whole, { ...frame, pixels: merge.result().pixels });
    for (const other of regions) if (other !== region) outline(whole, other, { left: 0, top: 0, right: frame.width, bottom: frame.height }, other.choice);
    describe(whole, `The whole frame as it will be kept, region ${index + 1} framed`);
    outline(whole, region, { left: 0, top: 0, right: frame.width, bottom: frame.height });
    setText("#merge-place", `Region ${index + 1} of ${regions.length}: ${SAID[region.kind]}, ${region.size.toLocaleString("en")} pixels; ${region.choice === "mine" ? "yours is" : "theirs is"} kept`);
  };
  /** @param {number} step */
  const go = (step) => {
    index = (index + step + regions.length) % regions.length;
    show();
  };
  /** @param {Side} side */
  const choose = (side) => {
    regions[index].choice = side;
    show();
  };
  /** @param {Side} side */
  const chooseAll = (side) => {
    for (const region of regions) region.choice = side;
    show();
  };

  return new Promise((done) => {
    const end = new AbortController();
    const { signal } = end;
    /** @param {string} id @param {() => void} run */
    const button = (id, run) => find(id).addEventListener("click", run, { signal });
    button("#merge-back", () => go(-1));
    button("#merge-next", () => go(1));
    button("#choose-mine", () => choose("mine"));
    button("#choose-theirs", () => choose("theirs"));
    button("#all-mine", () => chooseAll("mine"));
    button("#all-theirs", () => chooseAll("theirs"));
    button("#merge-done", () => {
      end.abort();
      close();
      done();
    });
    mine.addEventListener("click", () => choose("mine"), { signal });
    theirs.addEventListener("click", () => choose("theirs"), { signal });
    whole.addEventListener("click", (event) => {
      const box = whole.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * frame.width;
      const y = ((event.clientY - box.top) / box.height) * frame.height;
      index = nearest(regions, x, y);
      show();
    }, { signal });
    dialog.addEventListener("keydown", (event) => {
      const run = { ArrowLeft: () => go(-1), ArrowRight: () => go(1), m: () => choose("mine"), t: () => choose("theirs") }[event.key];
      if (!run || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      run();
    }, { signal });
    setText("#conflict-text", text);
    const close = insist(dialog);
    show();
  });
}

/** @param {Region[]} regions @param {number} x @param {number} y @returns {number} the smallest that holds the point, else the nearest */
function nearest(regions, x, y) {
  const far = (/** @type {Region} */ { left, right, top, bottom }) =>
    Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom)) * 1e9 + (right - left) * (bottom - top);
  return regions.reduce((best, region, index) => (far(region) < far(regions[best]) ? index : best), 0);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Region} region
 * @param {import("./geometry.js").Bounds} part what the canvas shows
 * @param {Side} [choice] drawn fainter, in the colour of what is chosen
 */
function outline(canvas, region, part, choice) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const scale = canvas.width / (part.right - part.left);
  const box = /** @type {const} */ ([
    (region.left - part.left) * scale,
    (region.top - part.top) * scale,
    (region.right - region.left) * scale,
    (region.bottom - region.top) * scale,
  ]);
  context.lineWidth = choice ? 1 : 4;
  context.strokeStyle = "#000";
  if (!choice) context.strokeRect(...box);
  context.lineWidth = choice ? 1 : 2;
  context.strokeStyle = choice === "mine" ? "#4cc2ff" : choice === "theirs" ? "#ffb84c" : "#fff";
  context.strokeRect(...box);
}
