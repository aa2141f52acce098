// @ts-check
/** The keys of the classes, and how a person changes them: on the sheet, a click on a class's key and then the new one. */

import { find, say } from "./dom.js";
import { keyOf, shown } from "./keyboard.js";
import { firstKeys } from "./palette.js";

/** @typedef {import("./palette.js").PaletteClass} PaletteClass */

/**
 * @param {{
 *   palette: PaletteClass[],
 *   keyboard: import("./keyboard.js").Keyboard,
 *   memory: import("./memory.js").Memory,
 *   run: (index: number) => void,
 *   changed: () => void,
 * }} parts `run` chooses a class; `changed`: the keys are shown anew
 */
export function wireClassKeys({ palette, keyboard, memory, run, changed }) {
  const body = find("#help-body");
  const first = firstKeys(palette.length, new Set(keyboard.commands.flatMap(({ keys }) => keys)));
  /** @type {HTMLElement | null} */
  let waiting = null;
  /** No key comes any more. */
  const forget = () => {
    if (!waiting) return;
    const { key } = palette[Number(waiting.dataset.index)];
    waiting.textContent = key ? shown(key) : "none";
    waiting = null;
  };
  body.closest("dialog")?.addEventListener("close", forget);
  const show = () => {
    keyboard.setClasses(palette.filter(({ key }) => key).map(({ index, key, name }) => ({ keys: [key], name, group: "Classes", once: true, run: () => run(index) })));
    changed();
    const section = document.createElement("section");
    const title = document.createElement("h3");
    title.textContent = "Classes";
    const note = document.createElement("p");
    note.textContent = "A click on a key changes it.";
    const list = document.createElement("dl");
    list.append(...palette.map((one) => row(one)));
    const reset = document.createElement("button");
    reset.type = "button";
    reset.textContent = "As at first";
    reset.addEventListener("click", () => {
      palette.forEach((one, index) => (one.key = first[index]));
      show();
    });
    section.append(title, note, list, reset);
    body.querySelector("#class-keys")?.remove();
    section.id = "class-keys";
    body.append(section);
  };
  /** @param {PaletteClass} one */
  const row = (one) => {
    const line = document.createElement("div");
    const term = document.createElement("dt");
    term.textContent = one.name;
    const detail = document.createElement("dd");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "key";
    button.dataset.index = String(one.index);
    button.textContent = one.key ? shown(one.key) : "none";
    button.setAttribute("aria-label", `Key of ${one.name}: ${button.textContent}. Press to change it.`);
    button.addEventListener("click", () => {
      forget();
      // Some browsers give it none by a click; without it, it would not hear that the focus goes on.
      button.focus();
      waiting = button;
      button.textContent = "press a key";
    });
    button.addEventListener("blur", () => waiting === button && forget());
    detail.append(button);
    line.append(term, detail);
    return line;
  };
  // Before the dialog and the button themselves hear of it.
  addEventListener("keydown", (event) => {
    if (!waiting || ["Shift", "Control", "Alt", "AltGraph", "Meta", "Tab"].includes(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const one = palette[Number(waiting.dataset.index)];
    waiting = null;
    if (event.key !== "Escape" && keyOf(event)) give(one, keyOf(event));
    show();
    /** @type {HTMLElement | null} */ (body.querySelector(`[data-index="${one.index}"]`))?.focus();
  }, { capture: true });

  /** @param {PaletteClass} one @param {string} key */
  const give = (one, key) => {
    const taken = keyboard.commands.find(({ keys }) => keys.includes(key));
    if (taken) return say(`${shown(key)} is the key for “${taken.name}”`);
    const other = palette.find((each) => each.key === key);
    if (other) other.key = one.key;
    one.key = key;
    say(`${shown(key)} is ${one.name}${other && other !== one ? `, ${other.key ? shown(other.key) : "no key"} is ${other.name}` : ""}`);
  };

  palette.forEach((one, index) => (one.key = memory.kept.keys?.[one.name] ?? first[index]));
  // Kept for other classes than there are now, two may have the same.
  if (new Set(palette.map(({ key }) => key).filter(Boolean)).size < palette.filter(({ key }) => key).length) palette.forEach((one, index) => (one.key = first[index]));
  memory.ask(() => ({ keys: Object.fromEntries(palette.map(({ name, key }) => [name, key])) }));
  show();
}
