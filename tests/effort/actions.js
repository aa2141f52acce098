// @ts-check
/** The actions that a scripted annotator thinks of. */

import { SIZES, sweep } from "../../static/annotate/tools/brush.js";
import { fillPolygon } from "../../static/annotate/tools/polygon.js";
import { EXTENTS, Spread, givenClasses } from "../../static/annotate/tools/propagate.js";
import { crossed } from "../../static/annotate/tools/segment.js";
import { eachRegion } from "./flood.js";
import { contour, spine } from "./outline.js";
import { preparation, rate } from "./annotator.js";
import { simplify } from "./polygons.js";

/** @typedef {import("./annotator.js").Action} Action */
/** @typedef {import("../../static/annotate/editor.js").Editor} Editor */
/** @typedef {import("./score.js").Score} Score */
/** @typedef {import("./score.js").Patch} Patch */
/** @typedef {import("../../static/annotate/segments.js").Segments} Segments */
/** @typedef {import("../../static/annotate/tools/brush.js").Point} Point */
/** @typedef {(action: Action) => Action | null} Offer takes an action, gives the best so far */

/** Segments of a scale and class between which drags are thought of. */
const ENDS = 28;
const MOST_BENDS = 8;
/** Scribbles that are thought of. */
const SEEDS = 12;
/** Patches that a brush or a polygon is thought of for. */
const PATCHES = 12;

/** @typedef {{ scale: number, value: number, node: number, gain: number }} Wrong a segment that one click would mend */

/** The segments of every scale, each once. @type {WeakMap<Segments, Uint32Array[]>} */
const scales = new WeakMap();

/** @param {Segments} segments @returns {Uint32Array[]} */
function nodesOf(segments) {
  const known = scales.get(segments) ?? segments.scales.map((nodes) => Uint32Array.from(new Set(nodes)));
  scales.set(segments, known);
  return known;
}

/** What a click on each segment would mend, for each scale and class, the most first. @param {Segments} segments @param {Score} score @returns {Wrong[][][]} */
export function wrongSegments(segments, score) {
  const { classes } = score.truth;
  return nodesOf(segments).map((nodes, scale) => {
    /** @type {Wrong[][]} */
    const byClass = Array.from({ length: classes }, () => []);
    for (const node of nodes) {
      for (let value = 0; value < classes; value++) {
        const gain = score.gain(node, value);
        if (gain > 0) byClass[value].push({ scale, value, node, gain });
      }
    }
    for (const wrong of byClass) wrong.sort((a, b) => b.gain - a.gain || a.node - b.node);
    return byClass;
  });
}

/** Clicks and drags over segments. @param {Editor} editor @param {Score} score @param {Wrong[][][]} wrong @param {Offer} offer */
export function segmentActions(editor, score, wrong, offer) {
  const segments = /** @type {Segments} */ (editor.segments);
  /** @param {number} scale @param {number} value @param {Point[]} way @param {number} gain @returns {Action} */
  const action = (scale, value, way, gain) => ({
    tool: "segment",
    gain,
    places: way.length,
    keys: preparation(editor, "segment", value, scale),
    take: () => {
      editor.take("segment");
      editor.choose(value);
      editor.resize(scale - editor.scale);
      draw(editor, way);
    },
  });
  wrong.flat().forEach(([first]) => {
    if (first) offer(action(first.scale, first.value, [middle(segments, first.node)], first.gain));
  });
  wrong.flat().forEach((all) => {
    const [{ scale, value } = { scale: 0, value: 0 }] = all;
    const ends = all.slice(0, ENDS).map(({ node }) => middle(segments, node));
    if (ends.length < 2) return;
    const best = offer(action(scale, value, [], 0));
    // However a drag went, it would hardly be worth more than this.
    const keys = preparation(editor, "segment", value, scale);
    if (best && sum(all, ENDS) / (keys + 2) <= rate(best)) return;
    /** @param {Point[]} way */
    const worth = (way) => alongWay(segments, score, scale, value, way);
    let [way, gain] = bestPair(ends, worth);
    while (way.length && way.length < MOST_BENDS) {
      offer(action(scale, value, way, gain));
      const longer = ends.flatMap((end) => [[...way, end], [end, ...way]]).map((way) => ({ way, gain: worth(way) }));
      const next = longer.reduce((a, b) => (b.gain > a.gain ? b : a));
      if (next.gain <= gain) break;
      ({ way, gain } = next);
    }
  });
}

/** @param {Wrong[]} wrong @param {number} count @returns {number} what clicks on so many of them would mend */
function sum(wrong, count) {
  return wrong.slice(0, count).reduce((total, { gain }) => total + gain, 0);
}

/** Scribbles that propagate. @param {Editor} editor @param {Score} score @param {Wrong[][][]} wrong @param {Offer} offer */
export function propagateActions(editor, score, wrong, offer) {
  const segments = /** @type {Segments} */ (editor.segments);
  const known = givenClasses(segments, editor.map);
  const seeds = wrong.slice(1, 5).flatMap((byClass) => byClass.flatMap((all) => all.slice(0, 2)));
  seeds.sort((a, b) => b.gain - a.gain || a.node - b.node);
  for (const { node, value } of seeds.slice(0, SEEDS)) {
    const way = [middle(segments, node)];
    const spread = new Spread(segments, value, known);
    spread.scribble(way[0], way[0], false);
    const { order, needs } = spread.grow();
    let [gain, taken] = [0, 0];
    EXTENTS.forEach((reach, extent) => {
      while (taken < order.length && needs[taken] <= reach) gain += score.gain(order[taken++], value);
      offer({
        tool: "propagate",
        gain,
        places: way.length,
        // The last one accepts.
        keys: preparation(editor, "propagate", value, extent) + 1,
        take: () => {
          editor.take("propagate");
          editor.choose(value);
          editor.resize(extent - editor.extent);
          draw(editor, way);
          editor.accept();
        },
      });
    });
  }
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

/** @param {Segments} segments @param {Score} score @param {number} scale @param {number} value @param {Point[]} way */
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

/** A place inside a segment: in the middle of its longest run. @param {Segments} segments @param {number} node @returns {Point} */
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
        offer({
          tool: "brush",
          gain,
          places: way.length,
          keys: preparation(editor, "brush", value, grain),
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
        places: corners.length,
        // The last one closes it.
        keys: preparation(editor, "polygon", value) + 1,
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
  eachRegion(width, pixels.length, (at) => pixels[at], (old, region) => {
    const counts = new Int32Array(256);
    for (const at of region) counts[truth.pixels[at]]++;
    for (let value = 0; value < truth.classes; value++) {
      if (value === old || counts[value] <= counts[old]) continue;
      const [start] = region;
      offer({
        tool: "fill",
        gain: counts[value] - counts[old],
        places: 1,
        keys: preparation(editor, "fill", value),
        take: () => {
          editor.take("fill");
          editor.choose(value);
          draw(editor, [{ x: (start % width) + 0.5, y: Math.floor(start / width) + 0.5 }]);
        },
      });
    }
  });
}

/** Pen down, along the way, up. @param {Editor} editor @param {Point[]} way */
function draw(editor, way) {
  editor.press(way[0]);
  for (const point of way.slice(1)) editor.drag(point);
  editor.lift();
}
