// Rows of a table that the keyboard steers: one of them is in the order of tabs, the arrows go to the others, and
// letters act on the row that they are pressed in.

import { online } from "./actions.js";

/** What makes a row of a table one that the keyboard steers. `row` is a signal with the id of the chosen row,
 * `keysOf` gives what each key does for an item: capital letters, or names of keys such as `Enter`. */
export function steered(row, idOf, keysOf) {
  return (item, place, rows) => {
    const id = idOf(item);
    const chosen = rows.some((each) => idOf(each) === row.value) ? row.value : idOf(rows[0]);
    const keys = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isField(event.target)) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const own = event.target === event.currentTarget || event.key.length === 1;
      const run = online() && own && keysOf(item)[event.key.length === 1 ? event.key.toUpperCase() : event.key];
      if (step) rowAfter(event.currentTarget, step)?.focus();
      else if (run) run();
      if (step || run) event.preventDefault();
    };
    return { tabIndex: id === chosen ? 0 : -1, onFocus: () => (row.value = id), onKeyDown: keys };
  };
}

const isField = (element) => element.matches("input:not([type=checkbox]), textarea, select");

/** The next row that can be chosen: those that tell more about the one above are passed over. */
function rowAfter(from, step) {
  const towards = step > 0 ? "nextElementSibling" : "previousElementSibling";
  let next = from[towards];
  while (next && !next.hasAttribute("tabindex")) next = next[towards];
  return next;
}
