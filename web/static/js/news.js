// What colleagues changed: hints of the live link, and the pages' reading again. A hint says which record is to be
// asked for, and nothing of what it holds.

import { useEffect, useRef } from "preact/hooks";

/** So long a page leaves the server alone after it read again, and at least so many times as long as that took. */
const REST_MS = 1000;
/** The same of a list, which is read for many: with a board open before each of a hundred agents, a second would be
 * more than a processor does. */
export const LIST_REST_MS = 4000;
const REST_TIMES = 20;
/** What is perhaps not on the page is asked for within so long: a hundred pages that hear of it don't ask at once. */
const SPREAD_MS = 1500;

const listeners = new Set();

/** Let the pages hear these hints; null: anything may be different from what they show. */
export function spread(hints) {
  for (const hear of [...listeners]) hear(hints);
}

/** Whether a hint is of this record, or of the customer whom it is about: `now`, `soon` or null. */
export const ofRecord = (kind, id, customer = "") => (hint) => {
  if (!hint.id) return [kind, "customer"].includes(hint.kind) ? "soon" : null;
  return (hint.kind === kind && hint.id === id) || (hint.kind === "customer" && hint.id === customer) ? "now" : null;
};

/** Whether a hint is of this customer, or of something of his. */
export const ofCustomer = (id) => (hint) => {
  if (!hint.id) return "soon";
  return hint.customer === id || (hint.kind === "customer" && hint.id === id) ? "now" : null;
};

/** Whether a hint is of a row that is shown, or of one that may belong among them. */
export const ofRows = (kind) => (hint, rows) => {
  if (hint.kind === kind) return hint.id && rows.some(({ id }) => id === hint.id) ? "now" : "soon";
  if (hint.kind !== "customer") return null;
  return !hint.id || rows.some(({ customer }) => customer === hint.id) ? "soon" : null;
};

/** Read again when a colleague changed what the page shows, and after a lost link. `concerns(hint)` says whether:
 * `now`, `soon` or null; `rest`: the least pause between two readings, in ms. Nobody reads for a page that nobody
 * looks at: it does when somebody does. */
export function useNews(concerns, read, rest = REST_MS) {
  const mine = useRef({});
  mine.current = { concerns, read };
  useEffect(() => {
    let timer = null;
    let due = 0;
    let free = 0;
    let busy = false;
    let wanted = false;
    const run = async () => {
      timer = null;
      wanted = document.hidden || busy;
      if (wanted) return;
      busy = true;
      const began = performance.now();
      try {
        await mine.current.read();
      } finally {
        busy = false;
      }
      free = performance.now() + Math.max(rest, REST_TIMES * (performance.now() - began));
      if (wanted) within(0);
    };
    const within = (ms) => {
      const at = Math.max(performance.now() + ms, free);
      if (timer !== null && due <= at) return;
      clearTimeout(timer);
      due = at;
      timer = setTimeout(run, at - performance.now());
    };
    const hear = (hints) => {
      const found = hints ? hints.map((hint) => mine.current.concerns(hint)) : ["now"];
      if (found.includes("now")) within(0);
      else if (found.includes("soon")) within(Math.random() * SPREAD_MS);
    };
    const looked = () => wanted && !document.hidden && within(0);
    listeners.add(hear);
    document.addEventListener("visibilitychange", looked);
    return () => {
      listeners.delete(hear);
      document.removeEventListener("visibilitychange", looked);
      clearTimeout(timer);
    };
  }, []);
}

/** Rows read again, in the order in which they are shown: what changed is changed where it stands, and what is new
 * comes behind the one that it follows. */
export function steady(shown, read, keyOf = ({ id }) => id) {
  const found = new Map(read.map((row) => [keyOf(row), row]));
  const rows = shown.map(keyOf).filter((key) => found.has(key));
  const known = new Set(rows);
  for (const [place, row] of read.entries()) {
    if (!known.has(keyOf(row))) rows.splice(place ? rows.indexOf(keyOf(read[place - 1])) + 1 : 0, 0, keyOf(row));
  }
  return rows.map((key) => found.get(key));
}

const ROWS = "main :is(tr, li)";

/** Remember where the row under the hand is. What it answers scrolls it back there, after rows came or went. */
export function underHand() {
  const row = [...document.querySelectorAll(`${ROWS}:hover`)].at(-1) ?? document.activeElement?.closest(ROWS);
  const top = row?.getBoundingClientRect().top;
  return () => row?.isConnected && scrollBy(0, row.getBoundingClientRect().top - top);
}
