// @ts-check
/** The minimap: the whole frame in a corner while only a part of it is seen; a press or a drag there moves the view. */

import { find } from "./dom.js";

/** @typedef {import("./viewport.js").Viewport} Viewport */

const WIDTH = 176;

export class Minimap {
  /** @param {Viewport} view @param {{ readonly drawing: boolean, move: () => void }} stage */
  constructor(view, stage) {
    this.view = view;
    this.stage = stage;
    this.allowed = true;
    this.element = find("#minimap");
    this.canvas = /** @type {HTMLCanvasElement} */ (this.element.querySelector("canvas"));
    this.part = /** @type {HTMLElement} */ (this.element.querySelector(".part"));
    this.canvas.width = WIDTH;
    this.canvas.height = Math.max(1, Math.round((WIDTH * view.image.height) / view.image.width));
    this.element.addEventListener("pointerdown", (event) => {
      // The stage below would draw.
      event.stopPropagation();
      this.element.setPointerCapture(event.pointerId);
      this.#go(event);
    });
    this.element.addEventListener("pointermove", (event) => {
      event.stopPropagation();
      if (this.element.hasPointerCapture(event.pointerId)) this.#go(event);
    });
    this.element.addEventListener("dblclick", (event) => event.stopPropagation());
  }

  /** @param {CanvasImageSource} picture */
  showPicture(picture) {
    // Painted once: else a browser without a graphics card copies it with every frame of a stroke.
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d", { willReadFrequently: true }));
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, this.canvas.width, this.canvas.height);
  }

  /** @param {boolean} allowed whether it is shown when there is something to show */
  allow(allowed) {
    this.allowed = allowed;
    this.show();
  }

  /** The viewport moved. */
  show() {
    const shown = this.allowed && this.view.partly;
    this.element.hidden = !shown;
    if (!shown) return;
    const scale = WIDTH / this.view.image.width;
    const { left, top, right, bottom } = this.view.seen;
    // Never smaller than can be seen.
    const [width, height] = [Math.max(3, (right - left) * scale), Math.max(3, (bottom - top) * scale)];
    this.part.style.transform = `translate(${left * scale}px, ${top * scale}px)`;
    this.part.style.width = `${width}px`;
    this.part.style.height = `${height}px`;
  }

  /** @param {PointerEvent} event */
  #go(event) {
    // The palm beside a pen: the stroke would go on elsewhere in the frame.
    if (this.stage.drawing) return;
    const box = this.canvas.getBoundingClientRect();
    const scale = this.view.image.width / WIDTH;
    this.view.centreOn({ x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale });
    this.stage.move();
  }
}
