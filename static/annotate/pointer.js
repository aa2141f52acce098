// @ts-check
/** Mouse, pen and fingers: their events become strokes of the editor and moves of the viewport. */

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./viewport.js").Viewport} Viewport */
/** @typedef {import("./viewport.js").Point} Point */

/** How near to its first corner a polygon closes, in screen pixels. */
const REACH = 10;
/** One notch of a wheel is some 100 units: a quarter nearer. */
const WHEEL = 0.0022;

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
    surface.addEventListener("pointerdown", (event) => this.#press(event));
    surface.addEventListener("pointermove", (event) => this.#move(event));
    surface.addEventListener("pointerup", (event) => this.#lift(event));
    surface.addEventListener("pointercancel", (event) => this.#lift(event));
    surface.addEventListener("pointerleave", () => this.down.size === 0 && tell.hover(null));
    surface.addEventListener("contextmenu", (event) => event.preventDefault());
    surface.addEventListener("dblclick", (event) => this.#close(event));
    surface.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const at = this.#where(event);
    this.surface.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, at);
    this.tell.hover(at);
    if (event.pointerType === "touch" && this.down.size === 2) return this.#pinchBegins();
    if (this.down.size > 1) return;
    if (event.button === 1 || this.panning || this.editor.tool === "hand") {
      event.preventDefault();
      this.act = "pan";
      this.surface.classList.add("panning");
    } else if (event.button === 0 || event.button === 2 || event.button === 5) {
      this.act = "draw";
      // Button 5 is a pen's eraser end.
      const erase = event.button !== 0 || event.altKey;
      this.editor.press(this.view.toImage(at), { erase, reach: REACH / this.view.scale, replace: event.shiftKey, pressure: pressureOf(event) });
      this.tell.seen();
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const at = this.#where(event);
    this.tell.hover(at);
    const before = this.down.get(event.pointerId);
    if (!before) return;
    if (this.act === "draw") {
      // The browser hands out one event a frame and keeps the points between: all of them make the stroke.
      const points = event.getCoalescedEvents?.() ?? [];
      for (const point of points.length ? points : [event]) this.editor.drag(this.view.toImage(this.#where(point)), pressureOf(point));
      this.tell.seen();
    } else if (this.act === "pan") {
      this.view.pan(at.x - before.x, at.y - before.y);
      this.tell.moved();
    } else if (this.act === "pinch") {
      this.#pinch(event.pointerId, at);
    }
    this.down.set(event.pointerId, at);
  }

  /** @param {PointerEvent} event */
  #lift(event) {
    if (!this.down.delete(event.pointerId)) return;
    if (this.down.size > 0 && this.act === "pinch") return;
    if (this.act === "draw") {
      this.editor.lift();
      this.tell.seen();
    }
    this.act = null;
    this.surface.classList.remove("panning");
  }

  /** A second finger: what the first one drew was no stroke. */
  #pinchBegins() {
    if (this.act === "draw" && this.editor.busy) this.editor.cancel();
    this.act = "pinch";
    this.tell.seen();
  }

  /** @param {number} id @param {Point} at where that finger is now */
  #pinch(id, at) {
    const fingers = [...this.down.entries()].slice(0, 2);
    if (fingers.length < 2) return;
    const before = fingers.map(([, point]) => point);
    const after = fingers.map(([finger, point]) => (finger === id ? at : point));
    const [from, to] = [middle(before), middle(after)];
    this.view.pan(to.x - from.x, to.y - from.y);
    this.view.zoomAt(to, Math.max(1, apart(after)) / Math.max(1, apart(before)));
    this.tell.moved();
  }

  /** @param {MouseEvent} event its first click has set the corner, its second has taken hold of that */
  #close(event) {
    if (this.editor.tool !== "polygon") return;
    this.editor.closePolygon({ erase: event.altKey });
    this.tell.seen();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    if (event.shiftKey) return this.#resize(event);
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    this.view.zoomAt(this.#where(event), Math.exp(-event.deltaY * unit * WHEEL));
    this.tell.moved();
  }

  /** With Shift the wheel changes the size of what is in the hand: a brush, segments. @param {WheelEvent} event */
  #resize(event) {
    // Some browsers turn the wheel sideways while Shift is down.
    const delta = event.deltaY || event.deltaX;
    if (delta) this.editor.resize(delta < 0 ? 1 : -1);
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

/** @param {Point[]} points @returns {number} */
function apart([a, b]) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
