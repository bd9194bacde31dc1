// What else a list says of a lead, by the list's own names: for his script, and for the agent.

import { useRef, useState } from "preact/hooks";

import { online, pending } from "./actions.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { changeOne } from "./lead_parts.js";
import { Card } from "./parts.js";
import { Refused } from "./refused.js";
import { baseOf, drop, write, writtenAt } from "./written.js";

function Form({ place, lead, took }) {
  const base = baseOf(place, lead);
  const rows = writtenAt(place).rows;
  const [refusal, setRefusal] = useState(null);
  const box = useRef(null);
  const put = (next) => write(place, { rows: next, touched: true });
  const set = (at, part, value) => put(rows.map((each, n) => (n === at ? (part ? [each[0], value] : [value, each[1]]) : each)));
  const close = () => drop(place);
  const save = async (event) => {
    event.preventDefault();
    setRefusal(null);
    const fields = Object.fromEntries(rows.map(([name, value]) => [name.trim(), value.trim()]).filter(([name]) => name));
    const stored = await changeOne("lead", base, { fields }, setRefusal);
    if (stored) {
      close();
      took(stored);
    }
  };
  const keys = (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    close();
  };
  return html`<form class="body stack" ref=${box} onSubmit=${save} onKeyDown=${keys}>
    <ul class="field-rows">
      ${rows.map(
        ([name, value], at) => html`<li key=${at}>
          <input class="input" dir="auto" maxlength="64" autocomplete="off" aria-label=${t("lead.field_name", { n: at + 1 })} placeholder=${t("lead.field_name_short")} value=${name} onInput=${(event) => set(at, 0, event.target.value)} />
          <input class="input" dir="auto" maxlength="1000" autocomplete="off" aria-label=${t("lead.field_value", { n: at + 1 })} placeholder=${t("lead.field_value_short")} value=${value} onInput=${(event) => set(at, 1, event.target.value)} />
          <button type="button" class="pencil" aria-label=${t("lead.field_without", { n: at + 1 })} title=${t("lead.field_without", { n: at + 1 })} onClick=${() => put(rows.filter((_, n) => n !== at))}><${Icon} name="close" size=${16} /></button>
        </li>`,
      )}
    </ul>
    <div><button type="button" class="button small-button" onClick=${() => put([...rows, ["", ""]])}><${Icon} name="plus" size=${14} />${t("lead.add_field")}</button></div>
    <${Refused} refusal=${refusal} id="lead-fields-wrong" />
    <div class="fact-actions">
      <button class="button small-button strong" disabled=${!online()} aria-busy=${pending(`lead ${lead.id}`)}>${t("record.save")}</button>
      <button type="button" class="button small-button plain" onClick=${close}>${t("action.cancel")}</button>
    </div>
  </form>`;
}

export function LeadOwnFields({ lead, writable, took }) {
  const place = `fields of lead ${lead.id}`;
  const open = writtenAt(place) !== null;
  const entries = Object.entries(lead.fields);
  const begin = () => write(place, { rows: entries.length ? entries : [["", ""]], touched: false });
  const edit = writable && !open && html`<button type="button" class="button small-button plain" aria-label=${t("record.change", { what: t("lead_field.fields") })} onClick=${begin}><${Icon} name="edit" size=${14} />${t("lead.change")}</button>`;
  return html`<${Card} title=${t("lead_field.fields")} aside=${edit}>
    ${open
      ? html`<${Form} place=${place} lead=${lead} took=${took} />`
      : entries.length
        ? html`<div class="facts-list">${entries.map(([name, value]) => html`<div key=${name} class="fact"><span class="fact-label"><bdi>${name}</bdi></span><span class="fact-value"><bdi class="written">${value || "–"}</bdi></span></div>`)}</div>`
        : html`<p class="empty">${t("lead.no_fields")}</p>`}
  <//>`;
}
