// @ts-check
/** The lease: a sign of life every minute while the page is open. */

/** @typedef {import("./store/server.js").LeaseOutcome} LeaseOutcome */

const EVERY = 60_000;

/**
 * @param {() => Promise<LeaseOutcome>} renew
 * @param {(outcome: LeaseOutcome) => void} tell
 */
export function keepLease(renew, tell) {
  const beat = async () => tell(await renew());
  setInterval(beat, EVERY);
  // A laptop that slept past the lease's end learns at once whose the frame is now.
  addEventListener("online", beat);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && beat());
  beat();
}
