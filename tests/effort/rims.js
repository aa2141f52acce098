// @ts-check
/** Strokes along borders: a brush whose rim follows the outline of a thing, inside of it or around it. */

import { UNLABELLED } from "../../static/annotate/label_map.js";
import { SIZES, sweep } from "../../static/annotate/tools/brush.js";
import { preparation, rate } from "./annotator.js";
import { eachRegion } from "./flood.js";
import { contour } from "./outline.js";
import { simplify } from "./polygons.js";

/** @typedef {import("./annotator.js").Action} Action */
/** @typedef {import("./score.js").Score} Score */
/** @typedef {import("../../static/annotate/editor.js").Editor} Editor */
/** @typedef {import("../../static/annotate/geometry.js").Point} Point */
/** @typedef {{ size: number, way: Point[], values: number[], gains: number[], seen: number[] }} Rim a closed way; of the piece
 *   from each point to the next: `values`, what it would be painted with; `gains`, what that would mend, as of turn `seen` */

/** Things of fewer pixels have no border worth a stroke. */
const SMALLEST = 60;
/** How far outlines are simplified, in pixels. */
const DISTANCES = [1.5, 3, 6, 12];
const BRUSHES = [6, 11, 20, 40, 80];
/** Pieces of a stroke. */
const LONGEST = 24;

/** @type {WeakMap<Score, Rim[]>} */
const rims = new WeakMap();

/** @param {Editor} editor @param {Score} score @param {import("./actions.js").Offer} offer @param {Action | null} best so far */
export function rimActions(editor, score, offer, best) {
  if (!rims.has(score)) rims.set(score, rimsOf(score));
  for (const rim of /** @type {Rim[]} */ (rims.get(score))) {
    look(rim, score);
    const keysOf = (/** @type {number} */ value) => preparation(editor, "brush", value, SIZES.indexOf(rim.size));
    const stroke = bestStroke(rim, keysOf, best ? rate(best) : 0);
    if (!stroke) continue;
    const { from, pieces, value } = stroke;
    const way = Array.from({ length: pieces + 1 }, (_, piece) => rim.way[(from + piece) % rim.way.length]);
    best = offer({
      tool: "brush",
      gain: score.gainOf(value, (map) => way.forEach((point, i) => sweep(/** @type {any} */ (map), way[Math.max(0, i - 1)], point, rim.size, value))),
      places: way.length,
      keys: keysOf(value),
      take: () => {
        editor.take("brush");
        editor.choose(value);
        editor.resize(SIZES.indexOf(rim.size) - editor.grain.index);
        editor.press(way[0]);
        for (const point of way.slice(1)) editor.drag(point);
        editor.lift();
      },
    });
  }
}

/** What each piece would mend now. @param {Rim} rim @param {Score} score */
function look({ size, way, values, gains, seen }, score) {
  way.forEach((a, i) => {
    const b = way[(i + 1) % way.length];
    if (values[i] === UNLABELLED || seen[i] >= score.changedNear(a, b, size)) return;
    gains[i] = score.gainOf(values[i], (map) => sweep(/** @type {any} */ (map), a, b, size, values[i]));
    seen[i] = score.turn;
  });
}

/**
 * The pieces in a row, to be painted with one class, that mend most for their price, as far as their sum tells.
 *
 * @param {Rim} rim @param {(value: number) => number} keysOf @param {number} least to be better than
 */
function bestStroke({ way, values, gains }, keysOf, least) {
  if (gains.reduce((sum, gain) => sum + Math.max(0, gain), 0) <= 2 * least) return null;
  let [best, most] = [/** @type {{ from: number, pieces: number, value: number } | null} */ (null), least];
  for (let from = 0; from < way.length; from++) {
    if (!(gains[from] > 0)) continue;
    const value = values[from];
    const keys = keysOf(value);
    for (let pieces = 1, sum = 0; pieces <= Math.min(LONGEST, way.length); pieces++) {
      const last = (from + pieces - 1) % way.length;
      if (values[last] !== value) break;
      sum += gains[last];
      if (sum / (pieces + 1 + keys) <= most) continue;
      most = sum / (pieces + 1 + keys);
      best = { from, pieces, value };
    }
  }
  return best;
}

/** Those of every thing in the truth. @param {Score} score @returns {Rim[]} */
function rimsOf({ truth }) {
  const { width } = truth;
  /** @type {Rim[]} */
  const found = [];
  const valueOf = (/** @type {number} */ at) => (truth.pixels[at] === UNLABELLED ? -1 : truth.pixels[at]);
  eachRegion(width, truth.pixels.length, valueOf, (value, pixels) => {
    if (pixels.length < SMALLEST) return;
    const ring = contour(pixels, width);
    for (const distance of DISTANCES) {
      const corners = simplify(ring, distance);
      if (corners.length < 3) continue;
      const normals = corners.map((corner, i) => normal(corner, corners[(i + 1) % corners.length]));
      const inside = corners.map(() => value);
      const outside = corners.map((corner, i) => beside(truth, corner, corners[(i + 1) % corners.length], normals[i], value));
      for (const size of BRUSHES) {
        found.push(rim(size, moved(corners, normals, size / 2), inside));
        if (outside.some((one) => one !== UNLABELLED)) found.push(rim(size, moved(corners, normals, -size / 2), outside));
      }
    }
  });
  return found;
}

/** @param {number} size @param {Point[]} way @param {number[]} values @returns {Rim} */
function rim(size, way, values) {
  return { size, way, values, gains: way.map(() => 0), seen: way.map(() => -1) };
}

/** Of a piece of an outline that goes round clockwise: to the inside. @param {Point} a @param {Point} b @returns {Point} */
function normal(a, b) {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  return { x: (a.y - b.y) / length, y: (b.x - a.x) / length };
}

/** The outline, each piece so far to the inside; at a sharp corner less. @param {Point[]} corners @param {Point[]} normals @param {number} by @returns {Point[]} */
function moved(corners, normals, by) {
  return corners.map(({ x, y }, i) => {
    const [a, b] = [normals.at(i - 1) ?? normals[i], normals[i]];
    const stretch = by / (1 + Math.max(-0.5, a.x * b.x + a.y * b.y));
    return { x: x + stretch * (a.x + b.x), y: y + stretch * (a.y + b.y) };
  });
}

/** What lies outside along most of a piece. @param {import("./truth.js").Truth} truth @param {Point} a @param {Point} b @param {Point} normal @param {number} inside */
function beside({ width, height, pixels }, a, b, normal, inside) {
  const counts = new Uint32Array(256);
  for (let step = 0.5; step < 9; step++) {
    for (const away of [2.5, 5]) {
      const x = Math.floor(a.x + ((b.x - a.x) * step) / 9 - normal.x * away);
      const y = Math.floor(a.y + ((b.y - a.y) * step) / 9 - normal.y * away);
      if (x >= 0 && y >= 0 && x < width && y < height) counts[pixels[y * width + x]]++;
    }
  }
  counts[inside] = counts[UNLABELLED] = 0;
  const most = Math.max(...counts);
  return most ? counts.indexOf(most) : UNLABELLED;
}
