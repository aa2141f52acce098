// @ts-check
/**
 * The draft: what the server has not acknowledged yet, in this browser's IndexedDB.
 *
 * Written after every stroke, taken away when the server has it. A machine that dies loses the stroke under way.
 */

/** @typedef {{ version: number, pixels: Uint8Array, at: number }} Draft `version`: what it was drawn on */

const STORE = "draft";

export class Drafts {
  /** @param {string} key one person's work on one frame */
  constructor(key) {
    this.key = key;
    /** @type {Promise<IDBDatabase> | null} */
    this.database = null;
    /** The newest that waits for the one being written. @type {Draft | null | undefined} */
    this.next = undefined;
    /** @type {Promise<void> | null} */
    this.writing = null;
  }

  /** @returns {Promise<Draft | undefined>} */
  async read() {
    return this.#do("readonly", (store) => store.get(this.key));
  }

  /**
   * Keeps a draft; of several in a row the newest alone is written.
   *
   * @param {Draft | null} draft none: the server has everything
   * @returns {Promise<void>} when it is on disk
   */
  write(draft) {
    this.next = draft;
    this.writing ??= this.#drain().finally(() => (this.writing = null));
    return this.writing;
  }

  async #drain() {
    while (this.next !== undefined) {
      const draft = this.next;
      this.next = undefined;
      await this.#do("readwrite", (store) => (draft ? store.put(draft, this.key) : store.delete(this.key)));
    }
  }

  /** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest} act @returns {Promise<any>} */
  async #do(mode, act) {
    this.database ??= open();
    const database = await this.database;
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("windlass", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
