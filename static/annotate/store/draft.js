// @ts-check
/**
 * The draft, in this browser's IndexedDB: what the server has not acknowledged yet, and what can be undone and redone.
 *
 * Written after every stroke; a machine that dies loses the stroke under way. Strokes never change, so each is written
 * once; beside them stands which of them are done and which are undone. It stays after a save, so that a reload can undo
 * what was saved, and goes with the submission.
 */

/** @typedef {import("../history.js").Stroke} Stroke */
/** @typedef {import("./sync.js").Slip} Slip */
/** @typedef {{
 *   name: string, version: number, change: Uint8Array, at: number, past: Stroke[], future: Stroke[], lost: Slip[], sent: Slip[],
 *   looked: number[], corners: import("../geometry.js").Point[], value: number,
 * }} Draft
 *   `name`: the frame's; `version`: what it was drawn on; `change`: tiles that it has not, as `changeOf` gives them; `at`:
 *   milliseconds; `lost`: parcels whose answer did not come, their work being part of the next one's; `sent`: the one under
 *   way and the next; `looked`: segments that were looked at in the fix queue; `corners`: of an open polygon, of class `value` */
/** @typedef {Omit<Draft, "past" | "future"> & { past: string[], future: string[] }} Head */
/** @typedef {{ frame: string, name: string, change: Uint8Array }} Other what the draft of another frame has unsaved; `frame`: its number */

const HEADS = "head";
const STROKES = "stroke";
/** A draft that the server has whole, and that nobody has touched for so long, is taken away: a week. */
const KEPT = 7 * 24 * 3600 * 1000;

export class Drafts {
  /** @param {string} key one person's work on one frame */
  constructor(key) {
    this.key = key;
    /** @type {Promise<IDBDatabase> | null} */
    this.database = null;
    /** Strokes that are written. @type {Set<string>} */
    this.written = new Set();
    /** The newest that waits for the one being written. @type {(() => Draft) | null | undefined} */
    this.next = undefined;
    /** @type {Promise<void> | null} */
    this.writing = null;
    /** Whether the browser has no room for what can be undone. */
    this.cramped = false;
    /** Whether strokes lie there that cannot be read: the next write takes them away. */
    this.torn = false;
  }

  /** @returns {Promise<Draft | undefined>} */
  async read() {
    const [head, strokes] = await this.#do("readonly", (heads, strokes) => [heads.get(this.key), strokes.getAll(this.#all)]).catch(() => this.#readHead());
    this.written = new Set(strokes.map((/** @type {Stroke} */ { id }) => id));
    if (!head) return undefined;
    const byId = new Map(strokes.map((/** @type {Stroke} */ stroke) => [stroke.id, stroke]));
    const [past, future] = [head.past, head.future].map((ids) => ids.map((/** @type {string} */ id) => byId.get(id)));
    // Another tab may have forgotten some: what came before one that is missing cannot be undone in order.
    const whole = (/** @type {(Stroke | undefined)[]} */ list) => /** @type {Stroke[]} */ (list.slice(list.lastIndexOf(undefined) + 1));
    return { ...head, past: whole(past), future: whole(future) };
  }

  /**
   * Keeps a draft; of several in a row the newest alone is written.
   *
   * @param {(() => Draft) | null} draft asked when its turn comes; none: it is taken away
   * @returns {Promise<void>} when it is on disk
   */
  write(draft) {
    this.next = draft;
    this.writing ??= this.#drain().finally(() => (this.writing = null));
    return this.writing;
  }

