// A list that the server gives page by page. Answers may overtake each other, and what is asked for may change meanwhile.

import { useEffect, useRef, useState } from "preact/hooks";

import { followedBy, get } from "./api.js";

const BEGUN = { items: [], next: "", state: "loading" };

/** The pages of the list at `path`, which has its question and its limit: `{items, next, state, refusal}`; the first is
 * asked for anew when `turn` changes, `pause` after the question did, in milliseconds. `load()` asks for it now, `more`
 * for the one behind the last; `set` changes what is shown. */
export function usePages(path, { turn = "", pause = 0 } = {}) {
  const [pages, setPages] = useState(BEGUN);
  const now = useRef({ asked: 0, taken: 0 });
  now.current.path = path;
  const load = async (cursor = "") => {
    const mine = ++now.current.asked;
    const isLate = () => now.current.path !== path || mine < now.current.taken;
    try {
      const page = await get(`${path}&cursor=${encodeURIComponent(cursor)}`);
      if (isLate()) return;
      if (!cursor) now.current.taken = mine;
      setPages(followedBy(page, cursor));
    } catch (refusal) {
      if (!isLate()) setPages((before) => ({ ...before, state: "trouble", refusal }));
    }
  };
  useEffect(() => {
    if (!pause) {
      load();
      return undefined;
    }
    const waiting = setTimeout(load, pause);
    return () => clearTimeout(waiting);
  }, [path, turn]);
  return { pages, load: () => load(), more: () => load(pages.next), set: setPages };
}
