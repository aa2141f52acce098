// @ts-check
/** Other frames on which this person drew what the server has not: a note with the way back to each. */

import { find } from "./dom.js";
import { same } from "./label_map.js";
import { tilesIn } from "./runs.js";
import { LONG } from "./store/server.js";

/** @typedef {import("./store/draft.js").Other} Other */

/** @param {import("./store/draft.js").Drafts} drafts */
export async function tellOthers(drafts) {
  const others = await drafts.tidy();
  const arrived = await Promise.all(others.map((other) => hasArrived(other).catch(() => false)));
  const missing = others.filter((_, at) => !arrived[at]);
  if (missing.length === 0) return;
  const frames = missing.length === 1 ? "another frame" : `${missing.length} other frames`;
  find("#others-text").replaceChildren(`Strokes of yours on ${frames} are not saved. They are kept in this browser until you open `, ...missing.flatMap(listed), ".");
  find("#others").hidden = false;
}

/** @param {Other} other @param {number} at */
function listed({ frame, name }, at) {
  const link = document.createElement("a");
  link.href = `/frames/${frame}/annotate`;
  link.textContent = name;
  return at === 0 ? [link] : [", ", link];
}

/** What a page sent as it was left may have arrived without a word to the draft. @param {Other} other */
async function hasArrived({ frame, change }) {
  const answer = await fetch(`/frames/${frame}/mask?runs=true`, { cache: "no-store", signal: AbortSignal.timeout(LONG) });
  if (!answer.ok) return false;
  const newest = tilesIn(new Uint8Array(await answer.arrayBuffer()));
  return [...tilesIn(change)].every(([tile, runs]) => same(runs, newest.get(tile) ?? new Uint8Array()));
}
