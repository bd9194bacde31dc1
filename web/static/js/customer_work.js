// What is to be done for a customer: requests, follow-ups, and calls on campaigns' lists.

import { Due, Priority } from "./due.js";
import { Recurs } from "./followup_parts.js";
import { momentOf } from "./format.js";
import { html } from "./html.js";
import { t, word } from "./language.js";
import { leadAddress, LeadState } from "./lead_parts.js";
import { usePages } from "./list_pages.js";
import { PhoneNumber } from "./parts.js";
import { personName, teamTitle } from "./people.js";
import { DONE, RequestState } from "./request_parts.js";
import { Table } from "./table.js";

function List({ of, label, columns, none }) {
  const { pages, more, again } = of;
  return html`${pages.state === "trouble"
      ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`
      : html`<${Table} label=${label} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} empty=${pages.state === "loading" ? t("history.loading") : none} />`}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}`;
}

export function CustomerLeads({ customer, turn }) {
  const of = usePages("/api/leads", `customer=${encodeURIComponent(customer.id)}`, { limit: 30, turn });
  const columns = [
    [t("lead.one"), (one) => html`<a href=${leadAddress(one)}><bdi>${one.name || t("lead.nameless")}</bdi></a>`],
    [t("attempts.number"), (one) => (one.numbers[0] ? html`<${PhoneNumber} number=${one.numbers[0].number} />` : "–")],
    [t("request.state"), (one) => html`<${LeadState} one=${one} />`],
    [t("lead_field.due_at"), (one) => (one.state === "due" ? html`<span class="figures">${momentOf(one.due_at)}</span>` : "–")],
    [t("lead_field.owner"), (one) => (one.owner ? html`<bdi>${personName(one.owner)}</bdi>` : "–")],
  ];
  return html`<${List} of=${of} label=${t("nav.leads")} columns=${columns} none=${t("customer.no_leads")} />`;
}

const has = ({ owner, team }) => [owner && personName(owner), team && teamTitle(team)].filter(Boolean).join(" · ");

export function CustomerRequests({ customer, turn }) {
  const of = usePages("/api/requests", `customer=${encodeURIComponent(customer.id)}`, { limit: 30, turn });
  const columns = [
    [t("request.one"), (one) => html`<a href=${`/requests/${encodeURIComponent(one.id)}`}><span class="figures">${one.number}</span> <bdi>${one.subject}</bdi></a>`],
    [t("request.state"), (one) => html`<${RequestState} state=${one.state} />`],
    [t("request.priority"), (one) => html`<${Priority} level=${one.priority} />`],
    [t("request.due"), (one) => html`<${Due} moment=${one.due_at} over=${DONE.includes(one.state)} />`],
    [t("customer.owner"), has],
  ];
  return html`<${List} of=${of} label=${t("nav.requests")} columns=${columns} none=${t("customer.no_requests")} />`;
}

export function CustomerFollowups({ customer, turn }) {
  const of = usePages("/api/followups", `state=any&customer=${encodeURIComponent(customer.id)}`, { limit: 30, turn });
  const columns = [
    [t("followup.title"), (one) => html`<a href=${`/followups/${encodeURIComponent(one.id)}`}><bdi>${one.title}</bdi></a> <${Recurs} recurrence=${one.recurrence} />`],
    [t("request.state"), (one) => word("followup_state", one.state)],
    [t("request.due"), (one) => html`<${Due} moment=${one.due_at} over=${one.state !== "open"} />`],
    [t("customer.owner"), has],
  ];
  return html`<${List} of=${of} label=${t("nav.followups")} columns=${columns} none=${t("customer.no_followups")} />`;
}
