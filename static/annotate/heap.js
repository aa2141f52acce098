// @ts-check
/** A queue from which the lowest comes first; of equals, the one with the lower item. */

export class Heap {
  constructor() {
    /** @type {number[]} */
    this.keys = [];
    /** @type {number[]} */
    this.items = [];
  }

  get size() {
    return this.keys.length;
  }

  /** @param {number} key @param {number} item */
  push(key, item) {
    const { keys, items } = this;
    let at = keys.length;
    keys.push(key);
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(key, item, parent)) break;
      keys[at] = keys[parent];
      items[at] = items[parent];
      at = parent;
    }
    keys[at] = key;
    items[at] = item;
  }

  /** @returns {{ key: number, item: number }} of a queue that is not empty */
  pop() {
    const { keys, items } = this;
    const first = { key: keys[0], item: items[0] };
    const key = /** @type {number} */ (keys.pop());
    const item = /** @type {number} */ (items.pop());
    if (keys.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= keys.length) break;
      if (child + 1 < keys.length && this.#before(keys[child + 1], items[child + 1], child)) child++;
      if (this.#before(key, item, child)) break;
      keys[at] = keys[child];
      items[at] = items[child];
      at = child;
    }
    keys[at] = key;
    items[at] = item;
    return first;
  }

  /** @param {number} key @param {number} item @param {number} at */
  #before(key, item, at) {
    return key < this.keys[at] || (key === this.keys[at] && item < this.items[at]);
  }
}
