// @ts-check
/** The palette's rows: a class to paint with, an eye that hides its labels, a lock that keeps paint off them. */

import { find, press, say } from "./dom.js";
import { shown } from "./keyboard.js";
import { UNLABELLED } from "./label_map.js";
import { swatchOf } from "./patterns.js";

/** @typedef {import("./keyboard.js").Command} Command */
/** @typedef {import("./palette.js").PaletteClass} PaletteClass */

/**
 * @param {{
 *   editor: import("./editor.js").Editor,
 *   painter: import("./render.js").Painter,
 *   palette: PaletteClass[],
 *   memory: import("./memory.js").Memory,
 *   act: (change: () => void) => void,
 *   choose: (index: number) => void,
 * }} parts `choose` does what a class's key does
 * @returns {{ commands: Command[], show: () => void, showKeys: () => void }}
 */
export function wireClasses({ editor, painter, palette, memory, act, choose }) {
  const { rules } = editor;
  const { hidden } = painter;
  const lock = (/** @type {number} */ index) => palette[index] && act(() => say(`${palette[index].name} ${rules.toggleLock(index) ? "locked" : "unlocked"}`));
  const hide = (/** @type {number} */ index) => palette[index] && act(() => say(`${palette[index].name} ${painter.toggleHidden(index) ? "hidden" : "shown"}`));
  const rows = palette.map((one) => row(one, () => choose(one.index), hide, lock));
  const none = find("#no-class");
  none.addEventListener("click", () => choose(UNLABELLED));
  find("#classes").replaceChildren(...rows.map(({ item }) => item));
  const namesOf = (/** @type {Iterable<number>} */ indices) => [...indices].map((index) => palette[index].name);
  for (const { index, name } of palette) {
    if (memory.kept.locked?.includes(name)) rules.locked.add(index);
    if (memory.kept.hidden?.includes(name)) painter.toggleHidden(index);
  }
  memory.ask(() => ({ locked: namesOf(rules.locked), hidden: namesOf(hidden) }));
  return {
    /** The keys changed. */
    showKeys() {
      rows.forEach(({ choose, cap }, index) => {
        const { key } = palette[index];
        cap.textContent = key && shown(key);
        cap.hidden = !key;
        if (key) choose.setAttribute("aria-keyshortcuts", key);
        else choose.removeAttribute("aria-keyshortcuts");
      });
    },
    commands: [
      { keys: ["shift+x"], name: "Every tool erases: Unlabelled", group: "Tools", once: true, run: () => choose(UNLABELLED) },
      { keys: ["l"], name: "Lock the class", group: "Paint over", run: () => lock(editor.class) },
      {
        keys: ["shift+l"],
        name: "Unlock all",
        group: "Paint over",
        run: () => act(() => (rules.locked.clear(), say("Nothing is locked"))),
      },
      { keys: ["k"], name: "Hide the class's labels", group: "View", run: () => hide(editor.class) },
      { keys: ["shift+k"], name: "Show all classes", group: "View", run: () => act(() => (painter.showAll(), say("All classes are shown"))) },
    ],
    show() {
      press(none, editor.class === UNLABELLED);
      rows.forEach(({ choose, eye, padlock }, index) => {
        press(choose, index === editor.class);
        press(eye, hidden.has(index));
        press(padlock, rules.locked.has(index));
      });
    },
  };
}

/**
 * @param {PaletteClass} one
 * @param {() => void} run
 * @param {(index: number) => void} hide
 * @param {(index: number) => void} lock
 */
function row(one, run, hide, lock) {
  const { index, name, color } = one;
  const template = /** @type {HTMLTemplateElement} */ (find("#class-row"));
  const item = /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
  const [choose, eye, padlock] = /** @type {HTMLElement[]} */ ([...item.children]);
  const [swatch, label, cap] = /** @type {HTMLElement[]} */ ([...choose.children]);
  swatch.style.background = `rgb(${color.join(" ")})`;
  swatch.append(swatchOf(one));
  label.textContent = name;
  // For one that is cut off.
  choose.title = name;
  // A name that stays, with a state of its own: "Lock road, pressed".
  eye.setAttribute("aria-label", `Hide ${name}`);
  eye.title = `Hide the labels of ${name}`;
  padlock.setAttribute("aria-label", `Lock ${name}`);
  padlock.title = `Never paint over ${name}`;
  choose.addEventListener("click", run);
  eye.addEventListener("click", () => hide(index));
  padlock.addEventListener("click", () => lock(index));
  return { item, choose, cap, eye, padlock };
}
