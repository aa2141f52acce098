// @ts-check
/** Small hands for the document. Each leaves alone what is so already: what is set anew would be laid out anew. */

/** @param {string} selector @returns {HTMLElement} */
export function find(selector) {
  return /** @type {HTMLElement} */ (document.querySelector(selector));
}

/** @param {HTMLElement} button @param {boolean} pressed */
export function press(button, pressed) {
  if ((button.getAttribute("aria-pressed") === "true") !== pressed) button.setAttribute("aria-pressed", String(pressed));
}

/** @param {HTMLElement} button @returns {boolean} */
export function pressed(button) {
  return button.getAttribute("aria-pressed") === "true";
}

/** @param {HTMLElement} button @param {boolean} [on] the other way round without it @returns {boolean} whether it is pressed now */
export function toggle(button, on = !pressed(button)) {
  press(button, on);
  return on;
}

/** @param {string} selector @param {string} text */
export function setText(selector, text) {
  const element = find(selector);
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} selector @param {boolean} disabled */
export function disable(selector, disabled) {
  const button = /** @type {HTMLButtonElement} */ (find(selector));
  if (button.disabled === disabled) return;
  if (disabled) focusFrame(button);
  button.disabled = disabled;
}

/** Shows a bar, or hides it. @param {string} selector @param {boolean} shown */
export function reveal(selector, shown) {
  const bar = find(selector);
  if (bar.hidden === !shown) return;
  if (!shown) focusFrame(bar);
  bar.hidden = !shown;
}

/** The focus goes to the frame if it is in what goes away: a browser would leave it nowhere. @param {HTMLElement} leaving */
function focusFrame(leaving) {
  if (leaving.contains(document.activeElement)) find("#stage").focus({ preventScroll: true });
}

/**
 * Opens a dialog that its own buttons alone close. A browser closes one on a second Escape in spite of a `cancel` that is
 * prevented, which would leave open what it asks.
 *
 * @param {HTMLDialogElement} dialog
 * @returns {() => void} closes it
 */
export function insist(dialog) {
  const again = () => dialog.showModal();
  dialog.addEventListener("close", again);
  dialog.showModal();
  return () => {
    dialog.removeEventListener("close", again);
    dialog.close();
  };
}

/** What a screen reader says of a drawn picture. @param {Element} canvas @param {string} text */
export function describe(canvas, text) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", text);
}

const SAID_FOR = 2500;
let silence = 0;

/** Says what a key did where nothing else shows it; a screen reader hears it too. @param {string} text */
export function say(text) {
  setText("#said", text);
  clearTimeout(silence);
  silence = setTimeout(() => setText("#said", ""), SAID_FOR);
}
