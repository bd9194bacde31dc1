// Choosing a customer in a form: the one that was chosen, or a box to find one.

import { Finder } from "./finder.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";

/** `value` is `{id, name}` or null, `choose` gets the same; `except` is an id that is not offered; `create(text)` makes a
 * new one, where that is possible. */
export function CustomerChoice({ id, value, choose, except = "", create = null, autofocus = false, label = t("customer.title") }) {
  if (value) {
    return html`<span class="chosen-customer">
      <${Icon} name="customers" size=${16} /><bdi>${value.name}</bdi>
      <button type="button" class="button plain icon-only" aria-label=${t("choice.other")} title=${t("choice.other")} onClick=${() => choose(null)}><${Icon} name="close" size=${14} /></button>
    </span>`;
  }
  return html`<${Finder} id=${id} label=${label} placeholder=${t("choice.placeholder")} kind="customer" except=${except} autofocus=${autofocus}
    choose=${(hit) => choose({ id: hit.id, name: hit.title })} more=${create && { title: t("customer.create"), run: create }} />`;
}
