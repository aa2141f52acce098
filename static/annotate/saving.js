// @ts-check
/** Saving on the page: the autosave, the draft, what is said of them, and submitting. */

import { same } from "./label_map.js";
import { Drafts } from "./store/draft.js";
import { Sync } from "./store/sync.js";

/** @typedef {import("./store/sync.js").SaveState} SaveState */
/** @typedef {import("./store/server.js").LeaseOutcome} LeaseOutcome */

/**
 * @param {{
 *   setup: import("./page.js").Setup,
 *   editor: import("./editor.js").Editor,
 *   stage: import("./stage.js").Stage,
 *   server: import("./store/server.js").Server,
 *   version: number,
 * }} parts
 */
export async function wireSaving({ setup, editor, stage, server, version }) {
  const { map } = editor;
  const drafts = new Drafts(setup.draft);
  const pill = find("#save-state");
  const banner = find("#banner");
  const conflict = /** @type {HTMLDialogElement} */ (find("#conflict"));
  let leaving = false;
  /** Whether the draft of an earlier visit was read: one that could not be is not written over without strokes. */
  let draftRead = false;
  let kept = version;

  const sync = new Sync({
    version,
    capture: () => map.pixels.slice(),
    put: (pixels, base) => server.putMask(pixels, base, { keepalive: leaving }),
    read: async (wanted) => (await server.mask(wanted)).pixels,
    timers: { now: () => Date.now(), after: (ms, act) => setTimeout(act, ms), cancel: (timer) => clearTimeout(timer) },
    onState: hear,
  });

  /** Of this browser's own keeping: told once, if it fails. */
  const keepDraft = async () => {
    if (!sync.dirty && !draftRead) return;
    kept = sync.version;
    const draft = sync.dirty ? { version: sync.version, pixels: map.pixels.slice(), at: Date.now() } : null;
    await drafts.write(draft).then(
      () => pill.removeAttribute("data-undrafted"),
      () => pill.setAttribute("data-undrafted", ""),
    );
  };

  editor.onChange = () => {
    sync.touch();
    keepDraft();
  };

  /** Shows a mask that is no stroke of this person's; undo still takes it away. @param {Uint8Array} pixels @param {string} name */
  const show = (pixels, name) => {
    const { onChange } = editor;
    editor.onChange = () => {};
    editor.replace(pixels, name);
    editor.onChange = onChange;
    stage.ask();
  };

  /** @param {SaveState} state */
  function hear(state) {
    pill.dataset.state = state.kind;
    pill.textContent = {
      saved: `Saved v${state.version}`,
      waiting: "Unsaved strokes",
      saving: "Saving",
      unsaved: "NOT SAVED",
      conflict: "NOT SAVED",
    }[state.kind];
    banner.hidden = state.kind !== "unsaved";
    if (state.kind === "unsaved") {
      find("#banner-text").textContent = `Not saved: ${state.reason} Your strokes are kept in this browser.`;
      find("#banner-sign-in").hidden = !/signed out/.test(state.reason);
    }
    // Strokes that came during a save are drawn on the version that it made.
    if (state.kind === "saved" || kept !== sync.version) keepDraft();
    if (state.kind === "conflict" && !conflict.open) {
      const { version: number, who, at } = state.theirs;
      find("#conflict-text").textContent = `While you drew on version ${state.version}, version ${number} was saved by ${who}, ${when(at)}. Nothing is lost: every version is kept.`;
      conflict.showModal();
    }
  }

  async function recover() {
    const draft = await drafts.read().then(
      (found) => ((draftRead = true), found),
      () => undefined,
    );
    if (!draft || draft.pixels.length !== map.pixels.length) return;
    if (same(draft.pixels, map.pixels)) return void drafts.write(null);
    const note = find("#recovered");
    note.hidden = false;
    if (draft.version === version) {
      editor.replace(draft.pixels, "draft");
      find("#recovered-text").textContent = `Your unsaved strokes of ${when(draft.at)} were brought back. Undo takes them away.`;
    } else {
      // Drawn on an older version: on top of it as a choice, never silently.
      const [newest] = await server.history().catch(() => []);
      show(draft.pixels, "draft");
      sync.version = draft.version;
      sync.meet({ version, who: newest?.who ?? "somebody", at: newest?.at ?? Date.now() });
      note.hidden = true;
    }
  }

  find("#keep-mine").addEventListener("click", () => {
    conflict.close();
    sync.keepMine();
  });
  find("#take-theirs").addEventListener("click", () => {
    conflict.close();
    // As a change that can be undone: mine stays one undo away.
    sync.takeTheirs((pixels) => show(pixels, "theirs")).catch(() => conflict.showModal());
  });
  // Both ways out are buttons: Escape would leave it open whose mask counts.
  conflict.addEventListener("cancel", (event) => event.preventDefault());
  find("#retry").addEventListener("click", () => sync.flush());
  find("#recovered-close").addEventListener("click", () => (find("#recovered").hidden = true));

  addEventListener("online", () => sync.flush());
  addEventListener("focus", () => sync.state.kind === "unsaved" && sync.flush());
  addEventListener("blur", () => sync.flush());
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && sync.flush());
  addEventListener("pagehide", () => {
    leaving = true;
    sync.flush();
  });
  addEventListener("beforeunload", (event) => {
    const undrafted = sync.dirty && pill.hasAttribute("data-undrafted");
    if (undrafted || sync.state.kind === "unsaved" || sync.state.kind === "conflict") event.preventDefault();
  });

  // In this order: a page that says "saved" takes the draft away.
  await recover();
  hear(sync.state);

  /** @returns {Promise<string | null>} what is wrong */
  async function deliver() {
    if (!(await sync.flush())) return "The last strokes are not saved yet, so the frame cannot be submitted.";
    const outcome = await server.submit(sync.version).catch(() => ({ problem: "The server does not answer. Try again in a moment." }));
    if ("problem" in outcome) return capital(outcome.problem);
    location.assign(outcome.next);
    return null;
  }

  return {
    sync,
    drafts,
    server,

    /** @param {LeaseOutcome} outcome */
    hearOfLease(outcome) {
      const note = find("#leased");
      note.hidden = outcome.kind !== "taken";
      if (outcome.kind === "taken") find("#leased-text").textContent = `${capital(outcome.message)}. What you draw now is kept in this browser only.`;
      if (outcome.kind === "held" && sync.state.kind === "unsaved") sync.flush();
    },

    /** Saves what is left, then goes on to the next frame. @returns {Promise<string | null>} what is wrong */
    async submit() {
      if (editor.frozen) return null;
      editor.lift();
      editor.cancel();
      editor.frozen = true;
      const problem = await deliver();
      if (problem) editor.frozen = false;
      return problem;
    },
  };
}

/** @param {number} at @returns {string} */
export function when(at) {
  const time = new Date(at);
  const day = time.toDateString() === new Date().toDateString() ? "today" : time.toLocaleDateString();
  return `${day} at ${time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {string} selector @returns {HTMLElement} */
function find(selector) {
  return /** @type {HTMLElement} */ (document.querySelector(selector));
}
