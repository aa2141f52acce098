// @ts-check
/** Submitting: the checks first, each finding with a way to its place; then the frame, with a word where they are overruled. */

import { disable, find, reveal, say, setText } from "./dom.js";
import { stillOpen } from "./pending.js";

/** @typedef {import("./checks.js").Finding} Finding */

const CHANGED = "The mask changed after it was looked at. Submit it once more.";

/**
 * @param {{
 *   setup: import("./page.js").Setup,
 *   editor: import("./editor.js").Editor,
 *   stage: import("./stage.js").Stage,
 *   looker: import("./looker.js").Looker,
 *   saving: Awaited<ReturnType<typeof import("./saving.js").wireSaving>>,
 *   act: (change: () => void) => void,
 * }} parts
 * @returns {{ commands: import("./keyboard.js").Command[] }}
 */
export function wireSubmit({ setup, editor, stage, looker, saving, act }) {
  const button = /** @type {HTMLButtonElement} */ (find("#submit"));
  const dialog = /** @type {HTMLDialogElement} */ (find("#findings"));
  const word = /** @type {HTMLInputElement} */ (find("#word"));
  const overrule = /** @type {HTMLButtonElement} */ (find("#overrule"));
  const absorb = find("#absorb");
  const names = setup.classes.map(({ name }) => name);
  /** @type {Finding[]} */
  let findings = [];
  /** The newest change in what was looked at. @type {import("./history.js").Stroke | undefined} */
  let newest;
  /** What is being walked through. @type {{ finding: Finding, index: number } | null} */
  let walk = null;

  /** @param {string} problem */
  const tell = (problem) => {
    dialog.close();
    setText("#problem-text", problem);
    /** @type {HTMLDialogElement} */ (find("#problem")).showModal();
  };
  /** @param {import("./store/server.js").Objection} [objection] */
  const send = async (objection) => {
    disable("#submit", true);
    overrule.disabled = true;
    setText("#submit", "Submitting");
    const problem = await saving.submit(objection);
    setText("#submit", "Submit");
    disable("#submit", false);
    overrule.disabled = false;
    if (problem) tell(problem);
  };
  /** Submitted without it, it would be work for nothing. */
  const isOpen = () => editor.polygon.canClose || editor.spread !== null;
  /** A colleague's work may come in while the dialog is open. */
  const isNew = () => editor.busy || editor.history.past.at(-1) !== newest;
  const submit = async () => {
    if (button.disabled || dialog.open) return;
    editor.lift();
    if (isOpen()) return tell(stillOpen(editor));
    newest = editor.history.past.at(-1);
    disable("#submit", true);
    try {
      findings = await looker.check(editor.map, setup.checks, names);
    } catch {
      return tell("The mask could not be looked at before its submission. Nothing is lost; try again, or load the page anew.");
    } finally {
      disable("#submit", false);
    }
    leave();
    if (isNew()) return tell("You drew on while the mask was looked at. Submit it once more.");
    if (isOpen()) return tell(stillOpen(editor));
    if (findings.length === 0) return send();
    const specks = findings.find(({ kind }) => kind === "specks");
    absorb.hidden = !specks;
    find("#finding-list").replaceChildren(...findings.map((finding) => row(finding, () => go(finding, 0))));
    overrule.disabled = word.value.trim() === "";
    dialog.showModal();
  };
  /** @param {Finding} finding @param {number} index */
  const go = (finding, index) => {
    dialog.close();
    const { places, count } = finding;
    walk = { finding, index: (index + places.length) % places.length };
    const { bounds, text } = places[walk.index];
    stage.show(bounds);
    reveal("#places", true);
    setText("#places-text", `${finding.text}. Place ${walk.index + 1} of ${places.length < count ? `the first ${places.length} of ${count}` : count}: ${text}`);
  };
  const leave = () => {
    walk = null;
    reveal("#places", false);
  };
  /** @param {number} step */
  const on = (step) => walk && !stage.drawing && go(walk.finding, walk.index + step);

  button.addEventListener("click", submit);
  find("#places-next").addEventListener("click", () => on(1));
  find("#places-back").addEventListener("click", () => on(-1));
  find("#places-close").addEventListener("click", leave);
  word.addEventListener("input", () => (overrule.disabled = word.value.trim() === ""));
  find("#findings-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (isNew()) return tell(CHANGED);
    if (word.value.trim()) send({ findings: findings.map(({ text }) => text), word: word.value.trim() });
  });
  absorb.addEventListener("click", async () => {
    const specks = await looker.absorbed(editor.map, setup.checks.speck_pixels).catch(() => null);
    if (!specks) return tell("The specks could not be looked for, and stay as they are. Try again, or load the page anew.");
    if (isNew()) return tell(CHANGED);
    dialog.close();
    let painted = 0;
    act(() => (painted = editor.paintRuns("absorb specks", specks, "propagate")));
    say(`${painted.toLocaleString("en")} specks took the class around them; undo brings them back`);
  });

  return {
    commands: [
      { keys: ["ctrl+enter"], name: "Submit and go on", group: "Frame", run: submit },
      { keys: ["pagedown"], name: "Next place that was found", group: "Frame", shown: ["Page Down"], run: () => on(1) },
      { keys: ["pageup"], name: "The one before it", group: "Frame", shown: ["Page Up"], run: () => on(-1) },
    ],
  };
}

/** @param {Finding} finding @param {() => void} show */
function row({ text, count, kind }, show) {
  const item = document.createElement("li");
  const label = document.createElement("span");
  label.textContent = kind === "specks" ? text : `${text}; ${count} ${count === 1 ? "place" : "places"}`;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Show";
  button.setAttribute("aria-label", `Show: ${text}`);
  button.addEventListener("click", show);
  item.append(label, button);
  return item;
}
