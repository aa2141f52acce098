import assert from "node:assert/strict";
import { test } from "node:test";

import { Editor } from "../../static/annotate/editor.js";
import { LabelMap, same } from "../../static/annotate/label_map.js";
import { Pointer } from "../../static/annotate/pointer.js";
import { SIZES } from "../../static/annotate/tools/brush.js";
import { Viewport } from "../../static/annotate/viewport.js";

const NEW = 1;

/** A person at a stage that shows a frame of 400 by 300 at its own size: what pointers do there, in milliseconds. */
class Hands {
  /** @param {import("../../static/annotate/editor.js").ToolName} tool */
  constructor(tool = "brush") {
    this.surface = Object.assign(new EventTarget(), {
      classList: { add() {}, remove() {} },
      setPointerCapture() {},
      getBoundingClientRect: () => ({ left: 0, top: 0 }),
    });
    this.editor = new Editor(new LabelMap(400, 300, new Uint8Array(400 * 300)), { classes: 3 });
    this.editor.choose(NEW);
    this.editor.take(tool);
    this.view = new Viewport({ width: 400, height: 300 }, { width: 400, height: 300 });
    this.pointer = new Pointer(/** @type {any} */ (this.surface), this.editor, this.view, { seen() {}, moved() {}, hover() {} });
    this.now = 5000;
  }

  get pixels() {
    return this.editor.map.counts[NEW];
  }

  #tell(type, details) {
    this.surface.dispatchEvent(Object.defineProperty(Object.assign(new Event(type, { cancelable: true }), details), "timeStamp", { value: this.now }));
  }

  /** @param {"mouse" | "pen" | "touch"} pointerType @param {number} pointerId */
  down(pointerType, pointerId, x, y, more = {}) {
    this.#tell("pointerdown", { pointerType, pointerId, clientX: x, clientY: y, button: 0, pressure: 0.5, ...more });
  }

  move(pointerType, pointerId, x, y) {
    this.#tell("pointermove", { pointerType, pointerId, clientX: x, clientY: y, pressure: 0.5 });
  }

  up(pointerType, pointerId, type = "pointerup") {
    this.#tell(type, { pointerType, pointerId });
  }

  click(x, y) {
    this.down("mouse", 1, x, y);
    this.up("mouse", 1);
    this.now += 100;
  }

  tap(x, y) {
    this.down("touch", 2, x, y);
    this.up("touch", 2);
    this.now += 1000;
  }

  wheel(details) {
    this.#tell("wheel", { clientX: 200, clientY: 150, deltaX: 0, deltaY: 0, deltaMode: 0, ...details });
  }
}

test("a palm that comes after the pen changes nothing of its stroke", () => {
  const hands = new Hands();
  hands.down("pen", 1, 50, 50);
  hands.move("pen", 1, 100, 50);
  hands.down("touch", 2, 200, 250);
  hands.move("touch", 2, 210, 260);
  hands.move("pen", 1, 150, 50);
  hands.up("touch", 2);
  hands.move("pen", 1, 300, 50);
  hands.up("pen", 1);
  const { map, history } = hands.editor;
  assert.deepEqual([100, 150, 300].map((x) => map.at(x, 50)), [NEW, NEW, NEW]);
  assert.equal(map.at(205, 255), 0);
  assert.equal(history.past.length, 1);
  assert.equal(hands.view.scale, 1);
});

test("a pen that comes after the palm draws its own stroke, from where it is", () => {
  for (const slipped of [0, 40]) {
    const hands = new Hands();
    hands.down("touch", 2, 200, 250);
    hands.move("touch", 2, 200 + slipped, 250);
    hands.down("pen", 1, 50, 50);
    hands.move("pen", 1, 150, 50);
    hands.move("touch", 2, 260, 260);
    hands.up("pen", 1);
    hands.up("touch", 2);
    const { map, history } = hands.editor;
    assert.deepEqual([map.at(100, 50), map.at(200, 250), map.at(125, 150), history.past.length], [NEW, 0, 0, 1]);
  }
});

