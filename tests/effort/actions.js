// @ts-check
/** The actions that a scripted annotator thinks of. */

import { SCALES } from "../../static/annotate/segments.js";
import { SIZES, sweep } from "../../static/annotate/tools/brush.js";
import { fillPolygon } from "../../static/annotate/tools/polygon.js";
import { crossed } from "../../static/annotate/tools/segment.js";
import { contour, spine } from "./outline.js";
import { preparation } from "./annotator.js";
import { simplify } from "./polygons.js";

/** @typedef {import("./annotator.js").Action} Action */
/** @typedef {import("../../static/annotate/editor.js").Editor} Editor */
/** @typedef {import("./score.js").Score} Score */
/** @typedef {import("./score.js").Patch} Patch */
/** @typedef {import("../../static/annotate/tools/brush.js").Point} Point */
/** @typedef {(action: Action) => Action | null} Offer takes an action, gives the best so far */

/** Segments of a scale and class between which drags are thought of. */
const ENDS = 28;
const MOST_BENDS = 8;
/** Patches that a brush or a polygon is thought of for. */
const PATCHES = 12;

/** Clicks and drags over segments. @param {Editor} editor @param {Score} score @param {Offer} offer */
export function segmentActions(editor, score, offer) {
  const segments = /** @type {import("../../static/annotate/segments.js").Segments} */ (editor.segments);
  const { classes } = score.truth;
  const action = (/** @type {number} */ scale, /** @type {number} */ value, /** @type {Point[]} */ way, /** @type {number} */ gain) => ({
    tool: "segment",
    gain,
    cost: preparation(editor, "segment", value, scale) + way.length,
    take: () => {
      editor.take("segment");
      editor.choose(value);
      editor.resize(scale - editor.scale);
      draw(editor, way);
    },
  });
  const promising = SCALES.map((_, scale) => {
    const nodes = [...new Set(segments.scales[scale])];
    return Array.from({ length: classes }, (_, value) => {
      const good = nodes.map((node) => ({ node, gain: score.gain(node, value) })).filter(({ gain }) => gain > 0);
      good.sort((a, b) => b.gain - a.gain || a.node - b.node);
      if (good.length) offer(action(scale, value, [middle(segments, good[0].node)], good[0].gain));
      return good;
    });
  });
  promising.forEach((byClass, scale) =>
    byClass.forEach((good, value) => {
      if (good.length < 2) return;
      const keys = preparation(editor, "segment", value, scale);
      const bound = good.slice(0, ENDS).reduce((sum, { gain }) => sum + gain, 0);
      const best = offer(action(scale, value, [], 0));
      // However a drag went, it could not be worth more than this.
      if (best && bound / (keys + 2) <= best.gain / best.cost) return;
      const ends = good.slice(0, ENDS).map(({ node }) => middle(segments, node));
      const worth = (/** @type {Point[]} */ way) => alongWay(segments, score, scale, value, way);
      let [way, gain] = bestPair(ends, worth);
      while (way.length && way.length < MOST_BENDS) {
        offer(action(scale, value, way, gain));
        const longer = ends.flatMap((end) => [[...way, end], [end, ...way]]).map((way) => ({ way, gain: worth(way) }));
        const next = longer.reduce((a, b) => (b.gain > a.gain ? b : a));
        if (next.gain <= gain) break;
        ({ way, gain } = next);
      }
    }),
  );
}

/** @param {Point[]} ends @param {(way: Point[]) => number} worth @returns {[Point[], number]} */
function bestPair(ends, worth) {
  /** @type {[Point[], number]} */
  let best = [[], 0];
  ends.forEach((a, i) =>
    ends.slice(0, i).forEach((b) => {
      const gain = worth([a, b]);
      if (gain > best[1]) best = [[a, b], gain];
    }),
  );
  return best;
}

/** @param {import("../../static/annotate/segments.js").Segments} segments @param {Score} score @param {number} scale @param {number} value @param {Point[]} way */
function alongWay(segments, score, scale, value, way) {
  const met = new Set();
  let gain = 0;
  for (let i = 1; i < way.length; i++) {
    crossed(segments, scale, way[i - 1], way[i], (node) => {
      if (met.has(node)) return;
      met.add(node);
      gain += score.gain(node, value);
    });
  }
  return gain;
}

/** @type {WeakMap<object, Map<number, Point>>} */
const middles = new WeakMap();

