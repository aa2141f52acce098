// @ts-check
/** Undo and redo on the page: each says what it changed, and shows where if that is out of sight. */

import { disable, find, say } from "./dom.js";
import { union } from "./geometry.js";

/** @typedef {import("./history.js").Stroke} Stroke */
/** @typedef {import("./geometry.js").Bounds} Bounds */

/**
 * @param {{
 *   editor: import("./editor.js").Editor,
 *   stage: import("./stage.js").Stage,
 *   doubts: { undone: (stroke: Stroke) => void, redone: (stroke: Stroke) => void },
 *   act: (change: () => void) => void,
 * }} parts
 * @returns {{ commands: import("./keyboard.js").Command[], show: () => void }}
 */
export function wireUndo({ editor, stage, doubts, act }) {
  /** @param {string} what @param {Stroke} stroke */
  const tell = (what, { name, tiles }) => {
    say(`${what}: ${name}`);
    const parts = [...tiles.keys()].map((tile) => boundsOf(editor.map.bounds(tile)));
    if (!parts.some((part) => stage.view.sees(part))) stage.show(parts.reduce(union));
  };
  const undo = () =>
    act(() => {
      const reached = editor.undo();
      if (!reached) return;
      if (!reached.done) return say("A colleague's work came in here. Undo once more takes it out");
      tell("Undone", reached.stroke);
      if (editor.polygon.reopened) say("Undone: polygon. Its corners are open again");
      doubts.undone(reached.stroke);
    });
  const redo = () =>
    act(() => {
      const stroke = editor.redo();
      if (!stroke) return;
      tell("Redone", stroke);
      doubts.redone(stroke);
    });
  find("#undo").addEventListener("click", undo);
  find("#redo").addEventListener("click", redo);
  return {
    commands: [
      { keys: ["ctrl+z"], name: "Undo", group: "Tools", run: undo },
      { keys: ["ctrl+shift+z", "ctrl+y"], name: "Redo", group: "Tools", shown: ["Ctrl + Shift + Z"], run: redo },
    ],
    show() {
      disable("#undo", !editor.canUndo);
      disable("#redo", !editor.history.canRedo);
    },
  };
}

/** @param {{ x: number, y: number, width: number, height: number }} tile @returns {Bounds} */
function boundsOf({ x, y, width, height }) {
  return { left: x, top: y, right: x + width, bottom: y + height };
}
