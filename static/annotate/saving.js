// @ts-check
/** Saving on the page: the autosave, the draft, what is said of them, and submitting. */

import { chooseRegions } from "./conflict.js";
import { find, reveal } from "./dom.js";
import { MERGE } from "./editor.js";
import { LabelMap } from "./label_map.js";
import { Merge } from "./merge.js";
import { tellOthers } from "./others.js";
import { applyChange, changeOf } from "./runs.js";
import { keptWhere, showSaveState } from "./save_state.js";
import { Drafts } from "./store/draft.js";
import { FAREWELL, NoSuchVersion } from "./store/server.js";
import { Sync } from "./store/sync.js";
import { when } from "./words.js";
import { WorkClock } from "./work.js";

/** @typedef {import("./store/sync.js").SaveState} SaveState */
/** @typedef {import("./store/server.js").LeaseOutcome} LeaseOutcome */
/** @typedef {{ tiles: number[], change: Uint8Array, slip: import("./store/sync.js").Slip }} Parcel */

/**
 * @param {{
 *   setup: import("./page.js").Setup,
 *   editor: import("./editor.js").Editor,
 *   stage: import("./stage.js").Stage,
 *   preview: import("./preview.js").Preview,
 *   server: import("./store/server.js").Server,
 *   version: number,
 * }} parts
 */
