// @ts-check
/**
 * The autosave: gets every change to the server, says how it stands, and never lets go of one.
 *
 * It knows no network, no clock and no mask of its own: `capture` takes what changed, `put` sends it and tells the
 * outcome, `timers` wait. One save is under way at most. What the server has not acknowledged stays in the map and in the
 * draft.
 */

/**
 * What became of a save.
 *
 * @typedef {{ kind: "saved", version: number }
 *   | Theirs & { kind: "stale", saves: (string | null)[] }
 *   | { kind: "leased", message: string }
 *   | { kind: "signed_out" }
 *   | { kind: "refused", message: string }
 *   | { kind: "unreachable", message: string }} Outcome
 *   `saves`: what each version after ours calls itself, in order; `message`: a sentence
 */

/**
 * How it stands.
 *
 * @typedef {{ kind: "saved", version: number }
 *   | { kind: "waiting", version: number }
 *   | { kind: "saving", version: number }
 *   | { kind: "unsaved", version: number, cause: Failure["kind"], reason: string, retryAt: number | null, trying?: boolean }
 *   | { kind: "conflict", version: number, theirs: Theirs }} SaveState
 *   what failed stays `unsaved` until a save arrives, during the next attempt (`trying`) and over new strokes too
 */

/** @typedef {{ version: number, who: string, at: number }} Theirs a version that is newer than ours */
/** @typedef {Exclude<Outcome, { kind: "saved" | "stale" }>} Failure */
/** @typedef {{ id: string, work: import("../work.js").Work }} Slip what is kept of a parcel while no word comes of it */

/**
 * What is sent: what changed since the last save that arrived.
 *
 * @template {{ slip: Slip }} P
 * @typedef {{
 *   version: number,
 *   capture: () => P | null,
 *   giveBack: (parcel: P) => void,
 *   late: (slip: Slip) => void,
 *   put: (parcel: P, version: number) => Promise<Outcome>,
 *   judge: (theirs: Theirs, version: number) => Promise<boolean>,
 *   timers: Timers,
 *   onState?: (state: SaveState) => void,
 * }} Options `capture` gives nothing where nothing changed; `giveBack` hears of a parcel of which no word came that it
 *   arrived, `late` that it did all the same; `judge` looks whether theirs holds anything that ours has not: where it does
 *   not, it makes the next parcel one on top of theirs
 */

/** @typedef {{ now(): number, after(ms: number, act: () => void): unknown, cancel(timer: any): void }} Timers */

/** From the last stroke to the save, in milliseconds. */
export const QUIET = 2000;

/** The longest that a stroke waits for such a pause, in milliseconds. */
export const PATIENCE = 10000;

/** Waits between attempts, in milliseconds; the last one repeats. */
export const BACKOFF = [1000, 2000, 4000, 8000, 15000];

/** What a person is told whom the server does not know any more. */
export const SIGNED_OUT = "You are signed out. Sign in again in another tab.";

/** @param {string} how @returns {string} what a person is told when no server answers */
export function noAnswer(how) {
  return `The server does not answer (${how}).`;
}

/** @template {{ slip: Slip }} P */
export class Sync {
  /** @param {Options<P>} options */
  constructor({ version, capture, giveBack, late, put, judge, timers, onState = () => {} }) {
    this.version = version;
    this.capture = capture;
    this.giveBack = giveBack;
    this.late = late;
    this.put = put;
    this.judge = judge;
    this.timers = timers;
    this.onState = onState;
    /** Changes so far, and how many of them the server has. */
    this.changes = 0;
    this.acknowledged = 0;
    /** When the oldest of those that it has not was made, or later. */
    this.since = 0;
    this.attempts = 0;
    /** Of what was sent since the last word, with none whether it arrived. @type {Slip[]} */
    this.doubtful = [];
    /** @type {Promise<void> | null} */
    this.underWay = null;
    this.timer = null;
    this.stopped = false;
    /** @type {SaveState} */
    this.state = { kind: "saved", version };
  }

  get dirty() {
    return this.changes > this.acknowledged;
  }