test("where a pen draws, a hand draws nothing: it rests a moment, later one finger moves the view, and two at any time", () => {
  const hands = new Hands();
  hands.down("pen", 1, 50, 50);
  hands.up("pen", 1);
  const drawn = hands.pixels;
  hands.now += 400;
  hands.down("touch", 2, 200, 250);
  hands.move("touch", 2, 220, 250);
  hands.up("touch", 2);
  assert.equal(hands.pixels, drawn);
  hands.down("touch", 2, 200, 200);
  hands.move("touch", 2, 240, 200);
  hands.down("touch", 3, 250, 250);
  hands.move("touch", 3, 350, 290);
  assert.ok(hands.view.scale > 1);
  hands.up("touch", 2);
  hands.up("touch", 3);
  assert.equal(hands.pixels, drawn);
  hands.now += 1500;
  const { x } = hands.view.origin;
  hands.down("touch", 2, 200, 200);
  hands.move("touch", 2, 230, 200);
  hands.up("touch", 2);
  assert.deepEqual([hands.view.origin.x, hands.pixels], [x + 30, drawn]);
});

test("the first of two fingers leaves no trace with any tool, whatever is open", () => {
  for (const tool of /** @type {const} */ (["brush", "fill", "rectangle", "replace", "polygon"])) {
    for (const slipped of [0, 20]) {
      const hands = new Hands(tool);
      if (tool === "polygon") [[100, 100], [200, 100], [200, 200]].forEach(([x, y]) => hands.tap(x, y));
      const before = hands.editor.map.pixels.slice();
      const corners = [...hands.editor.polygon.corners];
      hands.down("touch", 2, 100, 100);
      hands.move("touch", 2, 100 + slipped, 100);
      hands.down("touch", 3, 200, 200);
      hands.move("touch", 3, 300, 250);
      hands.up("touch", 3);
      hands.up("touch", 2);
      assert.ok(same(hands.editor.map.pixels, before), tool);
      assert.deepEqual(hands.editor.polygon.corners, corners);
      assert.ok(hands.view.scale > 1);
    }
  }
});

test("one finger draws, fills and sets corners", () => {
  const drawing = new Hands();
  drawing.down("touch", 2, 50, 50);
  drawing.move("touch", 2, 53, 50);
  drawing.move("touch", 2, 150, 50);
  drawing.up("touch", 2);
  assert.deepEqual([drawing.editor.map.at(50, 50), drawing.editor.map.at(150, 50)], [NEW, NEW]);
  const filling = new Hands("fill");
  filling.tap(50, 50);
  assert.equal(filling.pixels, 400 * 300);
  const cornering = new Hands("polygon");
  for (const [x, y] of [[50, 50], [150, 50], [150, 150]]) cornering.tap(x, y);
  cornering.down("touch", 2, 150, 50);
  cornering.move("touch", 2, 250, 50);
  cornering.up("touch", 2);
  cornering.tap(50, 50);
  assert.equal(cornering.editor.map.at(160, 100), NEW, "within the corner that was dragged");
});

test("a whole stroke stays when a second finger comes, or the system takes the finger back", () => {
  for (const broken of ["second finger", "pointercancel"]) {
    for (const [ms, to, kept] of /** @type {const} */ ([[900, 150, true], [100, 150, false], [900, 65, false]])) {
      const hands = new Hands();
      hands.down("touch", 2, 50, 50);
      hands.move("touch", 2, to, 50);
      hands.now += ms;
      if (broken === "pointercancel") hands.up("touch", 2, "pointercancel");
      else {
        hands.down("touch", 3, 200, 200);
        hands.move("touch", 3, 300, 250);
        assert.ok(hands.view.scale > 1);
        hands.up("touch", 3);
        hands.up("touch", 2);
      }
      assert.equal(hands.pixels > 0, kept, `${broken} after ${ms} ms at ${to}`);
      assert.equal(hands.editor.busy, false);
      hands.editor.undo();
      assert.equal(hands.pixels, 0);
    }
  }
});

