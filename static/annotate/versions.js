// @ts-check
/** The versions of a mask: who saved each, when, at what cost; a look at one, and the way back to it. */

import { describe, find, press, setText } from "./dom.js";
import { when } from "./saving.js";

/** @typedef {import("./store/server.js").PastVersion} PastVersion */

const KINDS = { start: "proposal", oracle: "label of the dataset", saved: "" };

/**
 * @param {{
 *   editor: import("./editor.js").Editor,
 *   preview: import("./preview.js").Preview,
 *   server: import("./store/server.js").Server,
 *   act: (change: () => void) => void,
 * }} parts
 * @returns {() => Promise<void>} shows them
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

  /** @param {number} number */
  const look = async (number) => {
    asked = number;
    for (const row of list.children) press(/** @type {HTMLElement} */ (row.firstElementChild), Number(/** @type {HTMLElement} */ (row).dataset.version) === number);
    const { pixels, origins } = await server.mask(number);
    // Somebody quick has gone on to another.
    if (asked !== number) return;
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
    const rows = [...list.querySelectorAll("button")];
    const next = step && rows[rows.indexOf(/** @type {any} */ (document.activeElement)) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.click();
  });

  return async () => {
    setText("#version-text", "");
    restore.disabled = true;
    list.textContent = "Reading";
    dialog.showModal();
    try {
      const versions = await server.history();
      list.replaceChildren(...versions.map((one) => row(one, look)));
      /** @type {HTMLElement | null} */ (list.querySelector("button"))?.focus();
      if (versions.length) await look(versions[0].version);
    } catch (error) {
      list.textContent = `The versions cannot be read now: ${/** @type {Error} */ (error).message}.`;
    }
  };
}

/** @param {PastVersion} one @param {(number: number) => Promise<void>} look */
function row({ version, kind, who, at, seconds, actions }, look) {
  const item = document.createElement("li");
  item.dataset.version = String(version);
  const button = document.createElement("button");
  button.type = "button";
  const parts = [`v${version}`, who, [when(at), KINDS[/** @type {keyof typeof KINDS} */ (kind)], cost(seconds, actions)].filter(Boolean).join(" · ")];
  button.append(
    ...parts.map((text, index) => {
      const part = document.createElement(index === 1 ? "b" : "span");
      part.textContent = text;
      return part;
    }),
  );
  button.addEventListener("click", () => look(version).catch((error) => setText("#version-text", `Version ${version} cannot be read now: ${error.message}.`)));
  item.append(button);
  return item;
}

/** @param {number} [seconds] @param {number} [actions] @returns {string} */
function cost(seconds, actions) {
  if (seconds === undefined) return "";
  const time = seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
  return `${time}, ${actions} action${actions === 1 ? "" : "s"}`;
}
