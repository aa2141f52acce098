// @ts-check
/** The annotate page: joins the editor, what is seen of it, and the server. */

import { disable, find, insist, setText } from "./dom.js";
import { Editor } from "./editor.js";
import { LabelMap } from "./label_map.js";
import { keepLease } from "./lease.js";
import { Light } from "./light.js";
import { Looker } from "./looker.js";
import { paletteOf } from "./palette.js";
import { wirePanels } from "./panels.js";
import { Preview } from "./preview.js";
import { Stage } from "./stage.js";
import { wireSaving } from "./saving.js";
import { Server, bitmap } from "./store/server.js";
import { Turn } from "./store/turn.js";

/**
 * What the server writes into the page.
 *
 * @typedef {{
 *   width: number, height: number, draft: string, uncertainty: boolean, segments: boolean, person: number,
 *   checks: import("./checks.js").Checks,
 *   classes: { name: string, color: [number, number, number] }[],
 *   memory: string,
 *   urls: { frame: string, picture: string, examples: string, of: string },
 * }} Setup
 */

/** @type {Setup} */
const setup = JSON.parse(document.body.dataset.setup ?? "{}");
const server = new Server(setup.urls.frame, setup);

start().catch((error) => {
  document.body.dataset.state = "failed";
  const notice = /** @type {HTMLElement} */ (document.querySelector("#loading"));
  notice.textContent = `The frame could not be opened: ${error.message}. Reload the page; what you drew is kept in this browser.`;
});

async function start() {
  const picture = bitmap(setup.urls.picture);
  // Heard later, with the mask: a failure must not count as unhandled until then.
  picture.catch(() => {});
  const turn = new Turn(setup.draft);
  // Until there is something to save.
  turn.onLost = () => location.reload();
  if (!(await turn.take())) await askForTurn(turn);
  const { pixels, origins, version } = await server.mask();
  const map = new LabelMap(setup.width, setup.height, pixels, origins);
  const editor = new Editor(map, { classes: setup.classes.length });
  // A stroke before the draft is brought back would be lost in it, or written over it; one without a picture, drawn blind.
  editor.frozen = true;
  const palette = paletteOf(setup.classes);
  const stage = new Stage(editor, palette);
  const light = new Light();
  const preview = new Preview(stage.painter.picture, palette, light);
  stage.minimap.showPicture(await picture);
  stage.painter.showPicture(await picture);
  const saving = await wireSaving({ setup, editor, stage, preview, server, version });
  editor.frozen = false;
  turn.onAsked = () => saving.leave();
  turn.onLost = () => {
    saving.end();
    askForTurn(turn).then(() => location.reload());
  };
  const looker = new Looker();
  const panels = wirePanels({ setup, editor, stage, palette, light, preview, server, saving, looker });
  keepLease({ renew: () => server.renewLease(), tell: (outcome) => saving.hearOfLease(outcome), idle: saving.idle, over: () => saving.over });
  // They come after the frame; without them, what needs them says so.
  const doubt = setup.uncertainty ? showDoubt(looker, stage) : null;
  const segments = setup.segments ? server.segments().then((file) => looker.segments(file)) : null;
  doubt?.catch(() => panels.lackDoubt());
  segments?.then((read) => panels.showSegments(read), () => panels.lackSegments());
  Promise.all([doubt, segments]).then(([greys]) => greys && panels.beginQueue(greys), () => {});
  document.body.dataset.state = "ready";
  // For tests and measurements: the page's own parts, not a second way to do things.
  Object.assign(window, { windlass: { editor, stage, saving } });
}

/** @param {Looker} looker @param {Stage} stage @returns {Promise<Uint8Array>} how unsure the model is of each pixel, 0 to 255 */
async function showDoubt(looker, stage) {
  const { greys, colored } = await looker.doubt(await bitmap(`${setup.urls.frame}/uncertainty`), setup);
  stage.painter.showDoubt(colored);
  return greys;
}

/** The frame is open in another tab. @param {Turn} turn @returns {Promise<void>} when the person wants it here, and it is */
async function askForTurn(turn) {
  const dialog = /** @type {HTMLDialogElement} */ (find("#elsewhere"));
  const here = find("#work-here");
  disable("#work-here", false);
  setText("#work-here", "Work here");
  const close = insist(dialog);
  await new Promise((wanted) => here.addEventListener("click", wanted, { once: true }));
  disable("#work-here", true);
  setText("#work-here", "The other tab saves");
  await turn.demand();
  close();
}
