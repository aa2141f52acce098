// @ts-check
/** The server as the annotate page meets it: the mask, the lease, the way on. */

/** @typedef {import("./sync.js").Outcome} Outcome */
/** @typedef {{ kind: "held", until: number } | { kind: "taken", message: string } | { kind: "unknown" }} LeaseOutcome */

/** A save that takes longer has failed. */
const PATIENCE = 20_000;

export class Server {
  /** @param {string} frame URL of the frame, without a slash at its end */
  constructor(frame) {
    this.frame = frame;
  }

  /**
   * @param {number} [version] the newest without it
   * @returns {Promise<{ pixels: Uint8Array, version: number }>}
   */
  async mask(version) {
    const url = version === undefined ? `${this.frame}/mask` : `${this.frame}/mask?version=${version}`;
    const answer = await fetch(url, { cache: "no-store" });
    if (!answer.ok || answer.redirected) throw new Error(`the mask could not be read (${answer.status})`);
    const tag = answer.headers.get("etag") ?? "";
    return { pixels: new Uint8Array(await answer.arrayBuffer()), version: Number(tag.replace(/\D/g, "")) };
  }

  /**
   * @param {Uint8Array} pixels
   * @param {number} version that these pixels were drawn on
   * @param {{ keepalive?: boolean }} [how] `keepalive`: the page is being left
   * @returns {Promise<Outcome>}
   */
  async putMask(pixels, version, { keepalive = false } = {}) {
    const body = await gzip(pixels);
    const answer = await fetch(`${this.frame}/mask`, {
      method: "PUT",
      headers: {
        "if-match": `"${version}"`,
        "content-type": "application/octet-stream",
        "content-encoding": "gzip",
      },
      body,
      // A page that is gone may send 64 KiB at most; a larger mask waits in the draft.
      keepalive: keepalive && body.size < 60_000,
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.ok) return { kind: "saved", version: versionOf(answer) };
    if (answer.type === "opaqueredirect" || answer.status === 401) return { kind: "signed_out" };
    if (answer.status === 409) {
      const { version, who, at } = await answer.json();
      return { kind: "stale", version, who, at };
    }
    const message = await sentence(answer);
    if (answer.status === 423) return { kind: "leased", message };
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return { kind: "unreachable", message };
    return { kind: "refused", message };
  }

  /** @returns {Promise<{ version: number, kind: string, who: string, at: number }[]>} the newest first */
  async history() {
    const answer = await fetch(`${this.frame}/history`);
    if (!answer.ok) throw new Error(`the history could not be read (${answer.status})`);
    return answer.json();
  }

  /** @returns {Promise<ArrayBuffer>} the frame's segments file */
  async segments() {
    const answer = await fetch(`${this.frame}/segments`);
    if (!answer.ok || answer.redirected) throw new Error(`the segments could not be read (${answer.status})`);
    return answer.arrayBuffer();
  }

  /** A sign of life. @returns {Promise<LeaseOutcome>} */
  async renewLease() {
    try {
      const answer = await fetch(`${this.frame}/lease`, { method: "POST", redirect: "manual" });
      if (answer.ok) return { kind: "held", until: (await answer.json()).until };
      if (answer.status === 423) return { kind: "taken", message: await sentence(answer) };
    } catch {
      // The autosave says when the server is away; the lease need not say it again.
    }
    return { kind: "unknown" };
  }

  /**
   * @param {number} version
   * @returns {Promise<{ next: string } | { problem: string }>} where to go on
   */
  async submit(version) {
    const answer = await fetch(`${this.frame}/submit`, { method: "POST", headers: { "if-match": `"${version}"` } });
    if (answer.ok) return { next: answer.url };
    return { problem: await sentence(answer) };
  }
}

/** @param {Response} answer */
function versionOf(answer) {
  return Number((answer.headers.get("etag") ?? "").replace(/\D/g, ""));
}

/** @param {Uint8Array} pixels @returns {Promise<Blob>} */
function gzip(pixels) {
  const stream = new Blob([/** @type {BlobPart} */ (pixels)]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(stream).blob();
}

/** @param {Response} answer @returns {Promise<string>} what the server says is wrong */
async function sentence(answer) {
  const text = await answer.text().catch(() => "");
  if ((answer.headers.get("content-type") ?? "").includes("json")) {
    try {
      return JSON.parse(text).message ?? text;
    } catch {
      return text;
    }
  }
  return text && !text.startsWith("<") && text.length < 300 ? text : `status ${answer.status}`;
}
