// @ts-check
/** Brightness and contrast of the picture, in per cent: a night frame is not black, only dark. */

/** @typedef {{ least: number, most: number, step: number }} Scale */

/** Per cent as CSS has it: 100 is the picture as it is. @type {{ brightness: Scale, contrast: Scale }} */
export const SCALES = {
  brightness: { least: 50, most: 500, step: 25 },
  contrast: { least: 50, most: 250, step: 25 },
};

export class Light {
  constructor() {
    this.reset();
  }

  reset() {
    this.brightness = 100;
    this.contrast = 100;
  }

  /** @param {"brightness" | "contrast"} name @param {number} percent */
  set(name, percent) {
    const { least, most } = SCALES[name];
    this[name] = Math.min(most, Math.max(least, percent));
  }

  /** @param {"brightness" | "contrast"} name @param {number} way -1, 1 */
  step(name, way) {
    this.set(name, this[name] + way * SCALES[name].step);
  }

  /** @returns {string} as CSS wants it; a filter that changes nothing would still be computed */
  get filter() {
    const { brightness, contrast } = this;
    return brightness === 100 && contrast === 100 ? "none" : `brightness(${brightness}%) contrast(${contrast}%)`;
  }
}
