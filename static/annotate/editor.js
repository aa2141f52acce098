// @ts-check
/**
 * The editor without a page: a map, its history, a tool in the hand.
 *
 * It takes points in image coordinates and knows neither the document nor the network, so that a test, or a scripted
 * annotator, drives the very code that a person does.
 */

import { History } from "./history.js";
import { UNLABELLED } from "./label_map.js";
import { PaintRules } from "./rules.js";
import { FIRST_SCALE, SCALES } from "./segments.js";
import { Brush, SIZES } from "./tools/brush.js";
import { fillRegion } from "./tools/fill.js";
import { LiveWire } from "./tools/live_wire.js";
import { Polygon, fillPolygon } from "./tools/polygon.js";
import { EXTENTS, FIRST_EXTENT, Spread, givenClasses } from "./tools/propagate.js";
import { Box, fillBox, replaceInBox } from "./tools/rectangle.js";
import { SegmentStroke } from "./tools/segment.js";

/** @typedef {import("./label_map.js").LabelMap} LabelMap */
/** @typedef {import("./history.js").Stroke} Stroke */
/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {"brush" | "eraser" | "segment" | "propagate" | "polygon" | "rectangle" | "fill" | "replace" | "hand"} ToolName */

/** A change that holds another person's work besides one's own. */
export const MERGE = "merge";

export class Editor {
  /** @param {LabelMap} map @param {{ classes: number, budget?: number }} options */
  constructor(map, { classes, budget }) {
    this.map = map;
    this.classes = classes;
    this.history = new History(map, budget);
    this.rules = new PaintRules(map);
    /** @type {ToolName} */
    this.tool = "brush";
    this.class = 0;
    this.size = 20;
    /** @type {Brush | SegmentStroke | null} */
    this.stroke = null;
    /** What the segment tool works on, once it is there. @type {import("./segments.js").Segments | null} */
    this.segments = null;
    this.scale = FIRST_SCALE;
    /** What a scribble would fill, until it is accepted. @type {Spread | null} */
    this.spread = null;
    this.extent = FIRST_EXTENT;
    /** The scribble under way; `before`: the preview's marks without it. @type {{ last: Point, trim: boolean, before: Spread["marks"] | null } | null} */
    this.scribble = null;
    this.polygon = new Polygon();
    /** Joins a polygon's corners along edges. @type {LiveWire | null} */
    this.wire = null;
    /** @type {Box | null} */
    this.box = null;
    /**
     * The open polygon or preview that was dropped last, and the newest change at that moment: there undo brings it back.
     *
     * @type {{ tool: "polygon" | "propagate", polygon: Polygon, spread: Spread | null, after: Stroke | undefined } | null}
     */
    this.dropped = null;
    /** What a polygon was that was closed last, and its fill: where that is undone, it is open again. @type {{ was: Pick<Polygon, "corners" | "ways">, stroke: Stroke | undefined } | null} */
    this.closed = null;
    /** The merge that undo has asked about. @type {Stroke | null} */
    this.asked = null;
    /** Segments that the person has looked at in the fix queue. @type {Set<number>} */
    this.looked = new Set();
    /** Called when one was looked at and is right. */
    this.onLook = () => {};
    /** Called when the corners of an open polygon are others. */
    this.onCorners = () => {};
    /** The value under the pen when it went down; -1 outside. */
    this.under = -1;
    /** Called when a tool painted nothing, since what it was set on may not be painted over: with that value. @type {(value: number) => void} */
    this.onRefused = () => {};
    /** Called after each finished change, with what it was: `brush`, `undo`. @type {(name: string) => void} */
    this.onChange = () => {};
    /** While the frame is being opened or submitted nothing can be drawn: it would come too early or too late. */
    this.frozen = false;
  }

  /** @param {ToolName} tool @returns {boolean} whether there is what it needs */
  take(tool) {
    if ((tool === "segment" || tool === "propagate") && !this.segments) return false;
    // A key comes a moment before the button goes up: the stroke is done all the same.
    this.lift();
    // The hand only moves the view: what is open waits for its tool.
    if (tool !== "hand" && tool !== this.pending) this.cancel();
    this.tool = tool;
    return true;
  }

  /** @param {number} index of a class, or {@link UNLABELLED}: then every tool erases @returns {boolean} whether there is such a class */
  choose(index) {
    if (index !== UNLABELLED && !(index >= 0 && index < this.classes)) return false;
    this.class = index;
    if (this.spread) this.spread.value = index;
    if (this.tool === "eraser" || this.tool === "hand") this.take(this.pending ?? "brush");
    return true;
  }

