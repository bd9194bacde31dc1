// What was with a lead, the newest first: how he came, every attempt and what became of it, what was agreed on, and
// that he wants no calls.

import { useEffect, useState } from "preact/hooks";

import { get } from "./api.js";
import { changedAppointments } from "./appointment_parts.js";
import { campaignAddress, campaignPath } from "./campaign_parts.js";
import { dateTimeOf, lasting, logTimeOf } from "./format.js";
import { html } from "./html.js";
import { t, word } from "./language.js";
import { usePages } from "./list_pages.js";
import { may } from "./model.js";
import { Card, dispositionTitle, PhoneNumber } from "./parts.js";
import { personName } from "./people.js";
import { Trouble } from "./record.js";
import { Became } from "./campaign_attempts.js";

const AGAIN_MS = 15_000;

/** What is not paged: a lead has few of these. */
function useBeside(lead) {
  const [beside, setBeside] = useState({ appointments: [], entries: [] });
  const numbers = lead.numbers.map(({ number }) => number).filter(Boolean).join(" ");
  useEffect(() => {
    let gone = false;
    const quietly = (path) => get(path).catch(() => null);
    const agreed = may("appointments.read") ? quietly(`/api/appointments?${new URLSearchParams({ lead: lead.id, limit: 50 })}`) : null;
    const said = may("do_not_call.read") ? numbers.split(" ").filter(Boolean).map((number) => quietly(`/api/do-not-call/by-number?${new URLSearchParams({ number })}`)) : [];
    Promise.all([agreed, ...said]).then(([appointments, ...found]) => {
      if (!gone) setBeside({ appointments: appointments?.items ?? [], entries: found.flatMap((one) => (one?.entry ? [one.entry] : [])) });
    });
    return () => (gone = true);
  }, [lead.id, lead.version, numbers, changedAppointments.value]);
  return beside;
}

/** Names of campaigns that are asked for once. */
function useCampaigns(attempts) {
  const [names, setNames] = useState({});
  const ids = [...new Set(attempts.map(({ campaign }) => campaign))].join(" ");
  useEffect(() => {
    let gone = false;
    if (!may("campaigns.read")) return undefined;
    const read = ids.split(" ").filter(Boolean).map((id) => get(campaignPath(id)).then((one) => [id, one.name], () => null));
    Promise.all(read).then((all) => !gone && setNames(Object.fromEntries(all.filter(Boolean))));
    return () => (gone = true);
  }, [ids]);
  return names;
}

function Attempt({ one, names }) {
  const talked = one.joined_at !== null && one.ended_at !== null ? lasting(one.ended_at - one.joined_at) : "";
  const facts = [
    html`<${PhoneNumber} number=${one.number} />`,
    names[one.campaign] && html`<a href=${campaignAddress({ id: one.campaign })} dir="auto">${names[one.campaign]}</a>`,
    one.agent && html`<bdi>${personName(one.agent)}</bdi>`,
    talked && t("timeline.talked", { time: talked }),
    one.disposition && dispositionTitle(one.disposition),
    one.interaction && html`<a href=${`/history/${encodeURIComponent(one.interaction)}`}>${t("history.one")}</a>`,
  ].filter(Boolean);
  return html`<span><strong><${Became} one=${one} /></strong></span>
    <p class="small quiet">${facts.map((fact, place) => html`${place > 0 && " · "}<span key=${place}>${fact}</span>`)}</p>`;
}

function Agreed({ one }) {
  return html`<span><strong>${t("lead_course.agreed", { at: dateTimeOf(one.at) })}</strong> <span class="small quiet">${word("appointment_state", one.state)}</span></span>
    <p class="small quiet">${one.owner ? personName(one.owner) : t("appointment.anyone")}${one.note && html` · <bdi>${one.note}</bdi>`}</p>`;
}

function NoCalls({ one }) {
  return html`<span><strong>${t("lead_course.no_calls")}</strong></span>
    <p class="small quiet"><${PhoneNumber} number=${one.number} /> · ${t(`no_calls_source.${one.source}`)}${one.login && html` · <bdi>${personName(one.login)}</bdi>`}${one.reason && html` · <bdi>${one.reason}</bdi>`}</p>`;
}

export function LeadCourse({ lead }) {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && setTurn((before) => before + 1), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const { pages, more, again } = usePages(`/api/leads/${encodeURIComponent(lead.id)}/attempts`, "", { turn: `${turn} ${lead.version}` });
  const { appointments, entries } = useBeside(lead);
  const names = useCampaigns(pages.items);
  const told = [
    ...pages.items.map((one) => ({ key: one.id, at: one.saved_at, kind: "attempt", shows: html`<${Attempt} one=${one} names=${names} />` })),
    ...appointments.map((one) => ({ key: one.id, at: one.created_at, kind: "agreed", shows: html`<${Agreed} one=${one} />` })),
    ...entries.map((one) => ({ key: one.id, at: one.at, kind: "no_calls", shows: html`<${NoCalls} one=${one} />` })),
    { key: "made", at: lead.created_at, kind: "made", shows: html`<span><strong>${t("lead_course.made")}</strong> ${lead.created_by && html`<bdi class="quiet">${personName(lead.created_by)}</bdi>`}</span>` },
  ].sort((a, b) => b.at - a.at);
  // What is older than the last attempt that is shown stands behind those that are not read yet.
  const last = pages.next ? pages.items.at(-1).saved_at : -Infinity;
  const shown = told.filter(({ at }) => at >= last);
  return html`<${Card} title=${t("lead_course.title")}>
    ${pages.state === "trouble"
      ? html`<${Trouble} refusal=${pages.refusal} gone=${t("error.load")} again=${again} />`
      : pages.state === "loading"
        ? html`<p class="empty" role="status">${t("history.loading")}</p>`
        : html`<ol class="timeline course" aria-label=${t("lead_course.title")}>
            ${shown.map(({ key, at, kind, shows }) => html`<li key=${`${kind} ${key}`} data-step=${kind}><span class="quiet figures small">${logTimeOf(at)}</span><div class="detail">${shows}</div></li>`)}
          </ol>`}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
  <//>`;
}
