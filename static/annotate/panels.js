// @ts-check
/** Tool strip, palette, sliders, top bar, sheets: each control does what its key does. */

import { wireClassKeys } from "./class_keys.js";
import { wireClasses } from "./class_list.js";
import { wireDoubts } from "./doubts.js";
import { disable, find, press, pressed, say, setText, toggle } from "./dom.js";
import { wireExample } from "./example.js";
import { Hand } from "./hand.js";
import { wireJumps } from "./jumps.js";
import { fillKeySheet, wireKeySwitch, wireWheelSwitch } from "./key_sheet.js";
import { Keyboard } from "./keyboard.js";
import { wireLook } from "./look.js";
import { Memory } from "./memory.js";
import { wireOver } from "./over.js";
import { wirePending } from "./pending.js";
import { wireRelease } from "./release.js";
import { rove } from "./rove.js";
import { wireSubmit } from "./submit.js";
import { wireUndo } from "./undoing.js";
import { wireVersions } from "./versions.js";
import { percentText } from "./words.js";

/** @typedef {import("./editor.js").ToolName} ToolName */
/** @typedef {import("./keyboard.js").Command} Command */

const ZOOM = 1.5;
const OPACITY_STEP = 10;

/**
 * @param {{
 *   setup: import("./page.js").Setup,
 *   editor: import("./editor.js").Editor,
 *   stage: import("./stage.js").Stage,
 *   palette: import("./palette.js").PaletteClass[],
 *   light: import("./light.js").Light,
 *   preview: import("./preview.js").Preview,
 *   server: import("./store/server.js").Server,
 *   saving: Awaited<ReturnType<typeof import("./saving.js").wireSaving>>,
 *   looker: import("./looker.js").Looker,
 * }} parts
 */
