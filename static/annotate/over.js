// @ts-check
/** The choice of what is painted over. */

import { find, say } from "./dom.js";
import { UNLABELLED } from "./label_map.js";
import { EVERYTHING } from "./rules.js";

/**
 * @param {{
 *   editor: import("./editor.js").Editor,
 *   stage: import("./stage.js").Stage,
 *   palette: import("./palette.js").PaletteClass[],
 *   act: (change: () => void) => void,
 * }} parts
 * @returns {{ commands: import("./keyboard.js").Command[], told: () => string, show: () => void }}
 */
export function wireOver({ editor, stage, palette, act }) {
  const { rules } = editor;
  const choice = /** @type {HTMLSelectElement} */ (find("#over"));
  find("#over-classes").replaceChildren(...palette.map(({ index, name }) => new Option(name, String(index))));
  let byPointer = false;
  choice.addEventListener("pointerdown", () => (byPointer = true));
  // Not every browser tells; one that does not sends no keys to it while it is open.
  const isOpen = () => CSS.supports("selector(select:open)") && choice.matches(":open");
  choice.addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow") && !isOpen()) byPointer = false;
    // What was chosen is what was chosen before, and no change told of it: keys mean the frame again.
    if (!byPointer || isOpen() || ["Tab", "Shift", "Control", "Alt", "AltGraph", "Meta"].includes(event.key)) return;
    event.preventDefault();
    stage.surface.focus({ preventScroll: true });
    stage.surface.dispatchEvent(new KeyboardEvent("keydown", event));
  });
  choice.addEventListener("change", () => {
    act(() => (rules.over = Number(choice.value)));
    // Else the next class key would choose from the list; a keyboard's own user stays where they are.
    if (byPointer) stage.surface.focus({ preventScroll: true });
  });
  const told = () => (rules.over === EVERYTHING ? "Paint over everything" : `Paint only over ${palette[rules.over]?.name ?? "what is unlabelled"}`);
  const tell = () => say(told());
  const onlyTarget = () => {
    const { target } = stage;
    const value = target ? editor.map.at(Math.floor(target.x), Math.floor(target.y)) : -1;
    if (value !== UNLABELLED && !palette[value]) return;
    rules.over = value;
    tell();
  };
  return {
    commands: [
      { keys: ["s"], name: "Only unlabelled, on and off", group: "Paint over", run: () => act(() => (rules.toggleUnlabelled(), tell())) },
      { keys: ["shift+s"], name: "Only the cursor's class", group: "Paint over", run: () => act(onlyTarget) },
    ],
    /** What is painted over, in words. */
    told,
    show() {
      if (choice.value !== String(rules.over)) choice.value = String(rules.over);
      choice.classList.toggle("narrowed", rules.over !== EVERYTHING);
    },
  };
}