export async function wireSaving({ setup, editor, stage, preview, server, version }) {
  const { map, history } = editor;
  const drafts = new Drafts(setup.draft);
  const clock = new WorkClock(() => performance.now());
  const pill = find("#save-state");
  /** Tiles that the server has not, besides those under way. */
  const unsent = map.watch();
  /** @type {Parcel | null} */
  let underWay = null;
  let parcels = 0;
  /** Whether the draft of an earlier visit was read: one that could not be is not written over. */
  let draftRead = false;
  /** Whether the second try came to a draft without strokes that the page has not. @type {Promise<boolean> | null} */
  let readAgain = null;
  /** Another tab wants the frame, or has it. */
  let wanted = false;
  /** Whether the draft is this page's to write: once all of it is on the page, until another tab has the frame or it is submitted. */
  let mine = false;
  let persistent = false;
  let kept = version;
  /** @type {Merge | null} */
  let merge = null;

  /** @param {number} wanted @returns {Promise<LabelMap>} */
  const maskOf = async (wanted) => {
    const { pixels, origins } = await server.mask(wanted);
    return new LabelMap(map.width, map.height, pixels, origins);
  };

  /** What both were drawn on; none where the server has it no more, as after a backup was put back.
   * @param {number} wanted @returns {Promise<LabelMap | null>} */
  const baseOf = async (wanted) => {
    try {
      return wanted > 0 ? await maskOf(wanted) : new LabelMap(map.width, map.height);
    } catch (error) {
      if (error instanceof NoSuchVersion) return null;
      throw error;
    }
  };

  /** From now on, what is to be sent is what theirs has not. @param {LabelMap} theirs */
  const drawnOn = (theirs) => {
    unsent.take();
    for (const tile of map.differences(theirs)) unsent.add(tile);
  };

  /** Of the parcel that comes next: the draft names it before it is sent, which may be the last that a page does. */
  const slip = () => ({ id: `${history.visit}.${parcels}`, work: clock.look() });

  /** @type {Sync<Parcel>} */
  const sync = new Sync({
    version,
    capture() {
      if (unsent.size === 0) return null;
      const tiles = unsent.take();
      underWay = { tiles, change: changeOf(map, tiles), slip: slip() };
      parcels++;
      clock.take();
      return underWay;
    },
    giveBack({ tiles, slip }) {
      underWay = null;
      for (const tile of tiles) unsent.add(tile);
      clock.giveBack(slip.work);
    },
    late: ({ work }) => clock.takeOff(work),
    put: ({ change, slip }, base) => server.saveTiles(change, slip, base),
    async judge(theirs, base) {
      const newest = await maskOf(theirs.version);
      const old = base === theirs.version ? newest : await baseOf(base);
      merge = new Merge(map, newest, old ?? newest);
      if (!merge.hasTheirs) drawnOn(newest);
      return merge.hasTheirs;
    },
    timers: { now: () => Date.now(), after: (ms, act) => setTimeout(act, ms), cancel: (timer) => clearTimeout(timer) },
    onState: hear,
  });

  /** Strokes that are in it, and not on the page, come back as the page is loaded anew: not here, over what was drawn since. */
  const readOnceMore = async () => {
    draftRead = await drafts.read().then((draft) => !draft?.change.length, () => false);
    reveal("#unread", !draftRead);
    return draftRead;
  };

  /** Of this browser's own keeping: told once, if it fails. */
  const keepDraft = async () => {
    if ((!sync.dirty && !draftRead) || !mine) return;
    kept = sync.version;
    const draft = () => ({
      name: find(".top .name").textContent ?? "",
      version: sync.version,
      change: changeOf(map, new Set([...unsent.list, ...(underWay?.tiles ?? [])])),
      lost: sync.doubtful.slice(),
      sent: [...(underWay ? [underWay.slip] : []), slip()],
      at: Date.now(),
      past: history.past.slice(),
      future: history.future.slice(),
      looked: [...editor.looked],
      corners: editor.polygon.corners.slice(),
      value: editor.class,
    });
    const may = draftRead || (await (readAgain ??= readOnceMore()));
    const failed = !may || (await drafts.write(draft).then(() => false, () => true));
    if (failed === pill.hasAttribute("data-undrafted")) return;
    pill.toggleAttribute("data-undrafted", failed);
    showSaveState(sync.state);
  };

  editor.onChange = (name) => {
    // A pinch is no work on the mask, though the autosave may have sent the stroke that it was at first.
    if (name !== "cancel") clock.act(name);
    sync.touch();
    keepDraft();
  };
  editor.onCorners = keepDraft;
  editor.onLook = () => {
    clock.act("accept");
    keepDraft();
  };

  /** @param {SaveState} state */
  function hear(state) {
    if (state.kind === "saved" || state.kind === "waiting") underWay = null;
    showSaveState(state);
    if (state.kind === "unsaved") persist();
    // Strokes that came during a save are drawn on the version that it made.
    if (state.kind === "saved" || kept !== sync.version) keepDraft();
    if (state.kind === "conflict") settle(state.theirs);
  }

  /** From now on strokes may be in the draft alone: a browser short of room is not to throw it away. */
  function persist() {
    if (persistent) return;
    persistent = true;
    // Under http browsers have it not.
    navigator.storage?.persist?.().catch(() => {});
  }

  /** @param {import("./store/sync.js").Theirs} theirs */
  async function settle({ version: number, who, at }) {
    if (!merge) return;
    // Drawn meanwhile, or during a stroke: it is part of mine.
    editor.lift();
    merge = new Merge(map.clone(), merge.theirs, merge.base);
    const chosen = merge;
    const regions = chosen.regions.length === 1 ? "one region" : `${chosen.regions.length} regions`;
    const text = `${who} saved version ${number}, ${when(at)}, while you drew on version ${sync.version}. The two differ in ${regions}. Where only one of you drew, that is kept; change it where you want the other. Every version stays in the list of versions.`;
    await chooseRegions(chosen, text, preview);
    const { pixels, origins } = chosen.result();
    show(pixels, origins, MERGE);
    drawnOn(chosen.theirs);
    merge = null;
    sync.settle();
  }

  /** Shows a mask that is no stroke of this person's, also while they can draw none; undo still takes it away.
   * @param {Uint8Array} pixels @param {Uint8Array} origins @param {string} name */
  function show(pixels, origins, name) {
    const { onChange, frozen } = editor;
    Object.assign(editor, { onChange: () => {}, frozen: false });
    editor.replace(pixels, name, origins);
    Object.assign(editor, { onChange, frozen });
    stage.ask();
  }

  async function recover() {
    const draft = await drafts.read().then(
      (found) => ((draftRead = true), found),
      () => reveal("#unread", true),
    );
    if (!draft) return;
    for (const node of draft.looked) editor.looked.add(node);
    if (draft.corners.length > 0) editor.goOn(draft.corners, draft.value);
    const unsaved = draft.change.length > 0;
    // What was saved, and then saved anew by somebody else, cannot be undone stroke by stroke.
    if (!unsaved && draft.version !== version) return;
    const { lost, sent } = draft;
    sync.doubtful = [...lost, ...sent];
    const newest = map.clone();
    // Drawn on an older version: the save will find out what of it is theirs, and ask.
    const base = draft.version === version ? null : await baseOf(draft.version);
    if (base) {
      map.replace(base.pixels, base.origins);
      unsent.take();
    }
    applyChange(map, draft.change);
    history.restore(draft);
    stage.ask();
    // Nothing was left to save, or what the page sent as it was left arrived: each version since then may be one of these.
    if (map.differences(newest).length === 0) {
      unsent.take();
      for (const { work } of sent.slice(Math.max(0, version - draft.version))) clock.giveBack(work);
      return;
    }
    if (base) sync.version = draft.version;
    for (const { work } of sent) clock.giveBack(work);
    find("#recovered").hidden = false;
    find("#recovered-text").textContent = `Your unsaved strokes of ${when(draft.at)} were brought back. Undo takes them away one by one.`;
    sync.touch();
  }

  find("#retry").addEventListener("click", () => sync.flush());
  find("#recovered-close").addEventListener("click", () => reveal("#recovered", false));
  find("#others-close").addEventListener("click", () => reveal("#others", false));
  find("#read-again").addEventListener("click", () => location.reload());

  for (const sign of ["pointermove", "pointerdown", "keydown", "wheel"]) addEventListener(sign, () => clock.touch(), { passive: true, capture: true });
  addEventListener("online", () => sync.flush());
  addEventListener("offline", () => showSaveState(sync.state));
  addEventListener("focus", () => sync.state.kind === "unsaved" && sync.flush());
  addEventListener("blur", () => sync.flush());
  /** It may be the last that a page does: what the pen has drawn so far is a stroke, and the time since the last one is work. */
  const part = () => {
    editor.lift();
    sync.flush();
    keepDraft();
  };
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && part());
  addEventListener("pagehide", part);
  /** Whether all that is unsaved goes to the server as the page is left: one save does, and no second one after it. */
  const goesAlong = () => navigator.onLine && sync.state.kind === "waiting" && changeOf(map, unsent.list).length < FAREWELL;
  addEventListener("beforeunload", (event) => {
    if (!mine) return;
    const undrafted = pill.hasAttribute("data-undrafted");
    if ((sync.dirty && (undrafted || !goesAlong())) || (undrafted && editor.pending) || editor.spread) event.preventDefault();
  });

  await recover();
  mine = true;
  hear(sync.state);
  tellOthers(drafts).catch(() => {});

  /** @param {import("./store/server.js").Objection} [objection] @returns {Promise<string | null>} what is wrong */
  async function deliver(objection) {
    const saved = await sync.flush();
    if (wanted) return null;
    if (!saved) return "The last strokes are not saved yet, so the frame cannot be submitted.";
    const work = clock.take();
    const outcome = await server.submit(sync.version, work, objection).catch(() => ({ problem: "The server does not answer. Try again in a moment." }));
    if ("problem" in outcome) {
      clock.giveBack(work);
      return outcome.problem;
    }
    if (!wanted) {
      mine = false;
      if (draftRead) await drafts.write(null).catch(() => {});
    }
    location.assign(outcome.next);
    return null;
  }

  return {
    sync,

    /** For how long there was no sign of the person, in milliseconds. */
    idle: () => clock.idle,

    /** Whether another tab goes on with the frame, or nobody does. */
    get over() {
      return wanted || !mine;
    },

    /** @param {LeaseOutcome} outcome */
    hearOfLease(outcome) {
      // Without an answer the last one stands.
      if (outcome.kind !== "unknown") find("#leased").hidden = outcome.kind !== "taken";
      if (outcome.kind === "taken") find("#leased-text").textContent = `${outcome.message} What you draw now is kept ${keptWhere()}. It is saved once the frame is yours again.`;
      if (outcome.kind === "held" && sync.state.kind === "unsaved") sync.flush();
    },

    /** Another tab wants the frame: what is drawn goes to the server, or else stays in the draft. */
    async leave() {
      wanted = true;
      editor.lift();
      editor.frozen = true;
      await sync.flush();
      await keepDraft();
    },

    /** Another tab has the frame. */
    end() {
      editor.frozen = wanted = true;
      mine = false;
      sync.stop();
    },

    /**
     * Saves what is left, then goes on to the next frame.
     *
     * @param {import("./store/server.js").Objection} [objection]
     * @returns {Promise<string | null>} what is wrong
     */
    async submit(objection) {
      if (editor.frozen) return null;
      editor.lift();
      editor.cancel();
      editor.frozen = true;
      const problem = await deliver(objection);
      if (problem && !wanted) editor.frozen = false;
      return problem;
    },
  };
}
