// @ts-check
/**
 * The one place where screen becomes image.
 *
 * Screen coordinates are CSS pixels from the left top corner of the surface; image coordinates are pixels of the frame,
 * of which pixel (0, 0) covers [0, 1) by [0, 1).
 */

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {{ width: number, height: number }} Size */

/** A pixel of the frame becomes at most so many of the screen. */
const LARGEST = 64;
/** The same where the page chooses: nearer, a person loses the place. */
const NEAREST_SHOWN = 8;

export class Viewport {
  /** @param {Size} image @param {Size} screen */
  constructor(image, screen) {
    this.image = image;
    this.screen = screen;
    /** Screen pixels per image pixel. */
    this.scale = 1;
    /** Where the image's corner lies on the screen. @type {Point} */
    this.origin = { x: 0, y: 0 };
    /** Whether it shows all of the frame, and shall after a change of the window. */
    this.fitted = true;
    this.fit();
  }

  /** @param {Point} point on the screen @returns {Point} in the image; may lie outside it */
  toImage(point) {
    return { x: (point.x - this.origin.x) / this.scale, y: (point.y - this.origin.y) / this.scale };
  }

  /** @param {Point} point in the image @returns {Point} on the screen */
  toScreen(point) {
    return { x: point.x * this.scale + this.origin.x, y: point.y * this.scale + this.origin.y };
  }

  /** @returns {string} the CSS transform that lays the image where it belongs, its origin at the left top */
  get transform() {
    return `translate(${this.origin.x}px, ${this.origin.y}px) scale(${this.scale})`;
  }

  /** Shows the whole frame, in the middle. */
  fit() {
    this.scale = this.#smallest;
    this.origin = {
      x: (this.screen.width - this.image.width * this.scale) / 2,
      y: (this.screen.height - this.image.height * this.scale) / 2,
    };
    this.fitted = true;
  }

  /** @param {Point} point on the screen, whose image stays where it is @param {number} factor */
  zoomAt(point, factor) {
    const held = this.toImage(point);
    this.scale = Math.min(LARGEST, Math.max(this.#smallest, this.scale * factor));
    this.origin = { x: point.x - held.x * this.scale, y: point.y - held.y * this.scale };
    this.fitted = false;
    this.#hold();
  }

  /** @param {number} factor */
  zoom(factor) {
    this.zoomAt({ x: this.screen.width / 2, y: this.screen.height / 2 }, factor);
  }

  /** @param {number} dx screen pixels @param {number} dy */
  pan(dx, dy) {
    this.origin = { x: this.origin.x + dx, y: this.origin.y + dy };
    this.fitted = false;
    this.#hold();
  }

  /** @param {Point} point of the image, which comes to the middle */
  centreOn(point) {
    const { x, y } = this.toScreen(point);
    this.pan(this.screen.width / 2 - x, this.screen.height / 2 - y);
  }

  /** Shows a part of the frame with as much again around it. @param {import("./geometry.js").Bounds} part */
  show({ left, top, right, bottom }) {
    const { width, height } = this.screen;
    const scale = Math.min(NEAREST_SHOWN, width / (right - left) / 2, height / (bottom - top) / 2);
    this.zoom(scale / this.scale);
    this.centreOn({ x: (left + right) / 2, y: (top + bottom) / 2 });
  }

  /** What is seen of the image. @returns {import("./geometry.js").Bounds} */
  get seen() {
    const { image, screen } = this;
    const from = this.toImage({ x: 0, y: 0 });
    const to = this.toImage({ x: screen.width, y: screen.height });
    return {
      left: Math.max(0, from.x),
      top: Math.max(0, from.y),
      right: Math.min(image.width, to.x),
      bottom: Math.min(image.height, to.y),
    };
  }

  /** @param {import("./geometry.js").Bounds} part of the frame @returns {boolean} whether any of it is seen */
  sees({ left, top, right, bottom }) {
    const { seen } = this;
    return left < seen.right && right > seen.left && top < seen.bottom && bottom > seen.top;
  }

  /** Whether any of the image is out of sight. */
  get partly() {
    const { left, top, right, bottom } = this.seen;
    return right - left < this.image.width - 0.5 || bottom - top < this.image.height - 0.5;
  }

  /** @param {Size} screen the surface's new size; the middle stays in the middle */
  resize(screen) {
    const middle = this.toImage({ x: this.screen.width / 2, y: this.screen.height / 2 });
    this.screen = screen;
    if (this.fitted) return this.fit();
    this.scale = Math.max(this.scale, this.#smallest);
    this.origin = { x: screen.width / 2 - middle.x * this.scale, y: screen.height / 2 - middle.y * this.scale };
    this.#hold();
  }

  get #smallest() {
    const { image, screen } = this;
    return Math.min(LARGEST, Math.max(0.01, Math.min(screen.width / image.width, screen.height / image.height)));
  }

  /** Keeps a quarter of the screen, at least, on the image: it cannot be lost. */
  #hold() {
    const { screen, image, scale } = this;
    /** @param {number} at @param {number} room @param {number} length */
    const keep = (at, room, length) => Math.min(room * 0.75, Math.max(room * 0.25 - length, at));
    this.origin = {
      x: keep(this.origin.x, screen.width, image.width * scale),
      y: keep(this.origin.y, screen.height, image.height * scale),
    };
  }
}
