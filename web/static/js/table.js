// Tables: on a narrow page each row is a small card, in which every cell carries its heading.

import { useLayoutEffect, useRef } from "preact/hooks";

import { html } from "./html.js";

const plainRow = () => ({});

/** A table; `columns` are `[heading, cell of a row, whether it is a figure, head]`, `rowProps` gives a row's own,
 * `below` what stands under a row in all its width; `head` is shown instead of the heading. */
export function Table({ columns, rows, keyOf, empty, label, rowProps = plainRow, below = null }) {
  const box = useRef(null);
  const focused = box.current?.contains(document.activeElement) ? document.activeElement : null;
  // Rows that change places are moved in the document, which takes the focus from the one that was moved.
  useLayoutEffect(() => {
    if (focused?.isConnected && document.activeElement === document.body) focused.focus({ preventScroll: true });
  });
  if (!rows.length) return html`<p class="empty">${empty}</p>`;
  return html`<div ref=${box} class="table-wrap">
    <table class="table" aria-label=${label}>
      <thead>
        <tr>${columns.map(([heading, , number, head]) => html`<th key=${heading} scope="col" class=${number ? "number" : ""}>${head ?? heading}</th>`)}</tr>
      </thead>
      <tbody>
        ${rows.flatMap((row, place) => {
          const key = keyOf(row);
          const more = below?.(row);
          return [
            html`<tr key=${key} ...${rowProps(row, place, rows)}>
              ${columns.map(([heading, cell, number]) => html`<td key=${heading} data-label=${heading} class=${number ? "number figures" : ""}>${cell(row)}</td>`)}
            </tr>`,
            more && html`<tr key=${`${key} below`} class="below"><td colspan=${columns.length}>${more}</td></tr>`,
          ];
        })}
      </tbody>
    </table>
  </div>`;
}
