// @ts-check
/** Times as people read them, as the server's pages say them (`src/web/words.rs`). */

/** @param {number} at @returns {string} `today at 14:05`, where this person is */
export function when(at) {
  const time = new Date(at);
  const day = time.toDateString() === new Date().toDateString() ? "today" : time.toLocaleDateString();
  return `${day} at ${time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
}
