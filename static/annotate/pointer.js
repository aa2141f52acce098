// @ts-check
/** Mouse, pen and fingers: their events become strokes of the editor and moves of the viewport. */

import { distance } from "./geometry.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("./geometry.js").Point} Point */

/** `WheelEvent.DOM_DELTA_LINE` */
const LINES = 1;
/** How near to its first corner a polygon closes, in screen pixels. */
export const REACH = 10;
/** Presses as near and as soon as this are a double click: screen pixels, milliseconds. */
const SAME_PLACE = 5;
const SOON = 500;
/** A finger that moves farther draws, in screen pixels; until then it may be the first of two. */
const SLIP = 8;
/** A finger that drew for longer and went farther drew a stroke, whatever comes then: milliseconds, screen pixels. */
const YOUNG = 300;
const SHORT = 24;
/** Tools that act at once: with them a finger waits until it is lifted. @type {Set<import("./editor.js").ToolName>} */
const WAIT = new Set(["fill", "polygon"]);
/** After a pen a hand still rests for so long, in milliseconds; later its finger moves the view. */
const RESTS = 1000;
/** One notch of a wheel is some 100 units: a quarter nearer. */
const WHEEL = 0.0022;
/** Two fingers on a trackpad turn it by a few units; a wheel with Ctrl shall not leap. */
const PINCH = 0.01;
const MOST_PINCHED = 25;
const NOTCH = 120;
/** So many units are a step of size: a notch is one, a flick of a trackpad not all of them. */
const STEP = 60;

