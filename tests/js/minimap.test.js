import assert from "node:assert/strict";
import { test } from "node:test";

import { Minimap } from "../../static/annotate/minimap.js";
import { Viewport } from "../../static/annotate/viewport.js";

test("a press on the minimap goes there, but not from under a stroke, as the palm beside a pen would", (context) => {
  const canvas = { getBoundingClientRect: () => ({ left: 0, top: 0 }) };
  const captured = new Set();
  const element = Object.assign(new EventTarget(), {
    querySelector: (/** @type {string} */ part) => (part === "canvas" ? canvas : { style: {} }),
    setPointerCapture: (/** @type {number} */ id) => captured.add(id),
    hasPointerCapture: (/** @type {number} */ id) => captured.has(id),
  });
  globalThis.document = /** @type {any} */ ({ querySelector: () => element });
  context.after(() => delete globalThis.document);
  const view = new Viewport({ width: 1760, height: 880 }, { width: 880, height: 440 });
  view.zoom(4);
  const stage = { drawing: false, moved: 0, move: () => stage.moved++ };
  new Minimap(view, stage);
  const touch = (/** @type {string} */ type, /** @type {number} */ x, /** @type {number} */ y) =>
    element.dispatchEvent(Object.assign(new Event(type), { pointerId: 7, clientX: x, clientY: y }));

  touch("pointerdown", 44, 22);
  assert.deepEqual(view.toImage({ x: 440, y: 220 }), { x: 440, y: 220 });
  stage.drawing = true;
  touch("pointermove", 88, 44);
  touch("pointerdown", 132, 66);
  assert.deepEqual(view.toImage({ x: 440, y: 220 }), { x: 440, y: 220 });
  assert.equal(stage.moved, 1);
});
