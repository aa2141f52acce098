// @ts-check
/**
 * Whose turn it is among a person's tabs on one frame. They share a draft, and with it what can be undone: two that wrote
 * it would take each other's strokes away.
 *
 * The turn is a lock of the browser's, which frees it with its tab, whatever becomes of that. Browsers give locks to
 * pages under https and of the own machine only: elsewhere each tab has its turn, and two meet as two people do.
 */

/** A page that is loaded anew frees its lock a moment after the next one asks. */
const MOMENT = 500;
/** A tab that has not handed over by then does not answer. */
const PATIENCE = 5000;

export class Turn {
  /** @param {string} key one person's work on one frame */
  constructor(key) {
    this.name = `windlass/${key}`;
    /** Puts everything where the other tab finds it. @type {() => Promise<void>} */
    this.onAsked = async () => {};
    /** The turn is another tab's now. */
    this.onLost = () => {};
    /** @type {(() => void) | null} */
    this.release = null;
    this.channel = new BroadcastChannel(this.name);
    this.channel.addEventListener("message", () => this.#handOver());
  }

  /** @returns {Promise<boolean>} whether it is this tab's */
  async take() {
    while (!(await this.#request({ signal: AbortSignal.timeout(MOMENT) }))) {
      const { held } = await navigator.locks.query();
      if (held?.some(({ name }) => name === this.name)) return false;
      // Nobody has it: the browser was too slow to say so in time.
    }
    return true;
  }

  /** Asks the tab whose turn it is to save and to hand over; one that does not answer loses it. */
  async demand() {
    this.channel.postMessage("asked");
    if (!(await this.#request({ signal: AbortSignal.timeout(PATIENCE) }))) await this.#request({ steal: true });
  }

  async #handOver() {
    if (!this.release) return;
    await this.onAsked();
    this.#lose();
  }

  #lose() {
    if (!this.release) return;
    this.onLost();
    this.release();
    this.release = null;
  }

  /** @param {LockOptions} options @returns {Promise<boolean>} whether it was granted */
  #request(options) {
    if (!navigator.locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      const hold = () => new Promise((release) => ((this.release = () => release(undefined)), resolve(true)));
      // Not granted in time, or taken away by another tab.
      navigator.locks.request(this.name, options, hold).catch(() => (resolve(false), this.#lose()));
    });
  }
}
