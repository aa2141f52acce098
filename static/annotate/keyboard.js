// @ts-check
/** Keys: one table that is both what they do and what the sheet on `?` says. */

/** @typedef {{ keys: string[], name: string, group: string, shown?: string[], once?: boolean, run?: () => void, hold?: (down: boolean) => void }} Command
 *   `keys` as {@link keyOf} writes them, `shown` in their place on the sheet; `once`: a key that is held down does it once;
 *   `hold` is told of the key's way down and up */

export class Keyboard {
  /** @param {Command[]} commands */
  constructor(commands) {
    this.commands = commands;
    /** @type {Map<string, Command>} */
    this.byKey = new Map();
    this.setClasses([]);
    /** What must have the focus for keys without Ctrl and Alt; none: they act wherever it is. @type {Element | null} */
    this.place = null;
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
    if (belongsToField(event) || document.querySelector("dialog[open]") || this.#elsewhere(event)) return;
    const command = this.#commandOf(event);
    if (!command) return;
    event.preventDefault();
    if (event.repeat && (command.hold || command.once)) return;
    if (command.hold) {
      this.held.set(event.code, command);
      command.hold(true);
    } else {
      command.run?.();
    }
  }

  /** @param {KeyboardEvent} event */
  #elsewhere({ ctrlKey, metaKey, altKey }) {
    return this.place !== null && this.place !== document.activeElement && !ctrlKey && !metaKey && !altKey;
  }

  /** @param {KeyboardEvent} event @returns {Command | undefined} that of the key, else of the sign that it prints, a German `"` being Shift + 2, else of its place */
  #commandOf(event) {
    const known = this.byKey.get(keyOf(event));
    if (known || event.ctrlKey || event.metaKey) return known;
    return this.byKey.get(signOf(event)) ?? (event.altKey ? undefined : this.byKey.get(placeOf(event)));
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

/** What a keyboard of the United States has where others have a letter of their own, without and with Shift. */
const PLACES = { BracketLeft: "[{", BracketRight: "]}", Semicolon: ";:", Quote: "'\"", Comma: ",<", Period: ".>", Slash: "/?", Backslash: "\\|", Minus: "-_", Equal: "=+" };

/**
 * @param {KeyboardEvent} event
 * @returns {string} `ctrl+shift+z`, `shift+1`, `[`, `space`; digits by their place, all else by what is printed on it, and by
 *   its place where that is no key of English; empty where Alt makes it the browser's own
 */
export function keyOf(event) {
  if (event.altKey || event.getModifierState("AltGraph")) return signOf(event);
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  const key = digit ?? printed(event);
  // Signs such as `?` and `+` need shift on one keyboard and not on the next.
  const shifts = digit !== undefined || /^[a-z]$/.test(key) || key.length > 1;
  return [event.ctrlKey || event.metaKey ? "ctrl" : "", event.shiftKey && shifts ? "shift" : "", key]
    .filter((part) => part)
    .join("+");
}

/** @param {KeyboardEvent} event @returns {string} */
function printed({ key, code, shiftKey }) {
  if (key === " ") return "space";
  const named = key.length > 1 && !["Dead", "Process", "Unidentified"].includes(key);
  if (named || /^[!-~]$/.test(key)) return key.toLowerCase();
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  return letter?.toLowerCase() ?? (placeOf({ code, shiftKey }) || key.toLowerCase());
}

/** What an American keyboard has there: a French `-` is the digit 6, but right of the digits it has a key to spare. @param {{ code: string, shiftKey: boolean }} event @returns {string} empty for what is no sign there */
function placeOf({ code, shiftKey }) {
  return PLACES[/** @type {keyof typeof PLACES} */ (code)]?.[Number(shiftKey)] ?? "";
}

/** The sign that is printed, however it is reached: a German `[` is AltGr + 8. @param {KeyboardEvent} event @returns {string} empty for what is no sign */
function signOf({ key }) {
  return /^[!-/:-@[-`{-~]$/.test(key) ? key : "";
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
