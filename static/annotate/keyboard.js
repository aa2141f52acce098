// @ts-check
/** Keys: one table that is both what they do and what the sheet on `?` says. */

/** @typedef {{ keys: string[], name: string, group: string, shown?: string[], run?: () => void, hold?: (down: boolean) => void }} Command
 *   `keys` as {@link keyOf} writes them, `shown` in their place on the sheet; `hold` is told of the key's way down and up */

export class Keyboard {
  /** @param {Command[]} commands */
  constructor(commands) {
    this.commands = commands;
    /** @type {Map<string, Command>} */
    this.byKey = new Map();
    this.setClasses([]);
    /** @type {Map<string, Command>} */
    this.held = new Map();
    addEventListener("keydown", (event) => this.#down(event));
    addEventListener("keyup", (event) => this.#up(event));
    // A key that goes up in another window is never heard of.
    addEventListener("blur", () => this.#upAll());
  }

  /** @param {Command[]} classes whose keys a person may change */
  setClasses(classes) {
    this.byKey = new Map([...classes, ...this.commands].flatMap((command) => command.keys.map((key) => /** @type {const} */ ([key, command]))));
  }

  /** @param {KeyboardEvent} event */
  #down(event) {
    if (belongsToField(event) || document.querySelector("dialog[open]")) return;
    const command = this.byKey.get(keyOf(event));
    if (!command) return;
    event.preventDefault();
    if (command.hold) {
      if (event.repeat) return;
      this.held.set(event.code, command);
      command.hold(true);
    } else {
      command.run?.();
    }
  }

  /** @param {KeyboardEvent} event */
  #up(event) {
    this.held.get(event.code)?.hold?.(false);
    this.held.delete(event.code);
  }

  #upAll() {
    for (const command of this.held.values()) command.hold?.(false);
    this.held.clear();
  }
}

/**
 * @param {KeyboardEvent} event
 * @returns {string} `ctrl+shift+z`, `shift+1`, `[`, `space`; digits by their place, all else by what is printed on it
 */
export function keyOf(event) {
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  const printed = event.key === " " ? "space" : event.key.toLowerCase();
  const key = digit ?? printed;
  // Signs such as `?` and `+` need shift on one keyboard and not on the next.
  const shifts = digit !== undefined || /^[a-z]$/.test(key) || key.length > 1;
  return [event.ctrlKey || event.metaKey ? "ctrl" : "", event.shiftKey && shifts ? "shift" : "", key]
    .filter((part) => part)
    .join("+");
}

/** @param {KeyboardEvent} event @returns {boolean} whether the focused control wants that key itself */
function belongsToField(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (target instanceof HTMLInputElement && target.type === "range") return event.key.startsWith("Arrow") || event.key === "Home";
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  // With Ctrl they submit the frame, also in the moment after a dialog in which its button still has the focus.
  const presses = (event.key === "Enter" || event.key === " ") && !event.ctrlKey && !event.metaKey;
  return presses && target.closest?.("button, a, summary") !== null && target !== document.body;
}

/** @param {string} key @returns {string} as the sheet shows it */
export function shown(key) {
  const names = { arrowleft: "←", arrowright: "→", arrowup: "↑", arrowdown: "↓", escape: "Esc", backspace: "Backspace" };
  return key
    .split(/\+(?=.)/)
    .map((part) => names[/** @type {keyof typeof names} */ (part)] ?? (part.length > 1 ? part[0].toUpperCase() + part.slice(1) : part.toUpperCase()))
    .join(" + ");
}
