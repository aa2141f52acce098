// @ts-check
/** Tool strip, palette, sliders, top bar, sheets: each control does what its key does. */

import { wireClasses } from "./class_list.js";
import { wireDoubts } from "./doubts.js";
import { disable, find, press, say, setText } from "./dom.js";
import { wireJumps } from "./jumps.js";
import { fillKeySheet } from "./key_sheet.js";
import { Keyboard } from "./keyboard.js";
import { wireLook } from "./look.js";
import { wireOver } from "./over.js";
import { when } from "./saving.js";

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
 *   saving: Awaited<ReturnType<typeof import("./saving.js").wireSaving>>,
 * }} parts
 */
export function wirePanels({ setup, editor, stage, palette, saving }) {
  const { surface, painter, view, pen } = stage;
  const opacity = /** @type {HTMLInputElement} */ (find("#opacity"));
  const size = /** @type {HTMLInputElement} */ (find("#size"));
  const help = /** @type {HTMLDialogElement} */ (find("#help"));
  const past = /** @type {HTMLDialogElement} */ (find("#history"));
  const tools = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".tools [data-tool]")]);

  /** @param {() => void} change of the editor, which then is shown */
  const act = (change) => {
    change();
    stage.ask();
  };
  const classes = wireClasses({ editor, painter, palette, act });
  const over = wireOver({ editor, stage, palette, act });
  const look = wireLook(stage);
  const jumps = wireJumps(editor, stage);
  const doubts = wireDoubts({ editor, stage, palette });
  /** @param {ToolName} tool */
  const take = (tool) => act(() => (editor.take(tool) ? undefined : say("This frame has no segments")));
  /** @param {number} factor */
  const zoom = (factor) => {
    if (stage.hovered) view.zoomAt(stage.hovered, factor);
    else view.zoom(factor);
    stage.move();
  };
  const fit = () => {
    view.fit();
    stage.move();
  };
  /** @param {number} percent */
  const fade = (percent) => {
    opacity.value = String(Math.min(100, Math.max(0, percent)));
    stage.frame.style.setProperty("--opacity", String(Number(opacity.value) / 100));
    find("#opacity-value").textContent = `${opacity.value} %`;
  };
  /** @param {string} name @param {boolean} [on] */
  const toggle = (name, on) => {
    const button = find(`#${name}`);
    const pressed = on ?? button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(pressed));
    return pressed;
  };
  const toggleDoubt = () => setup.uncertainty && stage.frame.classList.toggle("with-doubt", toggle("doubt"));
  const toggleGaps = () => painter.showGaps(toggle("gaps"));
  /** @param {boolean} down */
  const peek = (down) => {
    stage.frame.classList.toggle("peeking", toggle("peek", down));
  };
  /** @param {boolean} down */
  const holdHand = (down) => {
    stage.pointer.panning = down;
    surface.classList.toggle("hand", down || editor.tool === "hand");
    stage.ask();
  };
  const close = () => act(() => editor.accept() || editor.closePolygon());
  const enter = () => act(() => doubts.accept() || (pen.active ? pen.press() : close()));
  const drop = () => act(() => (doubts.leave(), editor.cancel()));
  const snap = () => act(() => (editor.snap(toggle("snap")), say(editor.polygon.wire ? "Polygons follow edges" : "Polygons are straight")));
  const submit = async () => {
    const button = /** @type {HTMLButtonElement} */ (find("#submit"));
    button.disabled = true;
    const problem = await saving.submit();
    button.disabled = false;
    if (!problem) return;
    find("#problem-text").textContent = problem;
    /** @type {HTMLDialogElement} */ (find("#problem")).showModal();
  };
  /** @param {string} key @param {number} dx @param {number} dy @returns {Command[]} */
  const arrow = (key, dx, dy) => [
    { keys: [key], name: "Move the pen", group: "Keyboard only", shown: ["Arrows"], run: () => act(() => pen.move(dx, dy, false)) },
    { keys: [`shift+${key}`], name: "Move it far", group: "Keyboard only", shown: ["Shift + Arrows"], run: () => act(() => pen.move(dx, dy, true)) },
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
    { keys: ["space"], name: "The same, while held", group: "Tools", hold: holdHand },
    { keys: ["["], name: "Smaller brush, segments", group: "Tools", run: () => act(() => editor.resize(-1)) },
    { keys: ["]"], name: "Larger", group: "Tools", run: () => act(() => editor.resize(1)) },
    { keys: ["c"], name: "Class under the cursor", group: "Tools", run: () => act(() => stage.target && editor.pick(stage.target)) },
    { keys: ["backspace"], name: "Take back a corner", group: "Tools", run: () => act(() => editor.polygon.takeBack()) },
    { keys: ["escape"], name: "Drop what is being drawn", group: "Tools", run: drop },
    { keys: ["ctrl+z"], name: "Undo", group: "Tools", run: () => act(() => editor.undo()) },
    { keys: ["ctrl+shift+z", "ctrl+y"], name: "Redo", group: "Tools", shown: ["Ctrl + Shift + Z"], run: () => act(() => editor.redo()) },
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
    ...arrow("arrowleft", -1, 0),
    ...arrow("arrowright", 1, 0),
    ...arrow("arrowup", 0, -1),
    ...arrow("arrowdown", 0, 1),
    { keys: ["enter"], name: "Accept; pen down, up; corner", group: "Keyboard only", run: enter },
    { keys: ["shift+enter"], name: "Close the polygon, accept", group: "Keyboard only", run: close },
    { keys: ["ctrl+s"], name: "Save now", group: "Frame", run: () => void saving.sync.flush() },
    { keys: ["ctrl+enter"], name: "Submit and go on", group: "Frame", run: submit },
    { keys: ["?"], name: "This sheet", group: "Frame", run: () => help.showModal() },
    ...palette
      .filter((one) => one.key)
      .map((one) => ({ keys: [one.key], name: one.name, group: "Classes", run: () => act(() => (editor.choose(one.index), doubts.correct())) })),
  ];
  new Keyboard(commands);
  fillKeySheet(find("#help-body"), commands);

  for (const [id, run] of /** @type {[string, () => void][]} */ ([
    ["#undo", () => act(() => editor.undo())],
    ["#redo", () => act(() => editor.redo())],
    ["#zoom-in", () => (view.zoom(ZOOM), stage.move())],
    ["#zoom-out", () => (view.zoom(1 / ZOOM), stage.move())],
    ["#fit", fit],
    ["#doubt", toggleDoubt],
    ["#gaps", toggleGaps],
    ["#submit", submit],
    ["#snap", snap],
    ["#open-help", () => help.showModal()],
    ["#save-state", () => showHistory()],
  ])) {
    find(id).addEventListener("click", run);
  }
  for (const button of tools) button.addEventListener("click", () => take(/** @type {ToolName} */ (button.dataset.tool)));
  for (const button of document.querySelectorAll("dialog [data-close]")) {
    button.addEventListener("click", () => button.closest("dialog")?.close());
  }
  holdButton(find("#peek"), peek);
  opacity.addEventListener("input", () => fade(Number(opacity.value)));
  size.addEventListener("input", () => act(() => editor.resize(Number(size.value) - editor.grain.index)));
  find("#release").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await saving.sync.flush()) /** @type {HTMLFormElement} */ (event.target).submit();
  });
  find("#doubt").toggleAttribute("disabled", !setup.uncertainty);
  fade(Number(opacity.value));

  const finePercent = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  stage.onPaint = () => {
    for (const button of tools) press(button, button.dataset.tool === editor.tool);
    classes.show();
    over.show();
    if (surface.dataset.tool !== editor.tool) {
      surface.dataset.tool = editor.tool;
      surface.classList.toggle("hand", editor.tool === "hand");
    }
    const { name, index, last, text } = editor.grain;
    setText("#size-label", name);
    setText("#size-value", text);
    if (size.max !== String(last)) size.max = String(last);
    if (size.value !== String(index)) size.value = String(index);
    setText("#gaps-value", `${finePercent.format(editor.map.unlabelledShare * 100)} %`);
    disable("#undo", !editor.history.canUndo && editor.polygon.corners.length === 0 && !editor.spread);
    disable("#redo", !editor.history.canRedo);
  };
  stage.ask();
  return {
    /** They come after the frame: until then their tools cannot be taken. @param {import("./segments.js").Segments} segments */
    showSegments(segments) {
      editor.segments = segments;
      for (const control of ["[data-tool=segment]", "[data-tool=propagate]", "#snap"]) disable(control, false);
    },
    /** @param {Uint8Array} doubt of every pixel, 0 to 255 */
    beginQueue: (doubt) => doubts.begin(doubt),
  };

  async function showHistory() {
    const list = find("#versions");
    list.textContent = "Reading";
    past.showModal();
    try {
      const versions = await saving.server.history();
      list.replaceChildren(...versions.map((one) => versionRow(one)));
    } catch (error) {
      list.textContent = `The versions cannot be read now: ${/** @type {Error} */ (error).message}.`;
    }
  }

  /** @param {{ version: number, kind: string, who: string, at: number }} one */
  function versionRow({ version, who, at }) {
    const row = document.createElement("li");
    const text = document.createElement("span");
    text.textContent = `v${version}  ${who}, ${when(at)}`;
    const restore = document.createElement("button");
    restore.type = "button";
    restore.textContent = "Bring back";
    restore.setAttribute("aria-label", `Bring version ${version} back`);
    restore.addEventListener("click", async () => {
      restore.disabled = true;
      const { pixels } = await saving.server.mask(version);
      past.close();
      act(() => editor.replace(pixels, `version ${version}`));
    });
    row.append(text, restore);
    return row;
  }
}

/** @param {HTMLElement} button @param {(down: boolean) => void} hold by pointer, by Space and by Enter */
function holdButton(button, hold) {
  button.addEventListener("pointerdown", () => hold(true));
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) button.addEventListener(end, () => hold(false));
  button.addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && !event.repeat && hold(true));
}
