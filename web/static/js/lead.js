// One lead: by which numbers and when he is dialled, why, and what became of every attempt.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, post } from "./api.js";
import { Became } from "./campaign_attempts.js";
import { dateTimeOf, logTimeOf, whole } from "./format.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { usePages } from "./list_pages.js";
import { LeadState } from "./lists.js";
import { may } from "./model.js";
import { Card, PhoneNumber } from "./parts.js";
import { personName, usePeople } from "./people.js";
import { Trouble } from "./record.js";
import { Table } from "./table.js";

const pathOf = (id, step = "") => `/api/leads/${encodeURIComponent(id)}${step && `/${step}`}`;

function Attempts({ lead }) {
  const { pages, more, again } = usePages(pathOf(lead.id, "attempts"), "");
  const columns = [
    [t("attempts.at"), (one) => html`<span class="figures">${logTimeOf(one.saved_at)}</span>`],
    [t("attempts.number"), (one) => html`<${PhoneNumber} number=${one.number} />`],
    [t("attempts.became"), (one) => html`<${Became} one=${one} />`],
    [t("board.agent"), (one) => html`<bdi>${one.agent && personName(one.agent)}</bdi>`],
    [t("attempts.call"), (one) => one.interaction && html`<a href=${`/history/${encodeURIComponent(one.interaction)}`}>${t("attempts.look")}</a>`],
  ];
  return html`<${Card} title=${t("campaign_part.attempts")}>
    ${pages.state === "trouble"
      ? html`<${Trouble} refusal=${pages.refusal} gone=${t("error.load")} again=${again} />`
      : html`<${Table} label=${t("campaign_part.attempts")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} empty=${t(pages.state === "loading" ? "history.loading" : "attempts.none")} />`}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
  <//>`;
}

function Numbers({ lead }) {
  const columns = [
    [t("attempts.number"), (one) => html`<${PhoneNumber} number=${one.number} />`],
    [t("lead.kind"), (one) => html`<bdi>${one.kind || "–"}</bdi>`],
    [t("lead.next"), (one) => (one.next ? t("value.yes") : "")],
    [t("lead.zones"), (one) => html`<bdi class="whole">${one.zones.join(", ") || t("lead.no_zone")}</bdi>`],
  ];
  const rows = lead.numbers.map((each, place) => ({ ...each, next: place === lead.next_number }));
  return html`<${Card} title=${t("lead.numbers")}><${Table} label=${t("lead.numbers")} columns=${columns} rows=${rows} keyOf=${(one) => one.number} empty=${t("lead.no_number")} /><//>`;
}

export function LeadPage({ id }) {
  usePeople();
  const [lead, setLead] = useState(null);
  const [trouble, setTrouble] = useState(null);
  const load = () => get(pathOf(id)).then(setLead, setTrouble);
  useEffect(() => void load(), []);
  document.title = `${lead?.name || t("lists.leads")} · contactcenter`;
  if (trouble) return html`<div class="page"><${Trouble} refusal=${trouble} gone=${t("lead.gone")} again=${load} /></div>`;
  if (!lead) return html`<div class="page"><p class="empty">${t("history.loading")}</p></div>`;
  const step = (name) => act(`lead ${id}`, async () => setLead(await post(pathOf(id, name), {})), name);
  const button = (name) => html`<button type="button" class="button" disabled=${!online()} aria-busy=${pending(`lead ${id}`)} onClick=${() => step(name)}>${t(`lead_step.${name}`)}</button>`;
  const fact = (label, value) => html`<div key=${label} class="fact"><span class="fact-label">${label}</span><span class="fact-value">${value}</span></div>`;
  return html`<div class="page">
    <div class="page-title"><h1 dir="auto">${lead.name || t("lead.nameless")}</h1>
      <div class="page-actions">${may("leads.write") && (lead.state === "closed" || lead.state === "held" ? button("reopen") : button("close"))}</div>
    </div>
    <${Card} title=${t("board.state")}>
      <div class="body facts">
        ${fact(t("board.state"), html`<${LeadState} one=${lead} />`)}
        ${lead.state === "due" && fact(t("lead.due"), dateTimeOf(lead.due_at))}
        ${fact(t("lead.priority"), whole(lead.priority))}
        ${lead.owner && fact(t("campaign.whose"), html`<bdi>${personName(lead.owner)}</bdi>`)}
        ${lead.customer && may("customers.read") && fact(t("lead.customer"), html`<a href=${`/customers/${encodeURIComponent(lead.customer)}`}><bdi>${lead.customer_name || lead.customer}</bdi></a>`)}
        ${lead.consent && fact(t("lists.consent"), html`<bdi>${lead.consent}</bdi>${lead.consent_at !== null && html` <span class="small quiet">${dateTimeOf(lead.consent_at)}</span>`}`)}
        ${Object.entries(lead.fields).map(([name, value]) => fact(html`<bdi>${name}</bdi>`, html`<bdi>${value}</bdi>`))}
      </div>
    <//>
    <${Numbers} lead=${lead} />
    <${Attempts} lead=${lead} />
  </div>`;
}
