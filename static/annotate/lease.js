// @ts-check
/** The lease: a sign of life every minute while somebody is at the page. */

/** @typedef {import("./store/server.js").LeaseOutcome} LeaseOutcome */

const EVERY = 60_000;
/** Who has not moved a hand for so long is not there: others may have the frame. */
const AWAY = 10 * 60_000;

/**
 * @param {{
 *   renew: () => Promise<LeaseOutcome>,
 *   tell: (outcome: LeaseOutcome) => void,
 *   idle: () => number,
 *   over: () => boolean,
 * }} parts `idle`: for how long there was no sign of the person, in milliseconds; `over`: whether another tab keeps it now
 */
export function keepLease({ renew, tell, idle, over }) {
  let away = false;
  const beat = async () => over() || tell(await renew());
  const tick = () => {
    away = idle() > AWAY;
    if (!away) beat();
  };
  const back = () => {
    if (!away) return;
    away = false;
    beat();
  };
  setInterval(tick, EVERY);
  // A laptop that slept past the lease's end learns at once whose the frame is now, and so does who comes back.
  addEventListener("online", tick);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && beat());
  for (const sign of ["pointermove", "pointerdown", "keydown"]) addEventListener(sign, back, { passive: true, capture: true });
  beat();
}
