// @ts-check
/** What a person set up for looking and painting, kept in this browser from frame to frame of a project. */

/**
 * @typedef {{
 *   locked?: string[], hidden?: string[], keys?: Record<string, string>,
 *   brightness?: number, contrast?: number, opacity?: number,
 *   outlines?: boolean, minimap?: boolean, patterns?: boolean, doubt?: boolean, gaps?: boolean, example?: boolean,
 *   tool?: import("./editor.js").ToolName, name?: string, size?: number, scale?: number, extent?: number, snap?: boolean,
 *   keysOnFrame?: boolean, wheelMoves?: boolean,
 * }} Kept classes by name, also that in the hand: another round may have others
 */

export class Memory {
  /** @param {string} key of the project and the person */
  constructor(key) {
    this.key = `windlass/${key}`;
    /** @type {Kept} */
    this.kept = read(this.key);
    /** Each tells what it would have kept. @type {(() => Kept)[]} */
    this.askers = [];
    addEventListener("pagehide", () => this.write());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.write());
  }

  /** @param {() => Kept} asker asked when the page is left */
  ask(asker) {
    this.askers.push(asker);
  }

  write() {
    for (const asker of this.askers) Object.assign(this.kept, asker());
    try {
      localStorage.setItem(this.key, JSON.stringify(this.kept));
    } catch {
      // A browser without room or leave for it: the next frame begins as the first did.
    }
  }
}

/** @param {string} key @returns {Kept} */
function read(key) {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "{}");
    return kept !== null && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}
