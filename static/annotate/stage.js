// @ts-check
/** The stage: the frame under the hand, with its layers, its cursor and its corners, painted once a screen frame. */

import { find } from "./dom.js";
import { UNLABELLED } from "./label_map.js";
import { Minimap } from "./minimap.js";
import { Pen } from "./pen.js";
import { Pointer, REACH } from "./pointer.js";
import { Painter } from "./render.js";
import { snap } from "./tools/brush.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("./geometry.js").Point} Point */

/** No class: what is shown in its place has a rim and no colour. */
const ONLY_RIM = 254;
const SVG = "http://www.w3.org/2000/svg";

export class Stage {
  /** @param {import("./editor.js").Editor} editor @param {import("./palette.js").PaletteClass[]} palette */
  constructor(editor, palette) {
    this.editor = editor;
    this.palette = palette;
    this.surface = find("#stage");
    this.frame = find("#frame");
    this.footprint = find("#footprint");
    this.outline = /** @type {any} */ (find("#outline"));
    this.readout = find("#readout");
    const { width, height } = editor.map;
    this.frame.style.width = `${width}px`;
    this.frame.style.height = `${height}px`;
    this.painter = new Painter(this.frame, editor.map, palette);
    this.view = new Viewport({ width, height }, this.#room());
    this.pen = new Pen(editor, this.view);
    this.minimap = new Minimap(this.view, this);
    /** Where the pointer is, on the screen. @type {Point | null} */
    this.hovered = null;
    /** A segment that is shown whatever the pen points at; -1 for none. */
    this.marked = -1;
    /** Called after each painting: panels show what changed. */
    this.onPaint = () => {};
    this.asked = false;
    this.viewMoved = true;
    this.pointer = new Pointer(this.surface, editor, this.view, {
      seen: () => this.ask(),
      moved: () => this.move(),
      hover: (point) => {
        this.hovered = point;
        this.pen.active = false;
        this.ask();
      },
    });
    new ResizeObserver(() => {
      this.pointer.forgetPlace();
      this.view.resize(this.#room());
      this.move();
    }).observe(this.surface);
    this.move();
  }

  /** Something is to be painted: with the next screen frame, whatever else comes before it. */
  ask() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => this.#paint());
  }

  /** The viewport moved. */
  move() {
    this.viewMoved = true;
    this.ask();
  }

  /** Whether a pen is down: what moves the view now would draw a line across the frame. */
  get drawing() {
    return this.editor.busy || this.pointer.drawing;
  }

  /**
   * Brings a part of the frame into sight, and the keyboard's pen there.
   *
   * @param {import("./geometry.js").Bounds} part
   * @param {Point} [point] of the pen; in the middle without it
   */
  show(part, point = { x: (part.left + part.right) / 2, y: (part.top + part.bottom) / 2 }) {
    if (this.drawing) return;
    this.view.show(part);
    this.pen.point = point;
    this.move();
  }

  /** Where the tool points, in the image. @returns {Point | null} */
  get target() {
    if (this.pen.active) return this.pen.point;
    return this.hovered && this.view.toImage(this.hovered);
  }

  #paint() {
    this.asked = false;
    this.#showGhost();
    if (this.painter.paint()) this.ask();
    if (this.viewMoved) {
      this.viewMoved = false;
      this.frame.style.transform = this.view.transform;
      this.frame.classList.toggle("magnified", this.view.scale * devicePixelRatio > 1);
      this.minimap.show();
    }
    this.#paintFootprint();
    this.#paintOutline();
    this.#paintReadout();
    this.onPaint();
  }

