// @ts-check
/** The side view: how the class in the hand looks in a labelled frame of the source, the rest of it dimmed. */

import { describe, find, pressed, setText, toggle } from "./dom.js";
import { bitmap } from "./store/server.js";

/** @typedef {import("./palette.js").PaletteClass} PaletteClass */

const DIMMED = 0.3;

/**
 * @param {{
 *   setup: import("./page.js").Setup,
 *   editor: import("./editor.js").Editor,
 *   palette: PaletteClass[],
 *   memory: import("./memory.js").Memory,
 * }} parts
 * @returns {{ commands: import("./keyboard.js").Command[], show: () => void }}
 */
export function wireExample({ setup, editor, palette, memory }) {
  const view = find("#example-view");
  const canvas = /** @type {HTMLCanvasElement} */ (view.querySelector("canvas"));
  const button = find("#example");
  /** The class that is shown; -1 for none. */
  let seen = -1;
  /** By class, once asked. @type {Promise<Record<string, number>> | null} */
  let examples = null;

  const show = async () => {
    const one = palette[editor.class];
    // Not under a stroke: its first moves would wait for the pictures.
    if (!pressed(button) || !one || seen === one.index || editor.busy) return;
    seen = one.index;
    setText("#example-text", `${one.name}: looking for a frame of the source`);
    try {
      examples ??= fetch(setup.urls.examples).then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))));
      const frame = (await examples)[one.index];
      if (seen !== one.index) return;
      canvas.hidden = frame === undefined;
      if (frame === undefined) return setText("#example-text", `${one.name}: in none of the source's labels that were looked at`);
      const [picture, label] = await Promise.all(["image", "truth"].map((what) => bitmap(`/frames/${frame}/${what}${setup.urls.of}`)));
      // Another class was chosen while they came, or a stroke begun: the painting after it asks again.
      if (editor.busy) seen = -1;
      if (seen === one.index) {
        draw(canvas, picture, label, one);
        describe(canvas, `${one.name} in a frame of the source, the rest dimmed`);
        setText("#example-text", `${one.name}, in a frame of the source`);
      }
      for (const read of [picture, label]) read.close();
    } catch {
      // Asked again with another class, or once it is switched on anew: not with every painting.
      examples = null;
      if (seen !== one.index) return;
      canvas.hidden = true;
      setText("#example-text", "The source's frames cannot be shown now");
    }
  };
  const run = () => {
    view.hidden = !toggle(button);
    seen = -1;
    show();
  };
  button.addEventListener("click", run);
  if (memory.kept.example) run();
  memory.ask(() => ({ example: pressed(button) }));
  return { commands: [{ keys: ["shift+e"], name: "Example from the source", group: "View", run }], show };
}

/** @param {HTMLCanvasElement} canvas @param {ImageBitmap} picture @param {ImageBitmap} label @param {PaletteClass} one */
function draw(canvas, picture, label, { color }) {
  canvas.height = Math.round((canvas.width * picture.height) / picture.width);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.imageSmoothingEnabled = false;
  context.drawImage(label, 0, 0, canvas.width, canvas.height);
  const labels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = image;
  for (let at = 0; at < data.length; at += 4) {
    if (labels[at] === color[0] && labels[at + 1] === color[1] && labels[at + 2] === color[2]) continue;
    for (let channel = at; channel < at + 3; channel++) data[channel] *= DIMMED;
  }
  context.putImageData(image, 0, 0);
}
