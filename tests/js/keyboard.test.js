import assert from "node:assert/strict";
import { test } from "node:test";

import { Keyboard, keyOf } from "../../static/annotate/keyboard.js";

/** @param {string} key what is printed @param {string} code where it lies @param {string} [held] `ctrl shift alt meta altgraph` */
function pressed(key, code, held = "") {
  const has = (/** @type {string} */ name) => held.split(" ").includes(name);
  return /** @type {any} */ ({
    key,
    code,
    ctrlKey: has("ctrl"),
    shiftKey: has("shift"),
    altKey: has("alt"),
    metaKey: has("meta"),
    getModifierState: (/** @type {string} */ name) => name === "AltGraph" && has("altgraph"),
  });
}

test("keys are what is printed on them, digits what is at their place", () => {
  assert.equal(keyOf(pressed("z", "KeyZ", "ctrl")), "ctrl+z");
  assert.equal(keyOf(pressed("Z", "KeyZ", "meta shift")), "ctrl+shift+z");
  assert.equal(keyOf(pressed("y", "KeyZ")), "y", "a German Y lies where Z does");
  assert.equal(keyOf(pressed("&", "Digit1")), "1", "a French 1 needs Shift");
  assert.equal(keyOf(pressed("!", "Digit1", "shift")), "shift+1");
  assert.equal(keyOf(pressed("?", "Slash", "shift")), "?");
  assert.equal(keyOf(pressed(" ", "Space")), "space");
  assert.equal(keyOf(pressed("ArrowLeft", "ArrowLeft", "shift")), "shift+arrowleft");
});

test("brackets are reached where they need AltGr or Option", () => {
  assert.equal(keyOf(pressed("[", "Digit8", "ctrl alt altgraph")), "[", "on Windows AltGr is Ctrl and Alt");
  assert.equal(keyOf(pressed("]", "Digit9", "altgraph")), "]");
  assert.equal(keyOf(pressed("[", "Digit5", "alt")), "[", "a German Mac");
});

test("what Alt makes the browser's own stays its own", () => {
  for (const [key, code] of [["d", "KeyD"], ["f", "KeyF"], ["ArrowLeft", "ArrowLeft"], ["Home", "Home"], ["1", "Digit1"]]) assert.equal(keyOf(pressed(key, code, "alt")), "");
  assert.equal(keyOf(pressed("€", "KeyE", "altgraph")), "");
});

test("where another alphabet is printed keys go by their place", () => {
  assert.equal(keyOf(pressed("я", "KeyZ", "ctrl")), "ctrl+z");
  assert.equal(keyOf(pressed("Ф", "KeyA", "shift")), "shift+a");
  assert.equal(keyOf(pressed("β", "KeyB")), "b");
  assert.equal(keyOf(pressed("х", "BracketLeft")), "[");
  assert.equal(keyOf(pressed("Dead", "Quote", "shift")), '"');
  assert.equal(keyOf(pressed("Process", "KeyX")), "x");
  assert.equal(keyOf(pressed("ö", "Semicolon")), ";");
});

/** @returns {{ did: string[], press: (event: any) => boolean }} what a keyboard did; `press`: whether the browser is kept from it */
function keyboard(/** @type {import("../../static/annotate/keyboard.js").Command[]} */ commands) {
  /** @type {Record<string, (event: any) => void>} */
  const listeners = {};
  Object.assign(globalThis, {
    addEventListener: (/** @type {string} */ type, /** @type {any} */ listener) => (listeners[type] = listener),
    document: { querySelector: () => null },
    HTMLInputElement: class {},
    HTMLTextAreaElement: class {},
    HTMLSelectElement: class {},
  });
  const keys = new Keyboard(commands);
  return {
    keys,
    press: (event) => {
      let kept = false;
      listeners.keydown({ ...event, target: { closest: () => null }, preventDefault: () => (kept = true) });
      return kept;
    },
  };
}

test("a key that is held down accepts once, and undoes on and on", () => {
  const did = [];
  const { press } = keyboard([
    { keys: ["enter"], name: "Accept", group: "", once: true, run: () => did.push("accept") },
    { keys: ["ctrl+z"], name: "Undo", group: "", run: () => did.push("undo") },
  ]);
  for (const repeat of [false, true, true]) {
    assert.ok(press({ ...pressed("Enter", "Enter"), repeat }));
    press({ ...pressed("z", "KeyZ", "ctrl"), repeat });
  }
  assert.deepEqual(did, ["accept", "undo", "undo", "undo"]);
});

test("a person may have it that letters act only where the frame has the focus; with Ctrl they act everywhere", () => {
  const did = [];
  const { keys, press } = keyboard(["b", "?", "ctrl+z"].map((key) => ({ keys: [key], name: key, group: "", run: () => did.push(key) })));
  const all = () => [pressed("b", "KeyB"), pressed("?", "Slash", "shift"), pressed("z", "KeyZ", "ctrl")].forEach(press);
  const frame = /** @type {any} */ ({});
  all();
  keys.place = frame;
  all();
  Object.assign(document, { activeElement: frame });
  all();
  assert.deepEqual(did, ["b", "?", "ctrl+z", "ctrl+z", "b", "?", "ctrl+z"]);
});

test("a sign on a digit's key does what it does where no class has that key; with Ctrl it is the browser's", () => {
  const did = [];
  const { press } = keyboard(['"', "-", "2"].map((key) => ({ keys: [key], name: key, group: "", run: () => did.push(key) })));
  press(pressed('"', "Digit2", "shift"));
  press(pressed("é", "Digit2"));
  assert.equal(press(pressed("-", "Minus", "ctrl")), false);
  assert.deepEqual(did, ['"', "2"]);
});

test("where the sign is on a digit's key, the key in the sign's place does what it does", () => {
  const did = [];
  const { press } = keyboard(["-", "=", "'", "6"].map((key) => ({ keys: [key], name: key, group: "", run: () => did.push(key) })));
  for (const event of [pressed("-", "Digit6"), pressed(")", "Minus"), pressed("=", "Equal"), pressed("ù", "Quote")]) press(event);
  press(pressed(")", "Minus", "alt"));
  press(pressed(")", "Minus", "ctrl"));
  assert.deepEqual(did, ["6", "-", "=", "'"], "a French keyboard");
});