  /** What a scribble would fill, or the segment that a press would take. */
  #showGhost() {
    const { editor, target, painter } = this;
    const { segments, scale, spread } = editor;
    const look = (/** @type {number} */ value) => (value === UNLABELLED ? ONLY_RIM : value);
    if (segments && spread) return painter.ghost.show(segments, spread.region, look(spread.value));
    const node = editor.tool === "segment" && segments && target && !editor.stroke ? segments.at(target.x, target.y, scale) : -1;
    // What a click would take comes before what is asked about only where it is a part of it, to be mended.
    const part = segments && node >= 0 && segments.within(node, this.marked);
    if (segments && this.marked >= 0 && !part) return painter.ghost.show(segments, [this.marked], ONLY_RIM);
    if (segments && node >= 0) painter.ghost.show(segments, [node], look(editor.class));
    else painter.ghost.hide();
  }

  #paintFootprint() {
    const { editor, view, target } = this;
    const brush = editor.tool === "brush" || editor.tool === "eraser";
    const shown = target !== null && !this.pointer.panning && (brush || this.pen.active);
    this.footprint.hidden = !shown;
    if (!shown) return;
    const size = brush ? editor.size : 1;
    const { x, y } = view.toScreen(snap(target, size));
    const across = Math.max(3, size * view.scale);
    this.footprint.classList.toggle("down", editor.stroke !== null);
    this.footprint.style.width = this.footprint.style.height = `${across}px`;
    this.footprint.style.transform = `translate(${x - across / 2}px, ${y - across / 2}px)`;
  }

  /** The polygon that is not closed yet, or the rectangle under the hand. */
  #paintOutline() {
    const { target, view, editor } = this;
    const { polygon, box } = editor;
    const corners = box ? [] : polygon.corners;
    const line = polygon.line;
    polygon.wire?.pullFrom(REACH / view.scale);
    const points = box ? cornersOf(box.bounds) : target && corners.length && polygon.held < 0 ? polygon.lineTo(target) : line;
    this.outline.classList.toggle("shown", points.length > 0);
    if (points.length === 0) return;
    const value = box ? box.value : editor.class;
    const color = this.palette[value]?.color.join(" ") ?? "255 255 255";
    const path = document.createElementNS(SVG, "polygon");
    path.setAttribute("points", points.map((point) => view.toScreen(point)).map(({ x, y }) => `${x},${y}`).join(" "));
    path.style.fill = `rgb(${color} / 35%)`;
    path.classList.toggle("dashed", box?.old != null);
    const dots = corners.map((corner, index) => {
      const { x, y } = view.toScreen(corner);
      const dot = document.createElementNS(SVG, "circle");
      dot.setAttribute("cx", String(x));
      dot.setAttribute("cy", String(y));
      dot.setAttribute("r", index === 0 ? "5" : "3");
      return dot;
    });
    this.outline.replaceChildren(path, ...dots);
  }

  #paintReadout() {
    const { target, editor } = this;
    // A browser redraws the rectangle around all that changed: with a text in the corner, most of the stage.
    if (editor.busy) return;
    const [x, y] = target ? [Math.floor(target.x), Math.floor(target.y)] : [-1, -1];
    const value = editor.map.at(x, y);
    const known = value >= 0 && value !== UNLABELLED;
    const name = value < 0 ? "" : known ? this.palette[value].name : "unlabelled";
    const place = value < 0 ? "" : `${x}, ${y}`;
    const [swatch, ...texts] = /** @type {HTMLElement[]} */ ([...this.readout.children]);
    swatch.hidden = value < 0;
    swatch.style.background = known ? `rgb(${this.palette[value].color.join(" ")})` : "transparent";
    [name, place, `${Math.round(this.view.scale * 100)} %`].forEach((text, index) => {
      // The same text set anew would lay the page out anew.
      if (texts[index].textContent !== text) texts[index].textContent = text;
    });
  }

  /** @returns {{ width: number, height: number }} */
  #room() {
    return { width: Math.max(1, this.surface.clientWidth), height: Math.max(1, this.surface.clientHeight) };
  }
}

/** @param {import("./geometry.js").Bounds} bounds @returns {Point[]} */
function cornersOf({ left, top, right, bottom }) {
  return [{ x: left, y: top }, { x: right, y: top }, { x: right, y: bottom }, { x: left, y: bottom }];
}