test("a touch that the system takes back for a palm drew nothing", () => {
  const hands = new Hands();
  hands.down("touch", 2, 50, 50);
  hands.move("touch", 2, 150, 50);
  hands.up("touch", 2, "pointercancel");
  assert.equal(hands.pixels, 0);
});

test("a mouse that is pressed while the keyboard's pen is down ends that stroke and begins its own", () => {
  const hands = new Hands();
  hands.editor.press({ x: 300, y: 250 });
  hands.click(50, 50);
  assert.equal(hands.editor.map.at(175, 150), 0);
  assert.equal(hands.editor.history.past.length, 2);
});

test("a double click on the first corner closes the polygon and begins none", () => {
  const hands = new Hands("polygon");
  const square = [[50, 50], [150, 50], [150, 150], [50, 150]];
  for (const [x, y] of square) hands.click(x, y);
  hands.click(50, 50);
  hands.click(51, 50);
  assert.ok(hands.pixels > 9000);
  assert.equal(hands.editor.pending, null);
  for (const [x, y] of square.slice(0, 3)) hands.click(x + 200, y);
  hands.click(351, 150);
  assert.equal(hands.editor.pending, null, "closed where the last corner was set twice");
});

test("a wheel zooms, a trackpad moves the view and zooms with two fingers that part", () => {
  const hands = new Hands();
  hands.wheel({ deltaY: -100 });
  const { scale } = hands.view;
  assert.ok(scale > 1.2 && scale < 1.3);
  const { x, y } = hands.view.origin;
  hands.wheel({ deltaX: 12, deltaY: 8 });
  hands.wheel({ deltaY: 8 });
  assert.deepEqual([hands.view.scale, hands.view.origin.x, hands.view.origin.y], [scale, x - 12, y - 16]);
  for (let i = 0; i < 10; i++) hands.wheel({ ctrlKey: true, deltaY: -4 });
  assert.ok(hands.view.scale > scale * 1.4 && hands.view.scale < scale * 1.6, "ten small turns are half as near again");
  const near = hands.view.scale;
  hands.wheel({ ctrlKey: true, deltaY: -120 });
  assert.ok(hands.view.scale < near * 1.3, "a wheel's notch does not leap");
  hands.wheel({ deltaMode: 1, deltaY: 3 });
  assert.ok(hands.view.scale < near * 1.1, "a wheel that counts by lines zooms");
});

test("after a trackpad the wheel zooms again, and a person may have it that it always moves the view", () => {
  const hands = new Hands();
  hands.wheel({ deltaX: 12, deltaY: 8 });
  hands.wheel({ deltaY: -120, wheelDeltaY: 120 });
  const { scale } = hands.view;
  assert.ok(scale > 1.2);
  hands.pointer.wheelMoves = true;
  const { y } = hands.view.origin;
  hands.wheel({ deltaY: 120, wheelDeltaY: -120 });
  assert.deepEqual([hands.view.scale, hands.view.origin.y], [scale, y - 120]);
});

test("a pinch on Safari's trackpad zooms the frame, not the page", () => {
  const hands = new Hands();
  const pinch = (type, scale) => {
    const event = Object.assign(new Event(type, { cancelable: true }), { clientX: 200, clientY: 150, scale });
    hands.surface.dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.ok(pinch("gesturestart", 1) && pinch("gesturechange", 1.5) && pinch("gesturechange", 2) && pinch("gestureend", 2));
  assert.ok(Math.abs(hands.view.scale - 2) < 1e-9);
  pinch("gesturestart", 1), pinch("gesturechange", 0.5);
  assert.ok(Math.abs(hands.view.scale - 1) < 1e-9);
});

test("with Shift a notch is one size, and a flick of a trackpad some of them", () => {
  const hands = new Hands();
  const size = () => SIZES.indexOf(hands.editor.size);
  const first = size();
  hands.wheel({ shiftKey: true, deltaY: -100 });
  hands.wheel({ shiftKey: true, deltaX: -120 });
  assert.equal(size(), first + 2);
  for (let i = 0; i < 20; i++) hands.wheel({ shiftKey: true, deltaY: 12 });
  assert.equal(size(), first - 2);
});
