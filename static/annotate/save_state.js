// @ts-check
/** What is said of saving: in the top bar always, across the frame while strokes are not saved. */

import { find, reveal, setText } from "./dom.js";

/** @typedef {import("./store/sync.js").SaveState} SaveState */

/** Where strokes are that the server has not: a browser without room or leave for a draft keeps none. @returns {string} */
export function keptWhere() {
  return find("#save-state").hasAttribute("data-undrafted") ? "only in this tab: do not close it" : "in this browser";
}

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
  reveal("#banner", state.kind === "unsaved");
  if (state.kind !== "unsaved") return;
  const reason = navigator.onLine ? state.reason : "You are offline.";
  setText("#banner-text", `Not saved: ${reason} Your strokes are kept ${keptWhere()}.`);
  find("#banner-sign-in").hidden = state.cause !== "signed_out";
  // Disabled, it would lose the focus with each attempt. A click meanwhile waits for the one under way.
  find("#retry").setAttribute("aria-disabled", String(state.trying ?? false));
}
