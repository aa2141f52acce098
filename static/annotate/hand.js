// @ts-check
/** What is in the hand, from frame to frame: tool, class, size, how coarse it works. */

import { setText } from "./dom.js";
import { UNLABELLED } from "./label_map.js";
import { SCALES } from "./segments.js";
import { SIZES } from "./tools/brush.js";
import { EXTENTS } from "./tools/propagate.js";

/** @typedef {import("./editor.js").Editor} Editor */

/** In place of a class's name: every tool erases. */
const NO_CLASS = "";

export class Hand {
  /** @param {Editor} editor @param {import("./palette.js").PaletteClass[]} palette @param {import("./memory.js").Memory} memory */
  constructor(editor, palette, memory) {
    this.editor = editor;
    this.palette = palette;
    this.kept = memory.kept;
    /** What was told last. @type {string[]} */
    this.told = [];
    const { name, size = 0, scale = -1, extent = -1 } = this.kept;
    const index = name === NO_CLASS ? UNLABELLED : palette.findIndex((one) => one.name === name);
    // An open polygon has its own.
    if (!editor.pending) editor.choose(index);
    if (SIZES.includes(size)) editor.size = size;
    if (scale in SCALES) editor.scale = scale;
    if (extent in EXTENTS) editor.extent = extent;
    this.takeUp();
    memory.ask(() => this.#now());
  }

  /** What is in it, or would be by now if the segments were there. */
  #now() {
    const { editor, palette, kept } = this;
    const { tool, size, scale, extent, polygon, segments } = editor;
    return {
      name: palette[editor.class]?.name ?? NO_CLASS,
      size,
      scale,
      extent,
      tool: segments || !this.#isEmpty ? tool : kept.tool,
      snap: segments ? polygon.wire !== null : kept.snap,
    };
  }

  /** Whether nothing was taken up and nothing drawn yet. */
  get #isEmpty() {
    const { tool, history, busy } = this.editor;
    return tool === "brush" && history.count === 0 && !busy;
  }

  /** Takes the tool that was kept, once there is what it needs, and before anything is drawn. */
  takeUp() {
    if (this.#isEmpty && this.kept.tool) this.editor.take(this.kept.tool);
  }

  /** Says what changed in the hand to those who cannot see it. @param {import("./stage.js").Stage} stage */
  tell({ pen }) {
    const { editor, palette } = this;
    const nameOf = (/** @type {number} */ value) => palette[value]?.name ?? "unlabelled";
    const under = pen.active ? `on ${nameOf(editor.map.at(Math.floor(pen.point.x), Math.floor(pen.point.y)))}` : "";
    const now = [editor.tool, nameOf(editor.class), `${editor.grain.name} ${editor.grain.text}`, under];
    const fresh = now.filter((text, index) => text && text !== this.told[index]);
    if (this.told.length && fresh.length) setText("#heard", fresh.join(", "));
    this.told = now;
  }
}
