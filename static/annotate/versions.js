// @ts-check
/** The versions of a mask: who saved each, when, at what cost; a look at one, and the way back to it. */

import { describe, find, press, setText } from "./dom.js";
import { duration, when } from "./words.js";

/** @typedef {import("./store/server.js").PastVersion} PastVersion */

/** Saves of one person so close together are one row, in milliseconds. */
const SITTING = 10 * 60_000;
const KINDS = { start: "proposal", oracle: "label of the dataset", saved: "" };

/**
 * @param {{
 *   editor: import("./editor.js").Editor,
 *   preview: import("./preview.js").Preview,
 *   server: import("./store/server.js").Server,
 *   act: (change: () => void) => void,
 * }} parts
 * @returns {{ commands: import("./keyboard.js").Command[] }}
 */
export function wireVersions({ editor, preview, server, act }) {
  const dialog = /** @type {HTMLDialogElement} */ (find("#history"));
  const list = find("#versions");
  const canvas = /** @type {HTMLCanvasElement} */ (find("#version-preview"));
  const restore = /** @type {HTMLButtonElement} */ (find("#version-restore"));
  canvas.height = Math.round((canvas.width * editor.map.height) / editor.map.width);
  /** The version that is looked at. @type {{ number: number, pixels: Uint8Array, origins: Uint8Array } | null} */
  let seen = null;
  let asked = 0;
  const rows = () => [...list.querySelectorAll("button")];

  /** @param {number} number */
  const look = async (number) => {
    asked = number;
    // What is brought back is what is seen.
    seen = null;
    restore.disabled = true;
    for (const row of rows()) press(row, Number(row.dataset.version) === number);
    setText("#version-text", `Reading version ${number}`);
    const read = await server.mask(number).catch((/** @type {Error} */ { message }) => message);
    // Somebody quick has gone on to another.
    if (asked !== number) return;
    if (typeof read === "string") return setText("#version-text", `Version ${number} cannot be read now: ${read}.`);
    const { pixels, origins } = read;
    seen = { number, pixels, origins };
    const { width, height } = editor.map;
    preview.paint(canvas, { pixels, width, height });
    describe(canvas, `The frame with version ${number} of its mask`);
    let differ = 0;
    for (let at = 0; at < pixels.length; at++) if (pixels[at] !== editor.map.pixels[at]) differ++;
    setText("#version-text", differ === 0 ? `Version ${number} is what you see now.` : `Version ${number} differs from what you see now in ${differ.toLocaleString("en")} pixels.`);
    restore.disabled = differ === 0;
  };
  restore.addEventListener("click", () => {
    if (!seen) return;
    const { number, pixels, origins } = seen;
    dialog.close();
    act(() => editor.replace(pixels, `version ${number}`, origins));
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const shown = [...list.querySelectorAll("button, summary")].filter((one) => one.checkVisibility());
    const next = /** @type {HTMLElement | undefined} */ (step && shown[shown.indexOf(/** @type {any} */ (document.activeElement)) + step]);
    if (!next) return;
    event.preventDefault();
    next.focus();
    if (next instanceof HTMLButtonElement) next.click();
  });

  const show = async () => {
    setText("#version-text", "");
    restore.disabled = true;
    list.textContent = "Reading";
    dialog.showModal();
    try {
      const versions = await server.history();
      list.replaceChildren(...grouped(versions).map((group) => groupOf(group, look)));
      /** @type {HTMLElement | null} */ (list.querySelector("button"))?.focus();
      if (versions.length) await look(versions[0].version);
    } catch (error) {
      list.textContent = `The versions cannot be read now: ${/** @type {Error} */ (error).message}.`;
    }
  };
  find("#save-state").addEventListener("click", show);
  return { commands: [{ keys: ["shift+h"], name: "Versions of the mask", group: "Frame", run: show }] };
}

/**
 * One sitting is one group: an autosave makes hundreds of versions of a frame.
 *
 * @param {PastVersion[]} versions the newest first
 * @returns {PastVersion[][]} saves of one person within ten minutes together, in the same order
 */
export function grouped(versions) {
  /** @type {PastVersion[][]} */
  const groups = [];
  for (const one of versions) {
    const group = groups.at(-1);
    const together = group && one.kind === "saved" && group[0].kind === "saved" && group[0].who === one.who && group[0].at - one.at <= SITTING;
    if (together) group.push(one);
    else groups.push([one]);
  }
  return groups;
}

/** @param {PastVersion[]} group @param {(number: number) => Promise<void>} look */
function groupOf([newest, ...older], look) {
  const item = document.createElement("li");
  item.append(row(newest, look));
  if (older.length === 0) return item;
  const [details, summary, list] = ["details", "summary", "ol"].map((name) => document.createElement(name));
  summary.textContent = `${older.length} before it`;
  for (const one of older) {
    const item = document.createElement("li");
    item.append(row(one, look));
    list.append(item);
  }
  details.append(summary, list);
  item.append(details);
  return item;
}

/** @param {PastVersion} one @param {(number: number) => Promise<void>} look */
function row({ version, kind, who, at, seconds, actions }, look) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.version = String(version);
  const parts = [`v${version}`, who, [when(at), KINDS[/** @type {keyof typeof KINDS} */ (kind)], cost(seconds, actions)].filter(Boolean).join(" · ")];
  button.append(
    ...parts.map((text, index) => {
      const part = document.createElement(index === 1 ? "b" : "span");
      part.textContent = text;
      return part;
    }),
  );
  button.addEventListener("click", () => look(version));
  return button;
}

/** @param {number} [seconds] @param {number} [actions] @returns {string} */
function cost(seconds, actions) {
  if (seconds === undefined) return "";
  return `${duration(seconds)}, ${actions} action${actions === 1 ? "" : "s"}`;
}