export class Pointer {
  /**
   * @param {HTMLElement} surface
   * @param {Editor} editor
   * @param {Viewport} view
   * @param {{ seen: () => void, moved: () => void, hover: (point: Point | null) => void }} tell
   *   `seen`: the map or the polygon changed; `moved`: the viewport did; `hover`: where the pointer is, on the screen
   */
  constructor(surface, editor, view, tell) {
    this.surface = surface;
    this.editor = editor;
    this.view = view;
    this.tell = tell;
    /** Space is held: every press pans. */
    this.panning = false;
    /** Pointers that are down, where they are. @type {Map<number, Point>} */
    this.down = new Map();
    /** @type {"draw" | "pan" | "pinch" | null} */
    this.act = null;
    /** The one that draws or pans; others that are down do neither. @type {{ id: number, type: string } | null} */
    this.hand = null;
    /** What a finger will draw once it is sure that no second one comes. @type {{ at: Point, begin: () => void } | null} */
    this.waiting = null;
    /** What draws: where it went down, when, how far it has gone from there. @type {{ at: Point, time: number, far: number }} */
    this.drawn = { at: { x: 0, y: 0 }, time: 0, far: 0 };
    /** When a pen was seen last. */
    this.penAt = -Infinity;
    /** The last press that drew. @type {{ at: Point, time: number } | null} */
    this.pressed = null;
    /** What the wheel has turned since the last step of size. */
    this.turned = 0;
    /** Whether what turns is a trackpad. */
    this.trackpad = false;
    /** Whether the person wants the view moved by it, whatever it is. */
    this.wheelMoves = false;
    /** How near a pinch of Safari's has come. */
    this.gesture = 1;
    surface.addEventListener("pointerdown", (event) => this.#press(event));
    surface.addEventListener("pointermove", (event) => this.#move(event));
    surface.addEventListener("pointerup", (event) => this.#lift(event));
    surface.addEventListener("pointercancel", (event) => this.#lift(event));
    surface.addEventListener("pointerleave", () => this.down.size === 0 && tell.hover(null));
    surface.addEventListener("contextmenu", (event) => event.preventDefault());
    surface.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    // Safari's own, for a trackpad: else it would zoom the page.
    for (const type of ["gesturestart", "gesturechange", "gestureend"]) surface.addEventListener(type, (event) => this.#gesture(event));
  }

  /** Whether one draws: what moves the view now would draw a line. */
  get drawing() {
    return this.act === "draw";
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const { pointerId: id, pointerType: type } = event;
    // The hand that holds the pen.
    if (type === "touch" && this.hand?.type === "pen") return;
    if (type === "pen" && this.hand?.type === "touch") this.#dropTouches();
    const at = this.#where(event);
    this.surface.setPointerCapture(id);
    this.down.set(id, at);
    this.tell.hover(at);
    if (type === "touch" && this.hand?.type === "touch" && this.down.size === 2) return this.#pinchBegins(event);
    if (this.down.size > 1) return;
    this.hand = { id, type };
    // Two fingers may move the view, a palm that is left behind does nothing.
    if (type === "touch" && event.timeStamp - this.penAt < RESTS) return;
    const penDraws = type === "touch" && this.penAt > -Infinity;
    if (event.button === 1 || this.panning || penDraws || this.editor.tool === "hand") {
      event.preventDefault();
      this.act = "pan";
      this.surface.classList.add("panning");
    } else if (event.button === 0 || event.button === 2 || event.button === 5) {
      this.act = "draw";
      this.drawn = { at, time: event.timeStamp, far: 0 };
      const begin = this.#stroke(event, at);
      if (type === "touch") this.waiting = { at, begin };
      else begin();
    }
    this.#seePen(event);
  }

  /** @param {PointerEvent} event @param {Point} at @returns {() => void} sets the pen down there */
  #stroke(event, at) {
    // Button 5 is a pen's eraser end.
    const erase = event.button !== 0 || event.altKey;
    const before = this.pressed;
    const again = before !== null && event.timeStamp - before.time < SOON && distance(before.at, at) < SAME_PLACE;
    this.pressed = again ? null : { at, time: event.timeStamp };
    const how = { erase, again, reach: REACH / this.view.scale, replace: event.shiftKey, pressure: pressureOf(event) };
    const point = this.view.toImage(at);
    return () => {
      this.waiting = null;
      // The keyboard's pen may be down.
      if (this.editor.busy) this.editor.lift();
      this.editor.press(point, how);
      this.tell.seen();
    };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const before = this.down.get(event.pointerId);
    this.#seePen(event);
    if (event.pointerType === "touch" && !before) return;
    const at = this.#where(event);
    this.tell.hover(at);
    if (!before) return;
    this.down.set(event.pointerId, at);
    if (this.act === "pinch") return this.#pinch(event.pointerId, before, at);
    if (this.hand?.id !== event.pointerId) return;
    if (this.act === "pan") {
      this.view.pan(at.x - before.x, at.y - before.y);
      this.tell.moved();
    } else if (this.act === "draw") {
      this.drawn.far = Math.max(this.drawn.far, distance(this.drawn.at, at));
      if (this.waiting && (WAIT.has(this.editor.tool) || distance(this.waiting.at, at) < SLIP)) return;
      this.waiting?.begin();
      // The browser hands out one event a frame and keeps the points between: all of them make the stroke.
      const points = event.getCoalescedEvents?.() ?? [];
      for (const point of points.length ? points : [event]) this.editor.drag(this.view.toImage(this.#where(point)), pressureOf(point));
      this.tell.seen();
    }
  }

  /** @param {PointerEvent} event */
  #lift(event) {
    this.#seePen(event);
    const at = this.down.get(event.pointerId);
    if (!at) return;
    this.down.delete(event.pointerId);
    if (this.act === "pinch" ? this.down.size > 0 : this.hand?.id !== event.pointerId) return;
    // The system took a palm for what it is.
    const nothing = event.type === "pointercancel" && event.pointerType === "touch";
    if (this.act === "draw" && nothing) this.#breakOff(event);
    else if (this.act === "draw") {
      const { waiting } = this;
      waiting?.begin();
      if (waiting && distance(waiting.at, at) >= SLIP) this.editor.drag(this.view.toImage(at));
      this.editor.lift();
      this.tell.seen();
    }
    this.act = this.hand = null;
    this.surface.classList.remove("panning");
  }

  /** A second finger. @param {PointerEvent} event */
  #pinchBegins(event) {
    this.#breakOff(event);
    this.act = "pinch";
  }

  /** The finger was no pen, it turns out: what it began is nothing, but a whole stroke is kept, which undo takes away. @param {PointerEvent} event */
  #breakOff({ timeStamp }) {
    const { time, far } = this.drawn;
    if (this.act === "draw" && !this.waiting && timeStamp - time > YOUNG && far > SHORT) this.editor.lift();
    this.#undraw();
  }

  /** The pen comes after the palm. */
  #dropTouches() {
    this.#undraw();
    this.down.clear();
    this.surface.classList.remove("panning");
    this.act = this.hand = null;
  }

  #undraw() {
    if (this.act === "draw" && !this.waiting) this.editor.abandon();
    this.waiting = this.pressed = null;
    this.tell.seen();
  }

  /** @param {PointerEvent} event */
  #seePen(event) {
    if (event.pointerType === "pen") this.penAt = event.timeStamp;
  }

