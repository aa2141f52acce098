// @ts-check
/** How the frame looks: light for night frames, outlines in place of areas, the minimap. */

import { find, pressed, setText, toggle } from "./dom.js";
import { SCALES } from "./light.js";

/** @typedef {import("./keyboard.js").Command} Command */

/**
 * @param {import("./stage.js").Stage} stage
 * @param {import("./memory.js").Memory} memory
 * @param {import("./light.js").Light} light
 * @returns {{ commands: Command[] }}
 */
export function wireLook(stage, memory, light) {
  const { kept } = memory;
  const names = /** @type {const} */ (["brightness", "contrast"]);
  const slider = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (find(`#${name}`));
  const show = () => {
    // On the surface: the minimap is lit with the frame.
    stage.surface.style.setProperty("--light", light.filter);
    for (const name of names) {
      slider(name).value = String(light[name]);
      setText(`#${name}-value`, `${light[name]} %`);
    }
  };
  for (const name of names) {
    const { least, most, step } = SCALES[name];
    Object.assign(slider(name), { min: least, max: most, step });
    slider(name).addEventListener("input", () => {
      light.set(name, Number(slider(name).value));
      show();
    });
  }
  for (const name of names) light.set(name, Number(kept[name]) || light[name]);
  show();
  /** @param {() => void} change @returns {() => void} */
  const lit = (change) => () => (change(), show());
  /** @param {string} id @param {(on: boolean) => void} apply @returns {() => void} */
  const switching = (id, apply) => {
    const button = find(id);
    const run = () => {
      apply(toggle(button));
      stage.ask();
    };
    button.addEventListener("click", run);
    return run;
  };
  const outlines = switching("#outlines", (on) => stage.painter.showOutlines(on));
  const minimap = switching("#show-minimap", (on) => stage.minimap.allow(on));
  const patterns = switching("#patterns", (on) => {
    stage.painter.showPatterns(on);
    find("#classes").classList.toggle("patterned", on);
  });
  if (kept.outlines) outlines();
  if (kept.minimap === false) minimap();
  if (kept.patterns) patterns();
  memory.ask(() => ({
    brightness: light.brightness,
    contrast: light.contrast,
    outlines: pressed(find("#outlines")),
    minimap: pressed(find("#show-minimap")),
    patterns: pressed(find("#patterns")),
  }));
  return {
    commands: [
      { keys: ["j"], name: "Outlines only", group: "View", run: outlines },
      { keys: ["shift+j"], name: "A pattern for each class", group: "View", run: patterns },
      { keys: ["shift+m"], name: "Minimap, when zoomed", group: "View", run: minimap },
      { keys: [";"], name: "Darker, brighter", group: "View", shown: [";", "'"], run: lit(() => light.step("brightness", -1)) },
      { keys: ["'"], name: "Darker, brighter", group: "View", shown: [";", "'"], run: lit(() => light.step("brightness", 1)) },
      { keys: [":"], name: "Less contrast, more", group: "View", shown: [":", '"'], run: lit(() => light.step("contrast", -1)) },
      { keys: ['"'], name: "Less contrast, more", group: "View", shown: [":", '"'], run: lit(() => light.step("contrast", 1)) },
      { keys: ["\\"], name: "The picture as it is", group: "View", run: lit(() => light.reset()) },
    ],
  };
}
