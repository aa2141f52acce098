// @ts-check
/**
 * A scripted annotator who knows the truth: of all actions it can think of, it takes the one that repairs most pixels for
 * what it costs, through the editor's own core.
 *
 * What an action costs is what a hand does: each place aimed at (a click, the beginning, each bend and the end of a drag)
 * is 1, as a polygon's vertex is; so is each key (tool, class, accept) and each turn of the wheel, however far. Looking,
 * zooming and panning are free, as they are for polygons, whose classes and closing are free as well.
 */

import { SIZES } from "../../static/annotate/tools/brush.js";
import { brushActions, fillActions, polygonActions, propagateActions, segmentActions, wrongSegments } from "./actions.js";
import { rimActions } from "./rims.js";

/** @typedef {import("../../static/annotate/editor.js").Editor} Editor */
/** @typedef {import("./score.js").Score} Score */
/** @typedef {{ tool: string, gain: number, places: number, keys: number, take: (editor: Editor) => void }} Action
 *   `gain`: pixels that become right, less those that are spoilt */

/** @param {Action | null} a @param {Action} b @returns {boolean} whether `b` repairs more for its price */
export function better(a, b) {
  return b.gain > 0 && (a === null || rate(b) > rate(a));
}

/** @param {Action} action @returns {number} pixels that it mends for a price of 1 */
export function rate(action) {
  return action.gain / price(action);
}

/** @param {Action} action */
export function price({ places, keys }) {
  return places + keys;
}

/**
 * @param {Editor} editor
 * @param {Score} score
 * @param {string[]} tools that may be used: `segment`, `propagate`, `brush`, `polygon`, `fill`
 * @param {number[]} goals shares of labelled pixels that agree, rising
 * @returns {{ goal: number, actions: number, places: number, iou: number, byTool: Record<string, number> }[]}
 */
export function annotate(editor, score, tools, goals) {
  let [actions, places] = [0, 0];
  /** @type {Record<string, number>} */
  const byTool = {};
  return goals.map((goal) => {
    while (score.agreement < goal) {
      const action = best(editor, score, tools);
      if (!action) return { goal, actions: Infinity, places, iou: score.truth.meanIou(editor.map.pixels), byTool: { ...byTool } };
      action.take(editor);
      score.update();
      actions += price(action);
      places += action.places;
      byTool[action.tool] = (byTool[action.tool] ?? 0) + price(action);
    }
    return { goal, actions, places, iou: score.truth.meanIou(editor.map.pixels), byTool: { ...byTool } };
  });
}

/** @param {Editor} editor @param {Score} score @param {string[]} tools @returns {Action | null} */
function best(editor, score, tools) {
  /** @type {Action | null} */
  let found = null;
  /** @param {Action} action */
  const offer = (action) => {
    if (better(found, action)) found = action;
    return found;
  };
  if (tools.includes("segment") || tools.includes("propagate")) {
    const wrong = wrongSegments(/** @type {any} */ (editor.segments), score);
    if (tools.includes("segment")) segmentActions(editor, score, wrong, offer);
    if (tools.includes("propagate")) propagateActions(editor, score, wrong, offer);
  }
  const patches = score.patches();
  if (tools.includes("fill")) fillActions(editor, score, offer);
  if (tools.includes("brush")) brushActions(editor, score, patches, offer);
  if (tools.includes("polygon")) polygonActions(editor, score, patches, offer);
  // Many, and weighed against what is the best without them.
  if (tools.includes("brush")) rimActions(editor, score, offer, found);
  return found;
}

/** Keys to have a tool, a class and a size in the hand. @param {Editor} editor @param {string} tool @param {number} value @param {number} [grain] */
export function preparation(editor, tool, value, grain) {
  const now = tool === "segment" ? editor.scale : tool === "propagate" ? editor.extent : SIZES.indexOf(editor.size);
  return Number(editor.tool !== tool) + Number(editor.class !== value) + Number(grain !== undefined && grain !== now);
}