  /** @param {number} id @param {Point} from where that finger was @param {Point} to */
  #pinch(id, from, to) {
    const fingers = [...this.down.keys()].slice(0, 2);
    const other = fingers.find((finger) => finger !== id);
    if (!fingers.includes(id) || other === undefined) return;
    const still = /** @type {Point} */ (this.down.get(other));
    const [before, after] = [middle([from, still]), middle([to, still])];
    this.view.pan(after.x - before.x, after.y - before.y);
    this.view.zoomAt(after, Math.max(1, distance(to, still)) / Math.max(1, distance(from, still)));
    this.tell.moved();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === LINES ? 33 : 1;
    const [x, y] = [event.deltaX * unit, event.deltaY * unit];
    if (event.shiftKey) return this.#resize(y || x);
    // Two fingers that part on a trackpad come as a wheel with Ctrl.
    if (event.ctrlKey) this.view.zoomAt(this.#where(event), Math.exp(-Math.max(-MOST_PINCHED, Math.min(MOST_PINCHED, y)) * PINCH));
    else if (this.#swipes(event)) !this.drawing && this.view.pan(-x, -y);
    else this.view.zoomAt(this.#where(event), Math.exp(-y * WHEEL));
    this.tell.moved();
  }

  /**
   * Only a trackpad moves in two directions at once; only a wheel counts by lines, or by whole notches, as its older measure
   * tells, of which one is 120.
   *
   * @param {any} event a `WheelEvent`, with what browsers add to it
   */
  #swipes({ deltaX, deltaY, deltaMode, wheelDeltaY: notches = 0 }) {
    if (deltaX && deltaY) this.trackpad = true;
    else if (deltaMode === LINES || (deltaX === 0 && notches !== 0 && notches % NOTCH === 0)) this.trackpad = false;
    return this.trackpad || this.wheelMoves || deltaY === 0;
  }

  /** @param {any} event a `GestureEvent` */
  #gesture(event) {
    event.preventDefault();
    if (event.type === "gesturechange") this.view.zoomAt(this.#where(event), event.scale / this.gesture);
    this.gesture = event.type === "gesturechange" ? event.scale : 1;
    this.tell.moved();
  }

  /** With Shift the wheel changes the size of what is in the hand: a brush, segments. @param {number} delta some browsers turn it sideways then */
  #resize(delta) {
    this.turned = Math.sign(delta) === Math.sign(this.turned) ? this.turned + delta : delta;
    if (Math.abs(this.turned) < STEP) return;
    this.editor.resize(this.turned < 0 ? 1 : -1);
    this.turned = 0;
    this.tell.seen();
  }

  /** @param {MouseEvent} event @returns {Point} on the surface */
  #where(event) {
    this.box ??= this.surface.getBoundingClientRect();
    return { x: event.clientX - this.box.left, y: event.clientY - this.box.top };
  }

  /** The window changed: the surface may have moved. */
  forgetPlace() {
    this.box = undefined;
  }
}

/** @param {PointerEvent} event @returns {number | undefined} a mouse and a finger have none */
function pressureOf(event) {
  return event.pointerType === "pen" ? event.pressure : undefined;
}

/** @param {Point[]} points @returns {Point} */
function middle([a, b]) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
