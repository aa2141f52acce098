// @ts-check
/** A group of buttons as one stop for Tab: arrows move within it, as people know it from toolbars. */

/**
 * @param {HTMLElement} group its arrow keys go nowhere else
 * @param {string} selector of its rows: a button each, or what holds several
 */
export function rove(group, selector) {
  const rows = () =>
    [...group.querySelectorAll(selector)]
      .map((row) => (row instanceof HTMLButtonElement ? [row] : [...row.querySelectorAll("button")]).filter(({ disabled }) => !disabled))
      .filter(({ length }) => length > 0);
  /** @param {EventTarget | undefined} stop where Tab comes to */
  const stopAt = (stop) => {
    for (const button of group.querySelectorAll("button")) button.tabIndex = button === stop ? 0 : -1;
  };
  const rest = () => {
    const first = rows().map(([button]) => button);
    stopAt(first.find((button) => button.getAttribute("aria-pressed") === "true") ?? first[0]);
  };
  group.addEventListener("focusin", ({ target }) => stopAt(target ?? undefined));
  // What was in the hand may have changed, and what was pressed may be disabled now.
  group.addEventListener("focusout", rest);
  group.addEventListener("keydown", (event) => {
    const all = rows();
    const row = all.findIndex((buttons) => buttons.includes(/** @type {any} */ (event.target)));
    if (row < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const column = all[row].indexOf(/** @type {any} */ (event.target));
    const to = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [0, column],
      End: [all.length - 1, column],
    }[event.key];
    if (!to) return;
    // Else the keyboard's pen would move, too.
    event.stopPropagation();
    event.preventDefault();
    const there = all[to[0]];
    there?.[Math.min(to[1], there.length - 1)]?.focus();
  });
  rest();
}
