// Lists of leads: how many are in which state, the file that fills one, and who is on it.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, post } from "./api.js";
import { momentOf, whole } from "./format.js";
import { html } from "./html.js";
import { t, word } from "./language.js";
import { usePages } from "./list_pages.js";
import { go, may, me } from "./model.js";
import { Card, Dialog, PhoneNumber } from "./parts.js";
import { personName, usePeople, whose } from "./people.js";
import { Trouble } from "./record.js";
import { Refused } from "./refused.js";
import { Table } from "./table.js";
import { FilePicker, Uploads, useUploads } from "./upload.js";

/** The states of leads, with the look of their part of the picture. */
const STATES = { closed: "done", leased: "going", due: "due", held: "held" };
const listAddress = ({ id }) => `/lists/${encodeURIComponent(id)}`;
export const leadAddress = ({ id }) => `/leads/${encodeURIComponent(id)}`;

export const LeadState = ({ one }) => html`<span data-lead-state=${one.state}>${t(`lead_state.${one.state}`)}</span>${one.why && html` <span class="small quiet"><bdi>${word("lead_why", one.why)}</bdi></span>`}`;

/** How far a list is, as parts of one bar with a legend. */
function Counts({ counts, label }) {
  const known = Object.keys(STATES).filter((state) => counts[state] > 0);
  if (!known.length) return html`<p class="empty">${t("lists.no_leads")}</p>`;
  return html`<figure class="shares penetration">
    <div class="shares-bar" aria-hidden="true">${known.map((state) => html`<i key=${state} data-lead=${STATES[state]} style=${{ flexGrow: counts[state] }}></i>`)}</div>
    <ul class="shares-legend" aria-label=${label}>
      ${known.map((state) => html`<li key=${state}><i data-lead=${STATES[state]} aria-hidden="true"></i><span>${t(`lead_state.${state}`)}</span><strong class="figures">${whole(counts[state])}</strong></li>`)}
    </ul>
  </figure>`;
}

function NewList({ close }) {
  const [name, setName] = useState("");
  const [consent, setConsent] = useState("");
  const [refusal, setRefusal] = useState(null);
  const make = async () => {
    try {
      go(listAddress(await post("/api/lists", { name: name.trim(), consent: consent.trim() })));
      close();
    } catch (problem) {
      setRefusal(problem);
    }
  };
  const send = (event) => {
    event.preventDefault();
    if (name.trim() && online()) act("new list", make, name);
  };
  return html`<form class="new-form" onSubmit=${send}>
    <div class="field"><label for="new-list-name">${t("campaign.name")}</label>
      <input class="input" id="new-list-name" autofocus required maxlength="120" autocomplete="off" dir="auto" value=${name} onInput=${(event) => setName(event.target.value)} /></div>
    <div class="field"><label for="new-list-consent">${t("lists.consent")}</label>
      <input class="input" id="new-list-consent" maxlength="500" autocomplete="off" dir="auto" value=${consent} onInput=${(event) => setConsent(event.target.value)} aria-describedby="new-list-hint" />
      <p class="small quiet hint" id="new-list-hint">${t("lists.consent_hint")}</p></div>
    <${Refused} refusal=${refusal} id="new-list-wrong" />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${close}>${t("action.discard")}</button>
      <button class="button primary" disabled=${!online() || !name.trim()} aria-busy=${pending("new list")}>${t("lists.make")}</button>
    </div>
  </form>`;
}

