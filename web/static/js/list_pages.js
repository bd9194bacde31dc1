// Lists by pages: the first one when the question changes, the others behind it, and all that is shown read again
// when a colleague changed something.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { followedBy, get } from "./api.js";
import { LIST_REST_MS, steady, underHand, useNews } from "./news.js";

/** The longest page that the server gives. */
const MOST = 200;
const nothing = () => null;

/** The pages of the list at `path` that `query` asks for. `pause`: how long to wait for the rest of the question;
 * `turn`: another one when this page changed something; `concerns(hint, rows)`: see `useNews`. */
export function usePages(path, query, { limit = 50, pause = 0, turn = 0, concerns = nothing, keyOf = ({ id }) => id } = {}) {
  const [pages, draw] = useState({ items: [], next: "", state: "loading" });
  const shown = useRef(pages);
  /** What is shown is known before it is drawn: an answer that comes meanwhile must not take back another. */
  const setPages = (change) => {
    shown.current = change(shown.current);
    draw(shown.current);
  };
  const asked = `${path}?${query}`;
  const latest = useRef(asked);
  const settle = useRef(null);
  latest.current = asked;

  const page = (size, cursor) => get(`${asked}${query && "&"}limit=${size}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
  const load = async (cursor = "") => {
    try {
      const found = await page(limit, cursor);
      if (asked !== latest.current) return;
      if (!cursor || shown.current.next === cursor) setPages(followedBy(found, cursor));
      else if (shown.current.next) await load(shown.current.next); // the list ends elsewhere by now
    } catch (refusal) {
      if (asked === latest.current) setPages((before) => ({ ...before, state: "trouble", refusal }));
    }
  };
  /** All that is shown, once more. Without a link it stays as it is, until there is one. */
  const again = async (inOrder) => {
    const count = shown.current.items.length;
    const items = [];
    let next = "";
    try {
      do {
        const found = await page(Math.min(MOST, Math.max(limit, count - items.length)), next);
        items.push(...found.items);
        next = found.next;
      } while (next && items.length < count);
    } catch (refusal) {
      if (asked === latest.current && [403, 404].includes(refusal.status)) setPages((before) => ({ ...before, state: "trouble", refusal }));
      return;
    }
    if (asked !== latest.current) return;
    if (shown.current.items.length > count) return again(inOrder); // somebody asked for more meanwhile
    settle.current = underHand();
    setPages((before) => ({ items: inOrder ? items : steady(before.items, items, keyOf), next, state: "here" }));
  };

  useEffect(() => {
    if (!pause) return void load();
    const waiting = setTimeout(load, pause);
    return () => clearTimeout(waiting);
  }, [asked]);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) again(true);
    first.current = false;
  }, [turn]);
  useLayoutEffect(() => {
    settle.current?.();
    settle.current = null;
  }, [pages]);
  useNews((hint) => concerns(hint, shown.current.items), () => again(false), LIST_REST_MS);
  return { pages, setPages, more: () => load(shown.current.next), again: () => load() };
}