/** A place inside a segment: in the middle of its longest run. @param {import("../../static/annotate/segments.js").Segments} segments @param {number} node @returns {Point} */
export function middle(segments, node) {
  const known = middles.get(segments) ?? new Map();
  middles.set(segments, known);
  const found = known.get(node);
  if (found) return found;
  let [longest, place] = [0, { x: 0, y: 0 }];
  // Of all superpixels: the one nearest to the segment's centre of mass.
  let [x, y, n] = [0, 0, 0];
  segments.eachRun(node, (row, from, to) => {
    x += ((from + to) / 2) * (to - from);
    y += row * (to - from);
    n += to - from;
  });
  let nearest = Infinity;
  segments.eachRun(node, (row, from, to) => {
    const away = Math.hypot((from + to) / 2 - x / n, row - y / n) - (to - from) / 2;
    if (away < nearest) [nearest, longest, place] = [away, to - from, { x: Math.floor((from + to) / 2) + 0.5, y: row + 0.5 }];
  });
  known.set(node, place);
  return place;
}

/** Strokes of a brush along wrong patches. @param {Editor} editor @param {Score} score @param {Patch[]} patches @param {Offer} offer */
export function brushActions(editor, score, patches, offer) {
  for (const { value, pixels } of patches.slice(0, PATCHES)) {
    for (const bends of [0, 1, 2, 3, 5, 8]) {
      const { way, width } = spine(pixels, score.map.width, bends);
      SIZES.forEach((size, grain) => {
        if (size < width * 0.5 || size > width * 1.8) return;
        const gain = score.gainOf(value, (map) =>
          way.forEach((point, i) => sweep(/** @type {any} */ (map), way[Math.max(0, i - 1)], point, size, value)),
        );
        const cost = preparation(editor, "brush", value, grain) + way.length;
        offer({
          tool: "brush",
          gain,
          cost,
          take: () => {
            editor.take("brush");
            editor.choose(value);
            editor.resize(grain - editor.grain.index);
            draw(editor, way);
          },
        });
      });
    }
  }
}

/** Polygons around wrong patches. @param {Editor} editor @param {Score} score @param {Patch[]} patches @param {Offer} offer */
export function polygonActions(editor, score, patches, offer) {
  for (const { value, pixels } of patches.slice(0, PATCHES)) {
    const ring = contour(pixels, score.map.width);
    for (const distance of [2, 3, 5, 8, 13, 21, 34]) {
      const corners = simplify(ring, distance);
      if (corners.length < 3 || corners.length > 60) continue;
      const gain = score.gainOf(value, (map) => fillPolygon(/** @type {any} */ (map), corners, value));
      offer({
        tool: "polygon",
        gain,
        // The key that closes it is one more.
        cost: preparation(editor, "polygon", value) + corners.length + 1,
        take: () => {
          editor.take("polygon");
          editor.choose(value);
          corners.forEach((corner) => editor.press(corner));
          editor.closePolygon();
        },
      });
    }
  }
}

/** Clicks that fill a connected region of the map. @param {Editor} editor @param {Score} score @param {Offer} offer */
export function fillActions(editor, score, offer) {
  const { map, truth } = score;
  const { width, pixels } = map;
  const stamp = ++score.stamp;
  const { stamps } = score;
  const queue = new Int32Array(pixels.length);
  const counts = new Int32Array(256);
  for (let start = 0; start < pixels.length; start++) {
    if (stamps[start] === stamp) continue;
    const old = pixels[start];
    let end = 0;
    counts.fill(0);
    /** @param {number} at */
    const take = (at) => {
      if (stamps[at] === stamp || pixels[at] !== old) return;
      stamps[at] = stamp;
      counts[truth.pixels[at]]++;
      queue[end++] = at;
    };
    take(start);
    for (let next = 0; next < end; next++) {
      const at = queue[next];
      if (at % width) take(at - 1);
      if ((at + 1) % width) take(at + 1);
      if (at >= width) take(at - width);
      if (at + width < pixels.length) take(at + width);
    }
    for (let value = 0; value < truth.classes; value++) {
      if (value === old || counts[value] <= (counts[old] ?? 0)) continue;
      offer({
        tool: "fill",
        gain: counts[value] - counts[old],
        cost: preparation(editor, "fill", value) + 1,
        take: () => {
          editor.take("fill");
          editor.choose(value);
          draw(editor, [{ x: (start % width) + 0.5, y: Math.floor(start / width) + 0.5 }]);
        },
      });
    }
  }
}

/** Pen down, along the way, up. @param {Editor} editor @param {Point[]} way */
function draw(editor, way) {
  editor.press(way[0]);
  for (const point of way.slice(1)) editor.drag(point);
  editor.lift();
}
