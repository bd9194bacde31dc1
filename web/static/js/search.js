// The one box in which customers, requests and follow-ups are found, in the head of every page.

import { Finder } from "./finder.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { go, may } from "./model.js";

const PLACES = { customer: "/customers", request: "/requests", followup: "/followups" };

export const maySearch = () => may("customers.read") || may("requests.read") || may("followups.read");

export function focusSearch() {
  const box = document.getElementById("search");
  box?.focus();
  box?.select();
}

export function Search() {
  if (!maySearch()) return null;
  const open = (hit) => go(`${PLACES[hit.kind]}/${encodeURIComponent(hit.id)}`);
  return html`<div class="search" role="search">
    <${Finder} id="search" label=${t("search.label")} placeholder=${t("search.placeholder")} choose=${open} />
    <kbd aria-hidden="true">/</kbd>
  </div>`;
}