  /** The tool of what is open: a polygon that is not closed, a scribble's preview that is not accepted. @returns {"polygon" | "propagate" | null} */
  get pending() {
    if (this.spread) return "propagate";
    return this.polygon.corners.length > 0 ? "polygon" : null;
  }

  /** @param {number} step to the next larger (+1) or smaller (-1) size of what is in the hand */
  resize(step) {
    const { index, last } = this.grain;
    const next = Math.min(last, Math.max(0, index + step));
    if (this.tool === "segment") this.scale = next;
    else if (this.tool === "propagate") this.#extend(next);
    else this.size = SIZES[next];
  }

  /** How coarse what is in the hand works: its place among the sizes there are. */
  get grain() {
    const { scale, size, extent } = this;
    if (this.tool === "segment") return { name: "Segments", index: scale, last: SCALES.length - 1, text: scaleText(scale) };
    if (this.tool === "propagate") {
      return { name: "Extent", index: extent, last: EXTENTS.length - 1, text: String(extent + 1) };
    }
    return { name: "Brush", index: SIZES.indexOf(size), last: SIZES.length - 1, text: `${size} px` };
  }

  /**
   * The pen goes down.
   *
   * @param {Point} point
   * @param {{ erase?: boolean, reach?: number, again?: boolean, replace?: boolean, pressure?: number }} [how] `reach`: how near
   *   to its first corner a polygon closes; `again`: the second press of a double click; `replace`: the fill tool does what
   *   the replace tool does; `pressure` as {@link Brush.to} has it
   */
  press(point, { erase = false, reach = 0, again = false, replace = false, pressure } = {}) {
    if (this.frozen || this.busy) return;
    const value = erase || this.tool === "eraser" ? UNLABELLED : this.class;
    this.under = this.map.at(Math.floor(point.x), Math.floor(point.y));
    if (this.tool === "replace" || (replace && this.tool === "fill")) {
      if (this.under >= 0) this.box = new Box(point, value, this.under);
    } else if (this.tool === "rectangle") {
      this.box = new Box(point, value);
    } else if (this.tool === "fill") {
      this.#fill(point, value);
    } else if (this.tool === "polygon") {
      this.#corner(point, reach, erase, again);
    } else if (this.tool === "propagate") {
      this.#scribble(point, erase || (this.spread?.trims ?? false));
    } else if (this.tool === "segment") {
      if (this.segments) this.#begin("segment", new SegmentStroke(this.map, this.segments, this.scale, value), point, "segment");
    } else if (this.tool !== "hand") {
      this.#begin(value === UNLABELLED ? "eraser" : "brush", new Brush(this.map, this.size, value), point, "hand", pressure);
    }
  }

  /** The pen moves while it is down. @param {Point} point @param {number} [pressure] */
  drag(point, pressure) {
    this.stroke?.to(point, pressure);
    this.polygon.drag(point);
    if (this.scribble) {
      this.spread?.scribble(this.scribble.last, point, this.scribble.trim);
      this.scribble.last = { x: point.x, y: point.y };
    }
    if (this.box) this.box.to = { x: point.x, y: point.y };
  }

  /** The pen goes up. */
  lift() {
    this.scribble = null;
    const wasHeld = this.polygon.held >= 0;
    if (this.polygon.letGo()) return this.closePolygon();
    if (wasHeld) this.onCorners();
    if (this.box) return this.#closeBox(this.box);
    if (!this.stroke) return;
    const name = this.history.open?.name ?? "brush";
    const { value } = this.stroke;
    this.stroke = null;
    this.#end(name, value);
  }

  /** Whether the pen is down. */
  get busy() {
    return this.stroke !== null || this.box !== null || this.scribble !== null;
  }

  /** What the pen began was nothing: a second finger came, or undo while it is down. */
  abandon() {
    this.box = null;
    this.polygon.putBack();
    if (this.scribble && this.spread) {
      if (this.scribble.before) this.spread.marks = this.scribble.before;
      else this.spread = null;
    }
    this.scribble = null;
    if (!this.stroke) return;
    this.stroke = null;
    this.history.cancel();
    // An autosave may have sent the stroke's beginning: what is shown now must follow it.
    this.#changed("cancel");
  }

