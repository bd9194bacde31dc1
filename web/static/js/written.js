// What is being written in forms that make something new, by the place where it is written. It outlives a look at
// another page, a call that comes in, a lost link; it goes when the server has it, or when it is thrown away.

import { signal } from "@preact/signals";

import { newKey } from "./api.js";

const written = signal({});

/** What is written there; null: nothing is. */
export const writtenAt = (place) => written.value[place] ?? null;

/** The places whose names begin so, in the order in which they were begun. */
export const placesOf = (prefix) => Object.keys(written.value).filter((place) => place.startsWith(prefix));

export function write(place, change) {
  written.value = { ...written.value, [place]: { ...written.value[place], ...change } };
}

export function drop(place) {
  const { [place]: _, ...rest } = written.value;
  written.value = rest;
}

/** Place -> the record as it was when somebody began to write there. */
const begunFrom = new Map();

/** What is saved goes on top of the record as it was when one began to write at the place, or at one whose name
 * begins so: what others changed since is asked about, however often the page read it again. */
export function baseOf(place, record) {
  if (!placesOf(place).length) begunFrom.delete(place);
  else if (!begunFrom.has(place)) begunFrom.set(place, record);
  return begunFrom.get(place) ?? record;
}

const keys = new Map();

/** The key under which this very text is sent: sent twice, it is there once. */
export function keyFor(place, body) {
  const text = JSON.stringify(body);
  if (keys.get(place)?.text !== text) keys.set(place, { text, key: newKey() });
  return keys.get(place).key;
}

addEventListener("beforeunload", (event) => {
  if (Object.values(written.peek()).some((each) => each.touched)) event.preventDefault();
});
