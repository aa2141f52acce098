// @ts-check
/** What is said of saving: in the top bar always, across the frame while strokes are not saved. */

import { disable, find, setText } from "./dom.js";

/** @typedef {import("./store/sync.js").SaveState} SaveState */

/** @param {SaveState} state */
export function showSaveState(state) {
  const pill = find("#save-state");
  const failed = ["unsaved", "conflict"].includes(pill.dataset.state ?? "");
  pill.dataset.state = state.kind;
  pill.textContent = {
    saved: `Saved v${state.version}`,
    waiting: "Unsaved strokes",
    saving: "Saving",
    unsaved: "NOT SAVED",
    conflict: "NOT SAVED",
  }[state.kind];
  // To who does not see it: a failure is heard from the banner or the dialog, and every save would be too much.
  if (state.kind === "unsaved" || state.kind === "conflict") setText("#saved-again", "");
  else if (failed && state.kind === "saved") setText("#saved-again", "Everything is saved again");
  find("#banner").hidden = state.kind !== "unsaved";
  if (state.kind !== "unsaved") return;
  const reason = navigator.onLine ? state.reason : "You are offline.";
  setText("#banner-text", `Not saved: ${reason} Your strokes are kept in this browser.`);
  find("#banner-sign-in").hidden = state.cause !== "signed_out";
  disable("#retry", state.trying ?? false);
}
