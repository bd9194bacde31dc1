// The head of work that goes step by step.

import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";

/** `steps` are titles in their order, `at` the place of the present one; `back` goes to an earlier one, where that
 * can be done. */
export function Steps({ steps, at, label, back = null }) {
  return html`<ol class="wizard" aria-label=${label}>
    ${steps.map((title, place) => {
      const state = place < at ? "done" : place === at ? "now" : "ahead";
      const mark = state === "done" ? html`<${Icon} name="available" size=${14} />` : place + 1;
      const inside = html`<span class="wizard-mark" aria-hidden="true">${mark}</span><span>${title}</span>${state === "done" ? html`<span class="unseen">${t("steps.done")}</span>` : ""}`;
      return html`<li key=${title} data-step=${state} aria-current=${state === "now" ? "step" : undefined}>
        ${state === "done" && back?.(place) ? html`<button type="button" class="wizard-step" onClick=${back(place)}>${inside}</button>` : html`<span class="wizard-step">${inside}</span>`}
      </li>`;
    })}
  </ol>`;
}
