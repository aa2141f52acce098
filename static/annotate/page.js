// @ts-check
/** The annotate page: joins the editor, what is seen of it, and the server. */

import { Editor } from "./editor.js";
import { LabelMap } from "./label_map.js";
import { keepLease } from "./lease.js";
import { paletteOf } from "./palette.js";
import { wirePanels } from "./panels.js";
import { Preview } from "./preview.js";
import { Segments } from "./segments.js";
import { Stage } from "./stage.js";
import { wireSaving } from "./saving.js";
import { Server } from "./store/server.js";

/**
 * What the server writes into the page.
 *
 * @typedef {{
 *   name: string, width: number, height: number, draft: string, uncertainty: boolean, segments: boolean,
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
  const { pixels, origins, version } = await server.mask();
  const map = new LabelMap(setup.width, setup.height, pixels, origins);
  const editor = new Editor(map, { classes: setup.classes.length });
  const palette = paletteOf(setup.classes);
  const stage = new Stage(editor, palette);
  const preview = new Preview(stage.painter.layers.picture.canvas, palette);
  const saving = await wireSaving({ setup, editor, stage, preview, server, version });
  const panels = wirePanels({ setup, editor, stage, palette, preview, saving });
  keepLease(
    () => server.renewLease(),
    (outcome) => saving.hearOfLease(outcome),
  );
  stage.painter.showPicture(await picture);
  stage.minimap.showPicture(await picture);
  // They come after the frame; without them, what needs them says so.
  const doubt = setup.uncertainty ? bitmap(`${setup.urls.frame}/uncertainty`).then((grey) => stage.painter.showDoubt(grey)) : null;
  const segments = setup.segments ? server.segments().then((file) => panels.showSegments(Segments.parse(file))) : null;
  Promise.all([doubt, segments]).then(([greys]) => greys && panels.beginQueue(greys), () => {});
  document.body.dataset.state = "ready";
  // For tests and measurements: the page's own parts, not a second way to do things.
  Object.assign(window, { windlass: { editor, stage, saving } });
}

/** @param {string} url @returns {Promise<ImageBitmap>} */
async function bitmap(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the picture could not be read (${answer.status})`);
  return createImageBitmap(await answer.blob());
}