  /** Drops what is under way or open; what was open comes back with undo. */
  cancel() {
    this.abandon();
    const { pending, polygon, spread } = this;
    if (!pending) return;
    // One whose fill was undone comes back with redo.
    if (!polygon.reopened) this.dropped = { tool: pending, polygon, spread, after: this.history.past.at(-1) };
    this.spread = null;
    this.polygon = this.#newPolygon();
    this.onCorners();
  }

  /** The corner in the hand is taken back, else the newest. */
  takeBack() {
    this.polygon.takeBack();
    this.onCorners();
  }

  /** Goes on with a polygon that an earlier visit left open. @param {Point[]} corners @param {number} value its class */
  goOn(corners, value) {
    this.polygon.corners = corners;
    this.tool = "polygon";
    this.class = value;
  }

  /** Fills the polygon. */
  closePolygon() {
    const { polygon } = this;
    if (!polygon.canClose || this.frozen) return;
    polygon.letGo();
    const { ring } = polygon;
    this.polygon = this.#newPolygon();
    const filled = this.#change("polygon", this.class, () => fillPolygon(this.map, ring, this.class));
    if (filled) this.closed = { was: { corners: polygon.corners, ways: polygon.ways }, stroke: this.history.past.at(-1) };
  }

  /** Paints what the scribble would fill. @returns {boolean} whether there was anything */
  accept() {
    const { spread, segments } = this;
    if (!spread || !segments || this.frozen) return false;
    this.spread = this.scribble = null;
    const paint = () => spread.region.forEach((superpixel) => segments.paint(this.map, superpixel, spread.value));
    this.#change("propagate", spread.value, paint, "propagate");
    return true;
  }

  /** Gives a segment the class. @param {number} node @returns {boolean} whether that changed anything */
  paintSegment(node) {
    const { segments } = this;
    if (!segments || this.busy) return false;
    return this.#change("segment", this.class, () => segments.paint(this.map, node, this.class), "segment");
  }

  /** Whether corners are joined along edges. @param {boolean} on */
  snap(on) {
    this.polygon.wire = on && this.segments ? (this.wire ??= new LiveWire(this.segments)) : null;
  }

  get canUndo() {
    return (this.pending !== null && !this.polygon.reopened) || this.history.canUndo || this.#droppedNow !== null;
  }

  /**
   * Takes back what the pen has begun, a preview, the newest corner of an open polygon, else the newest change; what was
   * dropped since that change comes first. A polygon whose fill it takes back is open again; the next undo passes over it.
   *
   * @returns {{ stroke: Stroke, done: boolean } | null} the change that it came to; a merge is undone by the second time
   */
  undo() {
    const newest = this.history.past.at(-1);
    if (this.frozen) return null;
    if (this.busy || this.polygon.held >= 0) this.abandon();
    else if (this.spread) this.spread = null;
    else if (this.pending && !this.polygon.reopened) this.takeBack();
    else if (this.#droppedNow) this.#pickUp(this.#droppedNow);
    else {
      if (this.polygon.reopened) this.polygon = this.#newPolygon();
      if (newest) return { stroke: newest, done: this.#undo(newest) };
    }
    return null;
  }

  /** @returns {Stroke | null} the change that was made again */
  redo() {
    if (this.frozen || this.busy || !this.history.redo()) return null;
    const stroke = this.history.past[this.history.past.length - 1];
    // Its corners were open in place of it.
    if (stroke === this.closed?.stroke) this.cancel();
    this.#changed("redo");
    return stroke;
  }

  /**
   * Puts a whole mask in place of this one, as a change that can be undone.
   *
   * @param {Uint8Array} pixels
   * @param {string} name
   * @param {Uint8Array} [origins] where they came from
   */
  replace(pixels, name, origins) {
    this.lift();
    this.#change(name, UNLABELLED, () => this.map.replace(pixels, origins));
  }

  /**
   * Gives runs of pixels a class, as one change: over everything but what is locked.
   *
   * @param {string} name
   * @param {{ runs: [number, number][], value: number }[]} parts each of one value; runs as `[from, to)` in the map, within a row
   * @param {import("./label_map.js").Source} [source] where what they become comes from
   * @returns {number} parts that were painted
   */
  paintRuns(name, parts, source = "hand") {
    this.lift();
    const { map } = this;
    const free = parts.filter(({ runs }) => !this.rules.locked.has(map.pixels[runs[0][0]]));
    const paint = () => {
      map.paintable.fill(1);
      for (const { runs, value } of free) {
        for (const [from, to] of runs) {
          const y = Math.floor(from / map.width);
          map.span(y, from - y * map.width, to - y * map.width, value);
        }
      }
    };
    this.#change(name, UNLABELLED, paint, source);
    return free.length;
  }

  /** @param {Point} point */
  pick(point) {
    const value = this.map.at(Math.floor(point.x), Math.floor(point.y));
    if (value >= 0 && value !== UNLABELLED) this.choose(value);
  }

  /** @param {Point} point @param {boolean} trim */
  #scribble(point, trim) {
    if (!this.segments) return;
    const before = this.spread?.marks ?? null;
    this.spread ??= new Spread(this.segments, this.class, givenClasses(this.segments, this.map));
    this.spread.extent = this.extent;
    this.spread.scribble(point, point, trim);
    this.scribble = { last: { x: point.x, y: point.y }, trim, before };
  }

  /** @param {number} extent */
  #extend(extent) {
    this.extent = extent;
    if (this.spread) this.spread.extent = extent;
  }

