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
/** @typedef {import("./tools/brush.js").Point} Point */
/** @typedef {"brush" | "eraser" | "segment" | "propagate" | "polygon" | "rectangle" | "fill" | "replace" | "hand"} ToolName */

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
    /** The scribble under way. @type {{ last: Point, trim: boolean } | null} */
    this.scribble = null;
    this.polygon = new Polygon();
    /** Joins a polygon's corners along edges. @type {LiveWire | null} */
    this.wire = null;
    /** @type {Box | null} */
    this.box = null;
    /** Counts finished changes, undone ones too: the save compares it with what it has sent. */
    this.revision = 0;
    /** Called after each finished change, with what it was: `brush`, `undo`. @type {(name: string) => void} */
    this.onChange = () => {};
    /** While the frame is being submitted nothing can be drawn: it would come too late. */
    this.frozen = false;
  }

  /** @param {ToolName} tool @returns {boolean} whether there is what it needs */
  take(tool) {
    this.cancel();
    if ((tool === "segment" || tool === "propagate") && !this.segments) return false;
    this.tool = tool;
    return true;
  }

  /** @param {number} index @returns {boolean} whether there is such a class */
  choose(index) {
    if (index < 0 || index >= this.classes) return false;
    this.class = index;
    if (this.spread) this.spread.value = index;
    if (this.tool === "eraser" || this.tool === "hand") this.take("brush");
    return true;
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
   * @param {{ erase?: boolean, reach?: number, replace?: boolean, pressure?: number }} [how] `reach`: how near to its first
   *   corner a polygon closes; `replace`: the fill tool does what the replace tool does; `pressure` as {@link Brush.to} has it
   */
  press(point, { erase = false, reach = 0, replace = false, pressure } = {}) {
    if (this.frozen) return;
    const value = erase || this.tool === "eraser" ? UNLABELLED : this.class;
    if (this.tool === "replace" || (replace && this.tool === "fill")) {
      const old = this.map.at(Math.floor(point.x), Math.floor(point.y));
      if (old >= 0) this.box = new Box(point, value, old);
    } else if (this.tool === "rectangle") {
      this.box = new Box(point, value);
    } else if (this.tool === "fill") {
      this.#fill(point, value);
    } else if (this.tool === "polygon") {
      this.#corner(point, reach, erase);
    } else if (this.tool === "propagate") {
      this.#scribble(point, erase);
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
    this.polygon.held = -1;
    if (this.box) return this.#closeBox(this.box);
    if (!this.stroke) return;
    const name = this.history.open?.name ?? "brush";
    this.stroke = null;
    if (this.history.end()) this.#changed(name);
  }

  /** Whether the pen is down. */
  get busy() {
    return this.stroke !== null || this.box !== null || this.scribble !== null;
  }

  /** Drops a stroke or rectangle under way, or a polygon that is not closed. */
  cancel() {
    this.box = null;
    this.spread = this.scribble = null;
    this.polygon = this.#newPolygon();
    if (!this.stroke) return;
    this.stroke = null;
    this.history.cancel();
    // An autosave may have sent the stroke's beginning: what is shown now must follow it.
    this.#changed("cancel");
  }

  /** Fills the polygon. @param {{ erase?: boolean }} [how] */
  closePolygon({ erase = false } = {}) {
    const { ring, canClose } = this.polygon;
    if (!canClose) return;
    this.polygon = this.#newPolygon();
    const value = erase ? UNLABELLED : this.class;
    this.#change("polygon", value, () => fillPolygon(this.map, ring, value));
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

  /** Gives a segment the class. @param {number} node */
  paintSegment(node) {
    const { segments } = this;
    if (segments) this.#change("segment", this.class, () => segments.paint(this.map, node, this.class), "segment");
  }

  /** Whether corners are joined along edges. @param {boolean} on */
  snap(on) {
    this.polygon.wire = on && this.segments ? (this.wire ??= new LiveWire(this.segments)) : null;
  }

  /** Takes back a scribble, the newest corner of an open polygon, else the newest change. */
  undo() {
    if (this.frozen) return;
    if (this.busy || this.spread) return this.cancel();
    if (this.polygon.corners.length > 0) return this.polygon.takeBack();
    if (this.history.undo()) this.#changed("undo");
  }

  redo() {
    if (!this.frozen && !this.busy && this.history.redo()) this.#changed("redo");
  }

  /**
   * Puts a whole mask in place of this one, as a change that can be undone.
   *
   * @param {Uint8Array} pixels
   * @param {string} name
   * @param {Uint8Array} [origins] where they came from
   */
  replace(pixels, name, origins) {
    this.cancel();
    this.#change(name, UNLABELLED, () => this.map.replace(pixels, origins));
  }

  /**
   * Gives runs of pixels a class, whatever is locked, as one change.
   *
   * @param {string} name
   * @param {{ runs: [number, number][], value: number }[]} parts runs as `[from, to)` in the map, within a row
   * @param {import("./label_map.js").Source} [source] where what they become comes from
   */
  paintRuns(name, parts, source = "hand") {
    this.cancel();
    const { map } = this;
    const paint = () => {
      for (const { runs, value } of parts) {
        for (const [from, to] of runs) {
          const y = Math.floor(from / map.width);
          map.span(y, from - y * map.width, to - y * map.width, value);
        }
      }
    };
    this.#change(name, UNLABELLED, () => (map.paintable.fill(1), paint()), source);
  }

  /** @param {Point} point */
  pick(point) {
    const value = this.map.at(Math.floor(point.x), Math.floor(point.y));
    if (value >= 0 && value !== UNLABELLED) this.choose(value);
  }

  /** @param {Point} point @param {boolean} trim */
  #scribble(point, trim) {
    if (!this.segments) return;
    this.spread ??= new Spread(this.segments, this.class, givenClasses(this.segments, this.map));
    this.spread.extent = this.extent;
    this.spread.scribble(point, point, trim);
    this.scribble = { last: { x: point.x, y: point.y }, trim };
  }

  /** @param {number} extent */
  #extend(extent) {
    this.extent = extent;
    if (this.spread) this.spread.extent = extent;
  }

  /** A corner is set, taken hold of, put between two others, or taken away. @param {Point} point @param {number} reach @param {boolean} erase */
  #corner(point, reach, erase) {
    if (erase) this.polygon.remove(point, reach);
    else if (this.polygon.closesAt(point, reach)) this.closePolygon();
    else if (!this.polygon.hold(point, reach)) this.polygon.add(point);
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
   */
  #change(name, value, act, source = "hand") {
    if (this.frozen) return;
    this.rules.hold(value);
    this.history.begin(name, source);
    act();
    if (this.history.end()) this.#changed(name);
  }

  /** @param {string} name */
  #changed(name) {
    this.revision++;
    this.onChange(name);
  }
}

/** @param {number} scale @returns {string} */
function scaleText(scale) {
  return Number.isFinite(SCALES[scale]) ? String(SCALES[scale]) : "finest";
}