export function Lists() {
  document.title = `${t("nav.lists")} · contactcenter`;
  usePeople();
  const [making, setMaking] = useState(false);
  const { pages, more, again } = usePages("/api/lists", "");
  const columns = [
    [t("campaign.name"), (one) => html`<a class="strong" href=${listAddress(one)} dir="auto">${one.name}</a>`],
    ...Object.keys(STATES).map((state) => [t(`lead_state.${state}`), (one) => whole(one.counts[state]), true]),
    [t("campaign.whose"), (one) => html`<bdi class="whole">${whose(one)}</bdi>`],
    [t("request.updated"), (one) => html`<span class="figures">${momentOf(one.updated_at)}</span>`],
  ];
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.lists")}</h1>
      <div class="page-actions">${may("leads.import") && html`<button type="button" class="button strong" disabled=${!online()} onClick=${() => setMaking(true)}>${t("lists.new")}</button>`}</div>
    </div>
    <${Card} title=${t("nav.lists")}>
      ${pages.state === "trouble"
        ? html`<${Trouble} refusal=${pages.refusal} gone=${t("error.load")} again=${again} />`
        : html`<${Table} label=${t("nav.lists")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} empty=${t(pages.state === "loading" ? "history.loading" : "lists.none")} />`}
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
    <//>
    ${making && html`<${Dialog} kind="wide-dialog" id="new-list-title" title=${t("lists.new")} closed=${() => setMaking(false)}>${(close) => html`<${NewList} close=${close} />`}<//>`}
  </div>`;
}

function Leads({ list }) {
  const [state, setState] = useState("");
  const query = new URLSearchParams({ list: list.id, ...(state && { state }) }).toString();
  const { pages, more, again } = usePages("/api/leads", query);
  const columns = [
    [t("campaign.name"), (one) => html`<a href=${leadAddress(one)}><bdi>${one.name || t("lead.nameless")}</bdi></a>`],
    [t("attempts.number"), (one) => (one.numbers[0] ? html`<${PhoneNumber} number=${one.numbers[0].number} />` : "–")],
    [t("board.state"), (one) => html`<${LeadState} one=${one} />`],
    [t("lead.priority"), (one) => whole(one.priority), true],
    [t("lead.due"), (one) => (one.state === "due" ? html`<span class="figures">${momentOf(one.due_at)}</span>` : "–")],
    [t("campaign.whose"), (one) => html`<bdi>${one.owner && personName(one.owner)}</bdi>`],
  ];
  const segment = (value, title) => html`<button key=${value} type="button" class="segment" aria-pressed=${state === value} onClick=${() => setState(value)}>${title}</button>`;
  const aside = html`<div class="segments many" role="group" aria-label=${t("board.state")}>${segment("", t("lists.all"))}${Object.keys(STATES).map((each) => segment(each, t(`lead_state.${each}`)))}</div>`;
  return html`<${Card} title=${t("lists.leads")} aside=${aside}>
    ${pages.state === "trouble"
      ? html`<${Trouble} refusal=${pages.refusal} gone=${t("error.load")} again=${again} />`
      : html`<${Table} label=${t("lists.leads")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} empty=${t(pages.state === "loading" ? "history.loading" : "lists.no_leads")} />`}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
  <//>`;
}

export function ListPage({ id }) {
  usePeople();
  const [list, setList] = useState(null);
  const [trouble, setTrouble] = useState(null);
  const load = () => get(`/api/lists/${encodeURIComponent(id)}`).then(setList, setTrouble);
  useEffect(() => void load(), []);
  const uploads = useUploads({
    pathOf: (file) => `/api/lists/${encodeURIComponent(id)}/imports?${new URLSearchParams({ name: file.name })}`,
    most: me.value.import_bytes,
    sent: (one) => go(`/imports/${one.id}`),
  });
  document.title = `${list?.name ?? t("nav.lists")} · contactcenter`;
  if (trouble) return html`<div class="page"><${Trouble} refusal=${trouble} gone=${t("lists.gone")} again=${load} /></div>`;
  if (!list) return html`<div class="page"><p class="empty">${t("history.loading")}</p></div>`;
  const sending = uploads.items.some((item) => item.state !== "refused");
  return html`<div class="page">
    <div class="page-title"><h1 dir="auto">${list.name}</h1></div>
    <${Card} title=${t("lists.how_far")}>
      <div class="body"><${Counts} counts=${list.counts} label=${t("lists.how_far")} />
        ${list.consent && html`<p class="small quiet">${t("lists.consent")}: <bdi>${list.consent}</bdi></p>`}</div>
    <//>
    ${may("leads.import") &&
    html`<${Card} title=${t("lists.fill")}>
      <div class="body">
        <${FilePicker} id="lead-file" label=${t("imports.choose")} hint=${t("lists.file_hint")} accept=".csv,.tsv,.txt,.xlsx" disabled=${sending} onFiles=${uploads.add} />
        <${Uploads} uploads=${uploads} />
      </div>
    <//>`}
    ${may("leads.read") && html`<${Leads} list=${list} />`}
  </div>`;
}
