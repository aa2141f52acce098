// @ts-check
/**
 * The autosave: gets every change to the server, says how it stands, and never lets go of one.
 *
 * It knows no network and no clock of its own; `put` sends and tells the outcome, `timers` wait. One save is under way
 * at most. What the server has not acknowledged stays in the map and in the draft.
 */

import { same } from "../label_map.js";

/**
 * What became of a save.
 *
 * @typedef {{ kind: "saved", version: number }
 *   | { kind: "stale", version: number, who: string, at: number }
 *   | { kind: "leased", message: string }
 *   | { kind: "signed_out" }
 *   | { kind: "refused", message: string }
 *   | { kind: "unreachable", message: string }} Outcome
 */

/**
 * How it stands.
 *
 * @typedef {{ kind: "saved", version: number }
 *   | { kind: "waiting", version: number }
 *   | { kind: "saving", version: number }
 *   | { kind: "unsaved", version: number, reason: string, retryAt: number | null }
 *   | { kind: "conflict", version: number, theirs: { version: number, who: string, at: number } }} SaveState
 */

/** @typedef {{ now(): number, after(ms: number, act: () => void): unknown, cancel(timer: any): void }} Timers */

/** From the last stroke to the save, in milliseconds. */
export const QUIET = 2000;

/** Waits between attempts, in milliseconds; the last one repeats. */
export const BACKOFF = [1000, 2000, 4000, 8000, 15000];

export class Sync {
  /**
   * @param {{
   *   version: number,
   *   capture: () => Uint8Array,
   *   put: (pixels: Uint8Array, version: number) => Promise<Outcome>,
   *   read: (version: number) => Promise<Uint8Array>,
   *   timers: Timers,
   *   onState?: (state: SaveState) => void,
   * }} options `capture` copies the map; `read` fetches a version of the mask
   */
  constructor({ version, capture, put, read, timers, onState = () => {} }) {
    this.version = version;
    this.capture = capture;
    this.put = put;
    this.read = read;
    this.timers = timers;
    this.onState = onState;
    /** Changes so far, and how many of them the server has. */
    this.changes = 0;
    this.acknowledged = 0;
    this.attempts = 0;
    /** Sent, with no word whether it arrived. @type {Uint8Array | null} */
    this.doubtful = null;
    /** @type {Promise<void> | null} */
    this.underWay = null;
    this.timer = null;
    /** @type {SaveState} */
    this.state = { kind: "saved", version };
  }

  get dirty() {
    return this.changes > this.acknowledged;
  }

  /** Something changed: save when the person pauses. */
  touch() {
    this.changes++;
    if (this.state.kind === "conflict" || this.underWay) return;
    // An outage keeps its own pace: a stroke must not hammer a server that is down.
    if (this.state.kind === "unsaved" && this.state.retryAt) return;
    this.#say({ kind: "waiting", version: this.version });
    this.#wait(QUIET);
  }

  /**
   * Saves now, if there is anything to save.
   *
   * @returns {Promise<boolean>} whether the server has everything
   */
  async flush() {
    while (this.dirty && this.state.kind !== "conflict") {
      const before = this.acknowledged;
      await this.#once();
      if (this.acknowledged === before) break;
    }
    return !this.dirty;
  }

  /** The conflict's first way out: this mask becomes the version after theirs. @returns {Promise<boolean>} */
  keepMine() {
    if (this.state.kind !== "conflict") return this.flush();
    this.#adopt(this.state.theirs.version);
    this.changes++;
    return this.flush();
  }

  /**
   * The conflict's other way out.
   *
   * @param {(pixels: Uint8Array) => void} show puts their mask in place of this one
   */
  async takeTheirs(show) {
    if (this.state.kind !== "conflict") return;
    const { version } = this.state.theirs;
    show(await this.read(version));
    this.acknowledged = this.changes;
    this.#adopt(version);
  }

  /** @param {{ version: number, who: string, at: number }} theirs newer than what the draft was drawn on */
  meet(theirs) {
    this.changes++;
    this.#say({ kind: "conflict", version: this.version, theirs });
  }

  /** Ends all waiting. */
  stop() {
    this.timers.cancel(this.timer);
  }

  /** An attempt, or the end of the one under way. */
  #once() {
    this.underWay ??= this.#attempt().finally(() => (this.underWay = null));
    return this.underWay;
  }

  async #attempt() {
    this.timers.cancel(this.timer);
    const changes = this.changes;
    const pixels = this.capture();
    this.#say({ kind: "saving", version: this.version });
    const outcome = await this.put(pixels, this.version).catch(
      (error) => /** @type {Outcome} */ ({ kind: "unreachable", message: String(error?.message ?? error) }),
    );
    if (outcome.kind === "saved") {
      this.attempts = 0;
      this.doubtful = null;
      this.acknowledged = changes;
      this.#adopt(outcome.version);
    } else if (outcome.kind === "stale") {
      await this.#stale(outcome);
    } else {
      if (outcome.kind === "unreachable") this.doubtful = pixels;
      this.#unsaved(outcome);
    }
  }

  /**
   * A server that died after its commit and before its answer holds our own mask: that is no conflict.
   *
   * @param {{ version: number, who: string, at: number }} theirs
   * @returns {Promise<void>}
   */
  async #stale({ version, who, at }) {
    if (this.doubtful) {
      const newest = await this.read(version).catch(() => null);
      if (!newest) return this.#unsaved({ kind: "unreachable", message: "the newest version could not be read" });
      if (same(newest, this.doubtful)) {
        this.doubtful = null;
        this.version = version;
        return this.#attempt();
      }
    }
    this.doubtful = null;
    this.#say({ kind: "conflict", version: this.version, theirs: { version, who, at } });
  }

  /** @param {number} version */
  #adopt(version) {
    this.version = version;
    this.#say(this.dirty ? { kind: "waiting", version } : { kind: "saved", version });
  }

  /** @param {Exclude<Outcome, { kind: "saved" | "stale" }>} outcome */
  #unsaved(outcome) {
    const reason = {
      leased: () => /** @type {any} */ (outcome).message,
      signed_out: () => "You are signed out. Sign in again in another tab.",
      refused: () => /** @type {any} */ (outcome).message,
      unreachable: () => `The server does not answer (${/** @type {any} */ (outcome).message}).`,
    }[outcome.kind]();
    // The same bytes would be refused again: the next stroke tries anew.
    const pause = outcome.kind === "refused" ? null : BACKOFF[Math.min(this.attempts++, BACKOFF.length - 1)];
    this.#say({ kind: "unsaved", version: this.version, reason, retryAt: pause && this.timers.now() + pause });
    if (pause) this.#wait(pause);
  }

  /** @param {number} ms */
  #wait(ms) {
    this.timers.cancel(this.timer);
    this.timer = this.timers.after(ms, async () => {
      await this.#once();
      if (this.state.kind === "waiting") this.#wait(QUIET);
    });
  }

  /** @param {SaveState} state */
  #say(state) {
    this.state = state;
    this.onState(state);
  }
}