export function wirePanels({ setup, editor, stage, palette, light, preview, server, saving, looker }) {
  const { surface, painter, pointer, view, pen } = stage;
  const opacity = /** @type {HTMLInputElement} */ (find("#opacity"));
  const size = /** @type {HTMLInputElement} */ (find("#size"));
  const help = /** @type {HTMLDialogElement} */ (find("#help"));
  const tools = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".tools [data-tool]")]);

  /** @param {() => void} change of the editor, which then is shown */
  const act = (change) => {
    const { dropped } = editor;
    change();
    if (editor.dropped && editor.dropped !== dropped) say(`The ${editor.dropped.spread ? "preview" : "polygon"} is dropped; undo brings it back`);
    stage.ask();
  };
  const memory = new Memory(setup.memory);
  const doubts = wireDoubts({ editor, stage, palette });
  /** @param {number} index */
  const choose = (index) => act(() => (editor.choose(index), doubts.correct()));
  const classes = wireClasses({ editor, painter, palette, memory, act, choose });
  const over = wireOver({ editor, stage, palette, act });
  const look = wireLook(stage, memory, light);
  const example = wireExample({ setup, editor, palette, memory });
  const jumps = wireJumps(editor, stage, looker);
  const submitting = wireSubmit({ setup, editor, stage, looker, saving, act });
  const release = wireRelease({ editor, saving });
  const versions = wireVersions({ editor, preview, server, act });
  const undoing = wireUndo({ editor, stage, doubts, act });
  /** Said as long as they are not there. */
  let noSegments = setup.segments ? "The segments are still being read" : "This frame has no segments";
  /** @param {ToolName} tool */
  const take = (tool) => act(() => (editor.take(tool) ? undefined : say(noSegments)));
  editor.onRefused = (value) => {
    const name = palette[value]?.name ?? "what is unlabelled";
    say(editor.rules.locked.has(value) ? `${name} is locked` : `${over.told()}: nothing was painted`);
  };
  /** @param {number} factor */
  const zoom = (factor) => {
    if (pen.active) view.zoomAt(view.toScreen(pen.point), factor);
    else if (stage.hovered) view.zoomAt(stage.hovered, factor);
    else view.zoom(factor);
    stage.move();
  };
  const fit = () => {
    if (pointer.drawing) return;
    view.fit();
    stage.move();
  };
  /** @param {number} percent */
  const fade = (percent) => {
    opacity.value = String(Math.min(100, Math.max(0, percent)));
    stage.frame.style.setProperty("--opacity", String(Number(opacity.value) / 100));
    find("#opacity-value").textContent = `${opacity.value} %`;
  };
  const doubt = /** @type {HTMLButtonElement} */ (find("#doubt"));
  const toggleDoubt = () => !doubt.disabled && stage.frame.classList.toggle("with-doubt", toggle(doubt));
  const toggleGaps = () => act(() => painter.showGaps(toggle(find("#gaps"))));
  /** @param {boolean} down */
  const peek = (down) => {
    stage.frame.classList.toggle("peeking", toggle(find("#peek"), down));
  };
  /** @param {boolean} down */
  const holdHand = (down) => {
    pointer.panning = down;
    surface.classList.toggle("hand", down || editor.tool === "hand");
    stage.ask();
  };
  /** Whether the keyboard's pen draws, though the mouse may have moved since. */
  const penDown = () => editor.busy && !pointer.drawing;
  const close = () => act(() => editor.accept() || editor.closePolygon());
  // What is open comes first: a segment that is accepted in its place would be one that nobody looked at.
  const enter = () => act(() => (!editor.pending && doubts.accept()) || (pen.active || penDown() ? pen.press() : close()));
  const drop = () => act(() => (editor.pending || stage.drawing ? editor.cancel() : doubts.leave()));
  const pending = wirePending({ editor, pen, act, close, drop });
  const snap = () => editor.segments === null ? say(noSegments) : act(() => (editor.snap(toggle(find("#snap"))), say(editor.polygon.wire ? "Polygons follow edges" : "Polygons are straight")));
  /** Not from the mouse's stroke to where the keyboard's pen is. @param {number} dx @param {number} dy @param {boolean} far */
  const move = (dx, dy, far) => act(() => pointer.drawing || pen.move(dx, dy, far));
  /** @param {string} key @param {number} dx @param {number} dy @returns {Command[]} */
  const arrow = (key, dx, dy) => [
    { keys: [key], name: "Move the pen", group: "Keyboard only", shown: ["Arrows"], run: () => move(dx, dy, false) },
    { keys: [`shift+${key}`], name: "Move it far", group: "Keyboard only", shown: ["Shift + Arrows"], run: () => move(dx, dy, true) },
  ];

  /** @type {Command[]} */
  const commands = [
    { keys: ["b"], name: "Brush", group: "Tools", run: () => take("brush") },
    { keys: ["x"], name: "Eraser", group: "Tools", run: () => take("eraser") },
    { keys: ["z"], name: "Segments", group: "Tools", run: () => take("segment") },
    { keys: ["shift+z"], name: "Propagate a scribble", group: "Tools", run: () => take("propagate") },
    { keys: ["v"], name: "Polygon", group: "Tools", run: () => take("polygon") },
    { keys: ["shift+v"], name: "Polygons follow edges", group: "Tools", run: snap },
    { keys: ["a"], name: "Rectangle", group: "Tools", run: () => take("rectangle") },
    { keys: ["f"], name: "Fill a region", group: "Tools", run: () => take("fill") },
    { keys: ["shift+f"], name: "Replace in a rectangle", group: "Tools", run: () => take("replace") },
    { keys: ["m"], name: "Move the view", group: "Tools", run: () => take("hand") },
    { keys: ["space", "shift+space"], shown: ["Space"], name: "The same, while held", group: "Tools", hold: holdHand },
    { keys: ["["], name: "Smaller brush, segments", group: "Tools", run: () => act(() => editor.resize(-1)) },
    { keys: ["]"], name: "Larger", group: "Tools", run: () => act(() => editor.resize(1)) },
    { keys: ["c"], name: "Class under the cursor", group: "Tools", run: () => act(() => stage.target && editor.pick(stage.target)) },
    { keys: ["backspace"], name: "Take back a corner", group: "Tools", run: () => act(() => editor.takeBack()) },
    { keys: ["escape"], name: "Drop what is being drawn", group: "Tools", run: drop },
    ...undoing.commands,
    ...over.commands,
    ...classes.commands.filter(({ group }) => group !== "View"),
    { keys: ["+", "="], name: "Nearer", group: "View", run: () => zoom(ZOOM) },
    { keys: ["-"], name: "Farther", group: "View", run: () => zoom(1 / ZOOM) },
    { keys: ["home"], name: "Whole frame", group: "View", run: fit },
    { keys: ["h"], name: "Hide labels, while held", group: "View", hold: peek },
    { keys: [","], name: "Labels fainter", group: "View", run: () => fade(Number(opacity.value) - OPACITY_STEP) },
    { keys: ["."], name: "Labels stronger", group: "View", run: () => fade(Number(opacity.value) + OPACITY_STEP) },
    { keys: ["d"], name: "Where the model doubts", group: "View", run: toggleDoubt },
    { keys: ["g"], name: "What is unlabelled", group: "View", run: toggleGaps },
    ...doubts.commands,
    ...jumps.commands,
    ...classes.commands.filter(({ group }) => group === "View"),
    ...look.commands,
    ...example.commands,
    ...arrow("arrowleft", -1, 0),
    ...arrow("arrowright", 1, 0),
    ...arrow("arrowup", 0, -1),
    ...arrow("arrowdown", 0, 1),
    { keys: ["enter"], name: "Accept; pen down, up; corner", group: "Keyboard only", once: true, run: enter },
    { keys: ["shift+enter"], name: "Close the polygon, accept", group: "Keyboard only", once: true, run: close },
    { keys: ["ctrl+s"], name: "Save now", group: "Frame", run: () => void saving.sync.flush() },
    ...versions.commands,
    ...release.commands,
    ...submitting.commands,
    { keys: ["?"], name: "This sheet", group: "Frame", run: () => help.showModal() },
  ];
  const keyboard = new Keyboard(commands);
  fillKeySheet(find("#help-body"), commands);
  wireKeySwitch(keyboard, memory);
  wireWheelSwitch(pointer, memory);
  wireClassKeys({ palette, keyboard, memory, run: choose, changed: () => classes.showKeys() });

  for (const [id, run] of /** @type {[string, () => void][]} */ ([
    ["#zoom-in", () => (view.zoom(ZOOM), stage.move())],
    ["#zoom-out", () => (view.zoom(1 / ZOOM), stage.move())],
    ["#fit", fit],
    ["#doubt", toggleDoubt],
    ["#gaps", toggleGaps],
    ["#snap", snap],
    ["#open-help", () => help.showModal()],
  ])) {
    find(id).addEventListener("click", run);
  }
  for (const button of tools) button.addEventListener("click", () => take(/** @type {ToolName} */ (button.dataset.tool)));
  for (const button of document.querySelectorAll("dialog [data-close]")) {
    button.addEventListener("click", () => button.closest("dialog")?.close());
  }
  // After a mouse or a finger: the next Space, held to move the view, would else press the button again. A dialog gives the
  // focus back to where it was, so before anything else.
  addEventListener("click", ({ detail, target }) => {
    const button = /** @type {Element} */ (target).closest("button");
    if (detail > 0 && button && !button.closest("dialog")) surface.focus({ preventScroll: true });
  }, { capture: true });
  rove(find(".tools"), "button");
  rove(find(".palette"), ".class-row");
  holdButton(find("#peek"), peek);
  opacity.addEventListener("input", () => fade(Number(opacity.value)));
  size.addEventListener("input", () => act(() => editor.resize(Number(size.value) - editor.grain.index)));
  doubt.disabled = !setup.uncertainty;
  fade(memory.kept.opacity ?? Number(opacity.value));
  if (memory.kept.doubt) toggleDoubt();
  if (memory.kept.gaps) toggleGaps();
  memory.ask(() => ({ opacity: Number(opacity.value), doubt: doubt.disabled ? memory.kept.doubt : pressed(doubt), gaps: pressed(find("#gaps")) }));
  const hand = new Hand(editor, palette, memory);

  stage.onPaint = () => {
    for (const button of tools) press(button, button.dataset.tool === editor.tool);
    classes.show();
    example.show();
    over.show();
    pending.show();
    undoing.show();
    if (surface.dataset.tool !== editor.tool) {
      surface.dataset.tool = editor.tool;
      surface.classList.toggle("hand", editor.tool === "hand");
    }
    const { name, index, last, text } = editor.grain;
    setText("#size-label", name);
    setText("#size-value", text);
    if (size.max !== String(last)) size.max = String(last);
    if (size.value !== String(index)) size.value = String(index);
    // Not with every move of a stroke: a browser redraws all that lies between the stroke and what else changed.
    if (editor.busy) return;
    const percent = editor.map.unlabelledShare * 100;
    setText("#gaps-value", percentText(percent));
    hand.tell(stage);
    doubts.show();
  };
  stage.ask();
  return {
    /** They come after the frame: until then their tools cannot be taken. @param {import("./segments.js").Segments} segments */
    showSegments(segments) {
      editor.segments = segments;
      for (const control of ["[data-tool=segment]", "[data-tool=propagate]", "#snap"]) disable(control, false);
      if (memory.kept.snap) editor.snap(toggle(find("#snap"), true));
      act(() => hand.takeUp());
    },
    /** It could not be read. */
    lackDoubt() {
      disable("#doubt", true);
      doubt.title = "Where the model doubts could not be read: load the page anew to try again";
      say(doubt.title);
    },
    /** They could not be read. */
    lackSegments() {
      noSegments = "The segments of this frame could not be read: load the page anew to try again";
    },
    /** @param {Uint8Array} doubt of every pixel, 0 to 255 */
    beginQueue: (doubt) => doubts.begin(doubt),
  };
}

/** @param {HTMLElement} button @param {(down: boolean) => void} hold by pointer, by Space and by Enter */
function holdButton(button, hold) {
  button.addEventListener("pointerdown", () => hold(true));
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) button.addEventListener(end, () => hold(false));
  button.addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && !event.repeat && hold(true));
}
