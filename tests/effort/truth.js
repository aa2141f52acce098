// @ts-check
/** A frame's ground truth, and how far a map agrees with it. */

import { UNLABELLED } from "../../static/annotate/label_map.js";

export class Truth {
  /** @param {number} width @param {number} height @param {Uint8Array} pixels class indices, 255 where nothing counts @param {number} classes */
  constructor(width, height, pixels, classes) {
    this.width = width;
    this.height = height;
    this.pixels = pixels;
    this.classes = classes;
    this.labelled = pixels.reduce((sum, value) => sum + Number(value !== UNLABELLED), 0);
  }

  /** @param {Uint8Array} pixels @returns {number} the share of labelled pixels that have the right class, 0 to 1 */
  agreement(pixels) {
    let right = 0;
    for (let at = 0; at < pixels.length; at++) if (pixels[at] === this.pixels[at] && pixels[at] !== UNLABELLED) right++;
    return right / this.labelled;
  }

  /** @param {Uint8Array} pixels @returns {number} the mean over the classes that the frame has, 0 to 1 */
  meanIou(pixels) {
    const [both, either] = [new Float64Array(256), new Float64Array(256)];
    for (let at = 0; at < pixels.length; at++) {
      const [truth, given] = [this.pixels[at], pixels[at]];
      if (truth === UNLABELLED) continue;
      either[truth]++;
      if (truth === given) both[truth]++;
      else either[given]++;
    }
    let [sum, count] = [0, 0];
    for (let value = 0; value < this.classes; value++) {
      if (!this.pixels.includes(value)) continue;
      sum += both[value] / either[value];
      count++;
    }
    return sum / count;
  }
}
