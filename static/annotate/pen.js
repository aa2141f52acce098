// @ts-check
/** A pen for the keyboard: arrows move it, Enter sets it down and takes it up. */

import { REACH } from "./pointer.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./viewport.js").Viewport} Viewport */

/** Room between the pen and the edge of the surface, in screen pixels. */
const MARGIN = 60;

export class Pen {
  /** @param {Editor} editor @param {Viewport} view */
  constructor(editor, view) {
    this.editor = editor;
    this.view = view;
    this.point = { x: view.image.width / 2, y: view.image.height / 2 };
    /** Whether the keyboard has the word; the pointer takes it back by moving. */
    this.active = false;
  }

  /** @param {number} dx -1, 0, 1 @param {number} dy @param {boolean} far */
  move(dx, dy, far) {
    const step = Math.max(1, Math.round((far ? 60 : 6) / this.view.scale));
    const { width, height } = this.view.image;
    this.active = true;
    this.point = {
      x: Math.min(width - 0.5, Math.max(0.5, this.point.x + dx * step)),
      y: Math.min(height - 0.5, Math.max(0.5, this.point.y + dy * step)),
    };
    this.editor.drag(this.point);
    this.#follow();
  }

  /** Down, up again; a corner that is new, or in the hand until the next time; a fill. */
  press() {
    const { editor } = this;
    this.active = true;
    if (editor.busy || editor.polygon.held >= 0) return editor.lift();
    editor.press(this.point, { reach: REACH / this.view.scale });
    const { was, closing } = editor.polygon;
    if (!editor.busy && (!was || closing)) editor.lift();
  }

  /** Keeps the pen in sight. */
  #follow() {
    const { x, y } = this.view.toScreen(this.point);
    const { width, height } = this.view.screen;
    const dx = Math.max(0, MARGIN - x) + Math.min(0, width - MARGIN - x);
    const dy = Math.max(0, MARGIN - y) + Math.min(0, height - MARGIN - y);
    if ((dx || dy) && !this.view.fitted) this.view.pan(dx, dy);
  }
}