  /** A corner is set, taken hold of, put between two others, or taken away. @param {Point} point @param {number} reach @param {boolean} erase @param {boolean} again */
  #corner(point, reach, erase, again) {
    if (erase) this.polygon.remove(point, reach), this.onCorners();
    // The first press has set the last corner, or has closed it already.
    else if (again) this.closePolygon();
    else if (!this.polygon.hold(point, reach)) this.polygon.add(point);
  }

  /** What was dropped since the newest change. */
  get #droppedNow() {
    return this.dropped?.after === this.history.past.at(-1) ? this.dropped : null;
  }

  /** @param {NonNullable<Editor["dropped"]>} dropped */
  #pickUp({ tool, polygon, spread }) {
    this.dropped = null;
    this.tool = tool;
    polygon.wire = this.polygon.wire;
    this.polygon = polygon;
    this.spread = spread;
    if (spread) [this.class, this.extent] = [spread.value, spread.extent];
  }

  /** @param {Stroke} newest @returns {boolean} whether it is undone */
  #undo(newest) {
    if (newest.name === MERGE && this.asked !== newest) {
      this.asked = newest;
      return false;
    }
    this.history.undo();
    if (this.closed?.stroke === newest && this.tool === "polygon") {
      const { corners, ways } = this.closed.was;
      this.polygon = Object.assign(this.#newPolygon(), { corners: corners.slice(), ways, reopened: true });
    }
    this.#changed("undo");
    return true;
  }

  #newPolygon() {
    const polygon = new Polygon();
    polygon.wire = this.polygon.wire;
    return polygon;
  }

  /** @param {string} name @param {Brush | SegmentStroke} stroke @param {Point} point @param {import("./label_map.js").Source} [source] @param {number} [pressure] */
  #begin(name, stroke, point, source = "hand", pressure = undefined) {
    this.rules.hold(stroke.value);
    this.history.begin(name, source);
    this.stroke = stroke;
    stroke.to(point, pressure);
  }

  /** @param {Point} point @param {number} value */
  #fill(point, value) {
    this.#change("fill", value, () => fillRegion(this.map, Math.floor(point.x), Math.floor(point.y), value));
  }

  /** @param {Box} box */
  #closeBox(box) {
    this.box = null;
    const { bounds, value, old } = box;
    // A click of the replace tool has no inside: it means the region under it.
    if (old !== null && box.empty) this.#fill(box.from, value);
    else if (old !== null) this.#change("replace", value, () => replaceInBox(this.map, bounds, old, value));
    else this.#change("rectangle", value, () => fillBox(this.map, bounds, value));
  }

  /**
   * @param {string} name
   * @param {number} value what it paints
   * @param {() => void} act
   * @param {import("./label_map.js").Source} [source] where what it paints comes from
   * @returns {boolean} whether it changed anything
   */
  #change(name, value, act, source = "hand") {
    if (this.frozen) return false;
    this.rules.hold(value);
    this.history.begin(name, source);
    act();
    return this.#end(name, value);
  }

  /** @param {string} name @param {number} value what was painted @returns {boolean} whether it changed anything */
  #end(name, value) {
    const { under } = this;
    this.under = -1;
    const changed = this.history.end();
    if (changed) this.#changed(name);
    else if (under >= 0 && under !== value && !this.rules.allows(under, value)) this.onRefused(under);
    return changed;
  }

  /** @param {string} name */
  #changed(name) {
    this.asked = null;
    this.onChange(name);
  }
}

/** @param {number} scale @returns {string} */
function scaleText(scale) {
  return Number.isFinite(SCALES[scale]) ? String(SCALES[scale]) : "finest";
}
