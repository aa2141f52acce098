// @ts-check
/** Times and shares as people read them. */

/** @param {number} at @returns {string} `today at 14:05`, where this person is */
export function when(at) {
  const time = new Date(at);
  const day = time.toDateString() === new Date().toDateString() ? "today" : time.toLocaleDateString();
  return `${day} at ${time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
}

/** As the server's pages say it (`src/web/words.rs`), without hours: a version takes none. @param {number} seconds @returns {string} `40 s`, `3 min` */
export function duration(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min`;
}

/** @param {number} percent @returns {string} where what is little is not nothing */
export function percentText(percent) {
  return percent > 0 && percent < 0.05 ? "< 0.1 %" : `${percent.toFixed(percent < 9.95 ? 1 : 0)} %`;
}
