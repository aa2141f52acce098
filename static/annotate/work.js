// @ts-check
/** What the work cost: seconds, with idle time taken out, and how often each tool was used. */

/** @typedef {{ seconds: number, actions: Record<string, number> }} Work */

/** Nobody looks at a frame for longer without moving a hand, in milliseconds. */
export const IDLE = 30_000;

export class WorkClock {
  /** @param {() => number} now milliseconds */
  constructor(now) {
    this.now = now;
    this.opened = now();
    /** The last sign of the person. @type {number | null} */
    this.last = null;
    this.milliseconds = 0;
    /** @type {Map<string, number>} */
    this.actions = new Map();
  }

  /** For how long there was no sign of the person, in milliseconds. */
  get idle() {
    return this.now() - (this.last ?? this.opened);
  }

  /** A sign of the person: the pointer moved, a key went down. */
  touch() {
    const now = this.now();
    const gap = this.last === null ? 0 : now - this.last;
    // A clock that was put back must not take work away.
    if (gap > 0 && gap <= IDLE) this.milliseconds += gap;
    this.last = now;
  }

  /** @param {string} name of what was done */
  act(name) {
    this.touch();
    this.actions.set(name, (this.actions.get(name) ?? 0) + 1);
  }

  /** @returns {Work} since it was last taken */
  look() {
    return { seconds: Math.round(this.milliseconds / 100) / 10, actions: Object.fromEntries(this.actions) };
  }

  /** @returns {Work} since it was last taken; from now on none of it counts */
  take() {
    const work = this.look();
    this.milliseconds = 0;
    this.actions.clear();
    return work;
  }

  /** No word came that what was taken arrived. @param {Work} work */
  giveBack({ seconds, actions }) {
    this.milliseconds += seconds * 1000;
    for (const [name, count] of Object.entries(actions)) this.actions.set(name, (this.actions.get(name) ?? 0) + count);
  }

  /** What was given back had arrived. @param {Work} work */
  takeOff({ seconds, actions }) {
    this.milliseconds = Math.max(0, this.milliseconds - seconds * 1000);
    for (const [name, count] of Object.entries(actions)) {
      const left = (this.actions.get(name) ?? 0) - count;
      if (left > 0) this.actions.set(name, left);
      else this.actions.delete(name);
    }
  }
}
