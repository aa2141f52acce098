// @ts-check
/** The server as the annotate page meets it: the mask, the lease, the way on. */

import { LabelMap } from "../label_map.js";
import { applyChange } from "../runs.js";
import { SIGNED_OUT, noAnswer } from "./sync.js";

/** @typedef {import("./sync.js").Outcome} Outcome */
/** @typedef {import("../work.js").Work} Work */
/** @typedef {{ kind: "held" } | { kind: "taken", message: string } | { kind: "unknown" }} LeaseOutcome */

/** @typedef {{ version: number, kind: string, who: string, at: number, seconds?: number, actions?: number }} PastVersion */
/** @typedef {{ findings: string[], word: string }} Objection what was found, and why it is submitted all the same */

/** What takes longer has failed, in milliseconds: a save that hangs in a conflict's check would be the last one. */
const PATIENCE = 20_000;
/** The same of what may be large: a mask, a picture, the segments. */
export const LONG = 120_000;
/** What a poor line sends, in bytes a millisecond. */
const SLOWEST = 10;

/** A page that is gone may send 64 KiB at most, in bytes: a change of this length and more waits in the draft. */
export const FAREWELL = 60_000;

/** The server has never had it, or was put back to a time before it. */
export class NoSuchVersion extends Error {}

export class Server {
  /**
   * @param {string} frame URL of the frame, without a slash at its end
   * @param {{ width: number, height: number, person: number }} setup `person`: who opened the page. Somebody else who signs
   *   in meanwhile, in this browser, did not draw what is on it
   */
  constructor(frame, { width, height, person }) {
    this.frame = frame;
    this.size = { width, height };
    this.by = { "windlass-person": String(person) };
  }

  /**
   * @param {number} [version] the newest without it
   * @returns {Promise<{ pixels: Uint8Array, origins: Uint8Array, version: number }>}
   */
  async mask(version) {
    const which = version === undefined ? "" : `&version=${version}`;
    const answer = await fetch(`${this.frame}/mask?runs=true${which}`, { cache: "no-store", signal: AbortSignal.timeout(LONG) });
    if (answer.status === 404 && version !== undefined) throw new NoSuchVersion();
    if (!answer.ok || answer.redirected) throw new Error(`the mask could not be read (${answer.status})`);
    const { pixels, origins } = planesOf(new Uint8Array(await answer.arrayBuffer()), this.size);
    return { pixels, origins, version: versionOf(answer) };
  }

  /**
   * @param {Uint8Array} change tiles in runs
   * @param {import("./sync.js").Slip} slip what they cost, and what the save calls itself
   * @param {number} version that they were drawn on
   * @returns {Promise<Outcome>}
   */
  async saveTiles(change, { id, work }, version) {
    // Nothing may be waited for before it: the page may be on its way out.
    const answer = await fetch(`${this.frame}/mask`, {
      method: "PATCH",
      headers: {
        ...this.by,
        "if-match": `"${version}"`,
        "content-type": "application/octet-stream",
        "windlass-save": id,
        "windlass-work": JSON.stringify(work),
      },
      body: /** @type {BodyInit} */ (change),
      // A page that is left during a save, too, takes its strokes to the server.
      keepalive: change.length < FAREWELL,
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE + Math.ceil(change.length / SLOWEST)),
    });
    const made = versionOf(answer);
    if (answer.status === 204 && made > version) return { kind: "saved", version: made };
    // A proxy's page, a hotel's sign-in: whatever it is, it has not saved anything.
    if (answer.ok) return { kind: "unreachable", message: noAnswer("something else answered in its place") };
    if (signedOut(answer)) return { kind: "signed_out" };
    if (answer.status === 409) {
      const { version, who, at, saves } = await answer.json();
      return { kind: "stale", version, who, at, saves };
    }
    const message = await sentence(answer);
    if (answer.status === 423) return { kind: "leased", message };
    const passing = answer.status >= 500 || answer.status === 429 || answer.status === 408;
    return { kind: passing ? "unreachable" : "refused", message };
  }

  /** @returns {Promise<PastVersion[]>} the newest first */
  async history() {
    const answer = await fetch(`${this.frame}/history`, { signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(`the history could not be read (${answer.status})`);
    return answer.json();
  }

  /** @returns {Promise<ArrayBuffer>} the frame's segments file */
  async segments() {
    const answer = await fetch(`${this.frame}/segments`, { signal: AbortSignal.timeout(LONG) });
    if (!answer.ok || answer.redirected) throw new Error(`the segments could not be read (${answer.status})`);
    return answer.arrayBuffer();
  }

  /** A sign of life. @returns {Promise<LeaseOutcome>} */
  async renewLease() {
    try {
      const answer = await fetch(`${this.frame}/lease`, { method: "POST", headers: this.by, redirect: "manual", signal: AbortSignal.timeout(PATIENCE) });
      if (answer.ok) return { kind: "held" };
      if (answer.status === 423) return { kind: "taken", message: await sentence(answer) };
    } catch {
      // The autosave says when the server is away; the lease need not say it again.
    }
    return { kind: "unknown" };
  }

  /**
   * @param {number} version
   * @param {Work} work since the last save
   * @param {Objection} [objection]
   * @returns {Promise<{ next: string } | { problem: string }>} where to go on
   */
  async submit(version, work, objection) {
    const answer = await fetch(`${this.frame}/submit`, {
      method: "POST",
      headers: { ...this.by, "if-match": `"${version}"`, "content-type": "application/json" },
      body: JSON.stringify({ work, ...objection }),
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (signedOut(answer)) return { problem: SIGNED_OUT };
    return answer.ok ? answer.json() : { problem: await sentence(answer) };
  }
}

/** @param {string} url of a picture @returns {Promise<ImageBitmap>} */
export async function bitmap(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(LONG) });
  if (!answer.ok) throw new Error(`the picture could not be read (${answer.status})`);
  return createImageBitmap(await answer.blob());
}

/** @param {Response} answer */
function signedOut({ type, status }) {
  return type === "opaqueredirect" || status === 401;
}

/** @param {Uint8Array} tiles all of them @param {{ width: number, height: number }} size @returns {LabelMap} */
function planesOf(tiles, { width, height }) {
  const map = new LabelMap(width, height);
  if (applyChange(map, tiles).length !== map.tileCount) throw new Error("the mask that came is not whole");
  return map;
}

/** @param {Response} answer */
function versionOf(answer) {
  return Number((answer.headers.get("etag") ?? "").replace(/\D/g, ""));
}

/** @param {Response} answer @returns {Promise<string>} what the server says is wrong; a proxy's own words are none of its */
async function sentence(answer) {
  const text = (await answer.text().catch(() => "")).trim();
  const isJson = (answer.headers.get("content-type") ?? "").includes("json");
  const said = isJson ? messageIn(text) : /^[^<].*[.!?]$/s.test(text) && text;
  if (said && said.length < 300) return said;
  return answer.status >= 500 ? noAnswer(`status ${answer.status}`) : `The server refuses it (status ${answer.status}).`;
}

/** @param {string} json @returns {string} */
function messageIn(json) {
  try {
    return JSON.parse(json).message ?? "";
  } catch {
    return "";
  }
}
