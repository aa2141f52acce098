// @ts-check
/** The sheet on `?`: every key, from the very table that the keyboard obeys. */

import { find } from "./dom.js";
import { shown } from "./keyboard.js";

/** @typedef {import("./keyboard.js").Command} Command */

/** @param {HTMLElement} body @param {Command[]} commands */
export function fillKeySheet(body, commands) {
  const groups = new Map();
  for (const command of commands) {
    const rows = groups.get(command.group) ?? new Map();
    groups.set(command.group, rows.set(command.name, command.shown ?? command.keys.map(shown)));
  }
  body.replaceChildren(
    ...[...groups].map(([group, rows]) => {
      const section = document.createElement("section");
      const title = document.createElement("h3");
      title.textContent = group;
      const list = document.createElement("dl");
      for (const [name, keys] of rows) {
        const term = document.createElement("dt");
        term.textContent = name;
        const detail = document.createElement("dd");
        for (const key of keys) {
          const cap = document.createElement("kbd");
          cap.textContent = key;
          detail.append(cap);
        }
        const row = document.createElement("div");
        row.append(term, detail);
        list.append(row);
      }
      section.append(title, list);
      return section;
    }),
  );
}

/**
 * The switch for who speaks to the machine, or rests a hand on its keys: a letter means nothing unless the frame has the focus.
 *
 * @param {import("./keyboard.js").Keyboard} keyboard @param {import("./memory.js").Memory} memory
 */
export function wireKeySwitch(keyboard, memory) {
  const box = /** @type {HTMLInputElement} */ (find("#keys-on-frame"));
  const obey = () => (keyboard.place = box.checked ? find("#stage") : null);
  box.checked = memory.kept.keysOnFrame ?? false;
  box.addEventListener("change", obey);
  memory.ask(() => ({ keysOnFrame: box.checked }));
  obey();
}

/** The switch for a trackpad that the page takes for a wheel. @param {import("./pointer.js").Pointer} pointer @param {import("./memory.js").Memory} memory */
export function wireWheelSwitch(pointer, memory) {
  const box = /** @type {HTMLInputElement} */ (find("#wheel-moves"));
  box.checked = memory.kept.wheelMoves ?? false;
  const obey = () => (pointer.wheelMoves = box.checked);
  box.addEventListener("change", obey);
  memory.ask(() => ({ wheelMoves: box.checked }));
  obey();
}
