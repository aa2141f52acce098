// @ts-check
/** Looks at a whole mask beside the page's own thread, which would stand still for it. */

/** @typedef {import("./label_map.js").LabelMap} LabelMap */
/** @typedef {import("./looker_worker.js").Question} Question */

export class Looker {
  constructor() {
    /** Made when first asked. @type {Worker | null} */
    this.worker = null;
    this.asked = 0;
    /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void }>} */
    this.waiting = new Map();
  }

  /** @param {LabelMap} map @returns {Promise<import("./gaps.js").Gap[]>} */
  gaps(map) {
    return this.#ask(map, { what: "gaps" });
  }

  /** @param {LabelMap} map @param {import("./checks.js").Checks} checks @param {string[]} names @returns {Promise<import("./checks.js").Finding[]>} */
  check(map, checks, names) {
    return this.#ask(map, { what: "check", checks, names });
  }

  /** @param {LabelMap} map @param {number} least @returns {Promise<ReturnType<typeof import("./checks.js").absorbed>>} */
  absorbed(map, least) {
    return this.#ask(map, { what: "absorbed", least });
  }

  /** @param {LabelMap} map @param {Question} question @returns {Promise<any>} */
  #ask({ pixels, width, height }, question) {
    this.worker ??= this.#open();
    const { worker } = this;
    return new Promise((resolve, reject) => {
      const id = this.asked++;
      this.waiting.set(id, { resolve, reject });
      const copy = pixels.slice();
      worker.postMessage({ id, mask: { pixels: copy, width, height }, question }, [copy.buffer]);
    });
  }

  #open() {
    const worker = new Worker(new URL("./looker_worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data: { id, answer } }) => {
      this.waiting.get(id)?.resolve(answer);
      this.waiting.delete(id);
    });
    worker.addEventListener("error", () => {
      for (const { reject } of this.waiting.values()) reject(new Error("the mask could not be looked at"));
      this.waiting.clear();
      this.worker = null;
    });
    return worker;
  }
}
