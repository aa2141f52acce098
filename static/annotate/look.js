// @ts-check
/** How the frame looks: light for night frames, outlines in place of areas, the minimap. */

import { find, press, pressed, setText } from "./dom.js";
import { Light, SCALES } from "./light.js";

/** @typedef {import("./keyboard.js").Command} Command */

/** @param {import("./stage.js").Stage} stage @returns {{ commands: Command[] }} */
export function wireLook(stage) {
  const light = new Light();
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
  show();
  /** @param {() => void} change @returns {() => void} */
  const lit = (change) => () => (change(), show());
  /** @param {string} id @param {(on: boolean) => void} apply @returns {() => void} */
  const toggle = (id, apply) => {
    const button = find(id);
    const run = () => {
      press(button, !pressed(button));
      apply(pressed(button));
      stage.ask();
    };
    button.addEventListener("click", run);
    return run;
  };
  return {
    commands: [
      { keys: ["j"], name: "Outlines only", group: "View", run: toggle("#outlines", (on) => stage.painter.showOutlines(on)) },
      { keys: ["shift+m"], name: "Minimap, when zoomed", group: "View", run: toggle("#show-minimap", (on) => stage.minimap.allow(on)) },
      { keys: [";"], name: "Darker, brighter", group: "View", shown: [";", "'"], run: lit(() => light.step("brightness", -1)) },
      { keys: ["'"], name: "Darker, brighter", group: "View", shown: [";", "'"], run: lit(() => light.step("brightness", 1)) },
      { keys: [":"], name: "Less contrast, more", group: "View", shown: [":", '"'], run: lit(() => light.step("contrast", -1)) },
      { keys: ['"'], name: "Less contrast, more", group: "View", shown: [":", '"'], run: lit(() => light.step("contrast", 1)) },
      { keys: ["\\"], name: "The picture as it is", group: "View", run: lit(() => light.reset()) },
    ],
  };
}