  /** Something changed: save when the person pauses, or has drawn for long. */
  touch() {
    if (!this.dirty) this.since = this.timers.now();
    this.changes++;
    if (this.state.kind === "conflict" || this.underWay) return;
    // An outage keeps its own pace: a stroke must not hammer a server that is down.
    if (this.state.kind === "unsaved" && this.state.retryAt) return;
    if (this.state.kind !== "unsaved") this.#say({ kind: "waiting", version: this.version });
    this.#wait(Math.max(0, Math.min(QUIET, this.since + PATIENCE - this.timers.now())));
  }

  /**
   * Saves now, if there is anything to save.
   *
   * @returns {Promise<boolean>} whether the server has everything
   */
  async flush() {
    while (this.dirty && this.state.kind !== "conflict" && !this.stopped) {
      const before = this.acknowledged;
      await this.#once();
      if (this.acknowledged === before) break;
    }
    return !this.dirty;
  }

  /**
   * The conflict's way out: ours is now drawn on theirs, and holds of it what was chosen.
   *
   * @returns {Promise<boolean>} whether the server has everything
   */
  settle() {
    if (this.state.kind !== "conflict") return this.flush();
    this.changes++;
    this.#adopt(this.state.theirs.version);
    return this.flush();
  }

  /** Nothing is sent any more. */
  stop() {
    this.stopped = true;
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
    const parcel = this.capture();
    if (!parcel) return this.#arrived(changes, this.version);
    this.#say(this.state.kind === "unsaved" ? { ...this.state, trying: true } : { kind: "saving", version: this.version });
    const outcome = await this.put(parcel, this.version).catch(
      (error) => /** @type {Outcome} */ ({ kind: "unreachable", message: noAnswer(String(error?.message ?? error)) }),
    );
    if (outcome.kind === "saved") return this.#arrived(changes, outcome.version);
    this.giveBack(parcel);
    // A proxy may have sent it twice: this is the answer to the second, and the first arrived.
    if (outcome.kind === "unreachable" || outcome.kind === "stale") this.doubtful.push(parcel.slip);
    if (outcome.kind === "stale") return this.#stale(outcome);
    this.#unsaved(outcome, this.changes > changes);
  }

  /** @param {number} changes that the server has @param {number} version that they made */
  #arrived(changes, version) {
    this.attempts = 0;
    this.doubtful = [];
    this.acknowledged = changes;
    this.since = this.timers.now();
    this.#adopt(version);
  }

  /**
   * Saves of our own whose answer was lost lie right upon ours: they are no conflict.
   *
   * @param {Extract<Outcome, { kind: "stale" }>} outcome
   * @returns {Promise<void>}
   */
  async #stale({ version, who, at, saves }) {
    for (const id of saves) {
      const slip = this.doubtful.find((slip) => slip.id === id);
      if (!slip) break;
      this.late(slip);
      this.version++;
    }
    // The others were drawn on what is not the newest any more: they never will arrive.
    this.doubtful = [];
    const theirs = { version, who, at };
    let differs;
    try {
      differs = await this.judge(theirs, this.version);
    } catch {
      return this.#unsaved({ kind: "unreachable", message: noAnswer("the newest version could not be read") });
    }
    // Whoever goes on with the frame has the draft, and finds out.
    if (this.stopped) return;
    if (differs) return this.#say({ kind: "conflict", version: this.version, theirs });
    this.version = version;
    return this.#attempt();
  }

  /** @param {number} version */
  #adopt(version) {
    this.version = version;
    this.#say(this.dirty ? { kind: "waiting", version } : { kind: "saved", version });
  }

  /** @param {Failure} failure @param {boolean} [more] whether there are strokes that came during the attempt */
  #unsaved(failure, more = false) {
    const reason = failure.kind === "signed_out" ? SIGNED_OUT : failure.message;
    // The same bytes would be refused again: the next stroke tries anew.
    const pause = failure.kind !== "refused" ? BACKOFF[Math.min(this.attempts++, BACKOFF.length - 1)] : more ? QUIET : null;
    this.#say({ kind: "unsaved", version: this.version, cause: failure.kind, reason, retryAt: pause && this.timers.now() + pause });
    if (pause) this.#wait(pause);
  }

  /** @param {number} ms */
  #wait(ms) {
    this.timers.cancel(this.timer);
    if (this.stopped) return;
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
