// The server's clock, and a beat for everything that counts seconds.

import { signal } from "@preact/signals";

const BEAT_MS = 250;
let ahead = 0;

export const beat = signal(Date.now() / 1000);

/** Seconds since the epoch, as the server counts them. */
export function serverNow() {
  return Date.now() / 1000 + ahead;
}

/** The server said what time it is there. */
export function setServerTime(at) {
  ahead = at - Date.now() / 1000;
  beat.value = serverNow();
}

export function startClock() {
  setInterval(() => {
    beat.value = serverNow();
  }, BEAT_MS);
}
