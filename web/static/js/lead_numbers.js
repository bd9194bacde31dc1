// A lead's numbers, in the order in which they are dialled: each with its kind and where it may be; moved up and down,
// added, taken away. They are saved together, so that nobody is dialled by half a change.

import { useRef, useState } from "preact/hooks";

import { online, pending } from "./actions.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { changeOne, kindTitle, MOST_NUMBERS, NUMBER_KINDS } from "./lead_parts.js";
import { Card, PhoneNumber } from "./parts.js";
import { Refused } from "./refused.js";
import { Table } from "./table.js";
import { baseOf, drop, write, writtenAt } from "./written.js";

const asSent = ({ number, kind }) => ({ number, kind });

function Shown({ lead }) {
  const columns = [
    [t("lead.order"), (one) => one.place + 1, true],
    [t("attempts.number"), (one) => html`<${PhoneNumber} number=${one.number} /> ${one.next && html`<span class="chip">${t("lead.next")}</span>`}`],
    [t("lead.kind"), (one) => html`<bdi>${one.kind ? kindTitle(one.kind) : "–"}</bdi>`],
    [t("lead.zones"), (one) => html`<bdi>${one.zones.join(", ") || t("lead.no_zone")}</bdi>`],
  ];
  const dialled = !["closed", "held"].includes(lead.state) && lead.numbers.length > 1;
  const rows = lead.numbers.map((each, place) => ({ ...each, place, next: dialled && place === lead.next_number }));
  return html`<${Table} label=${t("lead.numbers")} columns=${columns} rows=${rows} keyOf=${(one) => one.number} empty=${t("lead.no_number")} />`;
}

/** `place` is where what is written is kept. */
function Form({ place, lead, took }) {
  const base = baseOf(place, lead);
  const rows = writtenAt(place).numbers;
  const [refusal, setRefusal] = useState(null);
  const box = useRef(null);
  const put = (numbers) => write(place, { numbers, touched: true });
  const set = (at, change) => put(rows.map((each, n) => (n === at ? { ...each, ...change } : each)));
  const close = () => drop(place);
  const move = (at, by) => {
    const moved = [...rows];
    [moved[at], moved[at + by]] = [moved[at + by], moved[at]];
    put(moved);
    requestAnimationFrame(() => box.current?.querySelectorAll("li")[at + by]?.querySelector(by < 0 ? ".up" : ".down")?.focus());
  };
  const save = async (event) => {
    event.preventDefault();
    setRefusal(null);
    const numbers = rows.map((each) => ({ number: each.number.trim(), kind: each.kind })).filter(({ number }) => number);
    const stored = await changeOne("lead", base, { numbers }, setRefusal);
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
  const icon = (look, name, label, run, off = false) => html`<button type="button" class=${`pencil ${look}`} aria-label=${label} title=${label} disabled=${off} onClick=${run}><${Icon} name=${name} size=${16} /></button>`;
  return html`<form class="body stack numbers-form" ref=${box} onSubmit=${save} onKeyDown=${keys}>
    <ol class="number-rows">
      ${rows.map(
        (one, at) => html`<li key=${at}>
          <span class="figures quiet">${at + 1}</span>
          <input class="input phone-number" type="tel" inputmode="tel" maxlength="64" autocomplete="off" aria-label=${t("lead.number_n", { n: at + 1 })} value=${one.number} onInput=${(event) => set(at, { number: event.target.value })} />
          <select class="input" aria-label=${t("lead.kind_n", { n: at + 1 })} value=${one.kind} onChange=${(event) => set(at, { kind: event.target.value })}>
            <option value="">${t("value.none")}</option>
            ${[...new Set([...NUMBER_KINDS, one.kind])].filter(Boolean).map((each) => html`<option key=${each} value=${each}>${kindTitle(each)}</option>`)}
          </select>
          <span class="acts">
            ${icon("up", "up", t("lead.earlier", { n: at + 1 }), () => move(at, -1), at === 0)}
            ${icon("down", "down", t("lead.later", { n: at + 1 }), () => move(at, 1), at === rows.length - 1)}
            ${icon("", "close", t("lead.without", { n: at + 1 }), () => put(rows.filter((_, n) => n !== at)))}
          </span>
        </li>`,
      )}
    </ol>
    ${rows.length < MOST_NUMBERS && html`<div><button type="button" class="button small-button" onClick=${() => put([...rows, { number: "", kind: "mobile" }])}><${Icon} name="plus" size=${14} />${t("lead.add_number")}</button></div>`}
    <${Refused} refusal=${refusal} id="lead-numbers-wrong" />
    <div class="fact-actions">
      <button class="button small-button strong" disabled=${!online()} aria-busy=${pending(`lead ${lead.id}`)}>${t("record.save")}</button>
      <button type="button" class="button small-button plain" onClick=${close}>${t("action.cancel")}</button>
    </div>
  </form>`;
}

export function LeadNumbers({ lead, writable, took }) {
  const place = `numbers of lead ${lead.id}`;
  const open = writtenAt(place) !== null;
  const begin = () => write(place, { numbers: lead.numbers.map(asSent), touched: false });
  const edit = writable && !open && html`<button type="button" class="button small-button plain" aria-label=${t("record.change", { what: t("lead.numbers") })} onClick=${begin}><${Icon} name="edit" size=${14} />${t("lead.change")}</button>`;
  return html`<${Card} title=${t("lead.numbers")} aside=${edit}>
    ${open ? html`<${Form} place=${place} lead=${lead} took=${took} />` : html`<${Shown} lead=${lead} />`}
  <//>`;
}