  /**
   * Takes away old drafts, this one's excepted, of which the server has everything.
   *
   * @returns {Promise<Other[]>} this person's other frames of the project with strokes of which no word came that they were saved
   */
  async tidy() {
    const before = Date.now() - KEPT;
    /** @type {Other[]} */
    const others = [];
    await this.#do("readwrite", (heads, strokes) => {
      const cursor = heads.openCursor();
      cursor.onsuccess = () => {
        if (!cursor.result) return;
        const { key, value } = cursor.result;
        const frame = frameBeside(this.key, String(key));
        if (key !== this.key && value.at < before && value.change.length === 0) {
          cursor.result.delete();
          strokes.delete(strokesOf(String(key)));
        } else if (frame && value.change.length > 0) {
          others.push({ frame, name: value.name, change: value.change });
        }
        cursor.result.continue();
      };
      return [];
    });
    return others;
  }

  /** What is not saved does not go with a stroke that cannot be read any more. @returns {Promise<[Head | undefined, Stroke[]]>} */
  async #readHead() {
    const [head] = await this.#do("readonly", (heads) => [heads.get(this.key)]);
    this.torn = true;
    return [head && { ...head, past: [], future: [] }, []];
  }

  get #all() {
    return strokesOf(this.key);
  }

  async #drain() {
    while (this.next !== undefined) {
      const draft = this.next?.();
      this.next = undefined;
      if (draft) await this.#put(draft);
      else {
        await this.#do("readwrite", (heads, strokes) => [heads.delete(this.key), strokes.delete(this.#all)]);
        this.written.clear();
      }
    }
  }

  /** What is not saved comes before what can be undone: it is a small part of the whole. @param {Draft} draft */
  async #put(draft) {
    if (!this.cramped && !this.torn) {
      try {
        return await this.#putWhole(draft);
      } catch (error) {
        // Tried without the strokes: from now on where there is no room for them.
        this.cramped = error instanceof DOMException && error.name === "QuotaExceededError";
      }
    }
    const head = { ...draft, past: [], future: [] };
    await this.#do("readwrite", (heads, strokes) => [strokes.delete(this.#all), ...this.#putHead(heads, head)]);
    this.torn = false;
    this.written.clear();
  }

  /** @param {Draft} draft */
  async #putWhole({ past, future, ...rest }) {
    const all = [...past, ...future];
    const wanted = new Set(all.map(({ id }) => id));
    const fresh = all.filter(({ id }) => !this.written.has(id));
    const gone = [...this.written].filter((id) => !wanted.has(id));
    /** @type {Head} */
    const head = { ...rest, past: past.map(({ id }) => id), future: future.map(({ id }) => id) };
    await this.#do("readwrite", (heads, strokes) => {
      for (const stroke of fresh) strokes.put(stroke, [this.key, stroke.id]);
      for (const id of gone) strokes.delete([this.key, id]);
      return this.#putHead(heads, head);
    });
    this.written = wanted;
  }

  /** The last of a transaction: a page that is being left does not live to hear that it may be committed. @param {IDBObjectStore} heads @param {Head} head */
  #putHead(heads, head) {
    const request = heads.put(head, this.key);
    heads.transaction.commit();
    return [request];
  }

  /**
   * @param {IDBTransactionMode} mode
   * @param {(heads: IDBObjectStore, strokes: IDBObjectStore) => IDBRequest[]} act
   * @returns {Promise<any[]>} the results, once all of it is on disk
   */
  async #do(mode, act) {
    // One that could not be opened, or that a newer page closed, is opened anew for the next stroke.
    const forget = () => (this.database = null);
    this.database ??= open(forget).catch((error) => (forget(), Promise.reject(error)));
    const database = await this.database;
    return new Promise((resolve, reject) => {
      const transaction = database.transaction([HEADS, STROKES], mode, { durability: "strict" });
      const requests = act(transaction.objectStore(HEADS), transaction.objectStore(STROKES));
      transaction.oncomplete = () => resolve(requests.map((request) => request.result));
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }
}

/** @param {string} key @returns {IDBKeyRange} all strokes of a draft */
function strokesOf(key) {
  return IDBKeyRange.bound([key], [key, []]);
}

/** @param {string} key @param {string} other @returns {string | undefined} the other's frame, where it is another of the same project and person */
function frameBeside(key, other) {
  const [[made, project, frame, person], [itsMade, itsProject, itsFrame, itsPerson]] = [key.split("/"), other.split("/")];
  return made === itsMade && project === itsProject && person === itsPerson && frame !== itsFrame ? itsFrame : undefined;
}

/** @param {() => void} closed @returns {Promise<IDBDatabase>} */
function open(closed) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("windlass", 3);
    request.onupgradeneeded = () => {
      // Of versions that were never released. A later one must bring the drafts along.
      for (const name of request.result.objectStoreNames) request.result.deleteObjectStore(name);
      for (const name of [HEADS, STROKES]) request.result.createObjectStore(name);
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => (request.result.close(), closed());
      request.result.onclose = closed;
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab holds an older draft store open"));
  });
}
