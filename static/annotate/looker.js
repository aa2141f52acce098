// @ts-check
/** Looks at a whole frame beside the page's own thread, which would stand still for it. */

import { Segments } from "./segments.js";

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
    return this.#ask(map, (mask) => ({ what: "gaps", mask }));
  }

  /** @param {LabelMap} map @param {import("./checks.js").Checks} checks @param {string[]} names @returns {Promise<import("./checks.js").Finding[]>} */
  check(map, checks, names) {
    return this.#ask(map, (mask) => ({ what: "check", mask, checks, names }));
  }

  /** @param {LabelMap} map @param {number} least @returns {Promise<ReturnType<typeof import("./checks.js").absorbed>>} */
  absorbed(map, least) {
    return this.#ask(map, (mask) => ({ what: "absorbed", mask, least }));
  }

  /** @param {ArrayBuffer} file of the server's; it is taken @returns {Promise<Segments>} */
  async segments(file) {
    return Segments.revive(await this.#send({ what: "segments", file }, [file]));
  }

  /**
   * @param {ImageBitmap} grey of any size: 0 is sure, 255 as unsure as can be; it is taken
   * @param {{ width: number, height: number }} size of the frame
   * @returns {Promise<{ greys: Uint8Array, colored: ImageBitmap }>} both of that size
   */
  doubt(grey, { width, height }) {
    return this.#send({ what: "doubt", grey, width, height }, [grey]);
  }

  /** @param {LabelMap} map @param {(mask: import("./regions.js").Mask) => Question} question about a copy of it @returns {Promise<any>} */
  #ask({ pixels, width, height }, question) {
    const copy = pixels.slice();
    return this.#send(question({ pixels: copy, width, height }), [copy.buffer]);
  }

  /** @param {Question} question @param {Transferable[]} taken of it @returns {Promise<any>} */
  #send(question, taken) {
    this.worker ??= this.#open();
    const { worker } = this;
    return new Promise((resolve, reject) => {
      const id = this.asked++;
      this.waiting.set(id, { resolve, reject });
      worker.postMessage({ id, question }, taken);
    });
  }

  #open() {
    const worker = new Worker(new URL("./looker_worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data: { id, answer } }) => {
      this.waiting.get(id)?.resolve(answer);
      this.waiting.delete(id);
    });
    worker.addEventListener("error", () => {
      for (const { reject } of this.waiting.values()) reject(new Error("the frame could not be looked at"));
      this.waiting.clear();
      this.worker = null;
    });
    return worker;
  }
}
