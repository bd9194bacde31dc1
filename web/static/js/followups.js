// What is to be done later: what is overdue, what today brings, what comes after; and one of them.

import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { online, pending } from "./actions.js";
import { get } from "./api.js";
import { Due, dueGroup, MomentInput } from "./due.js";
import { changedFollowups, changeFollowup, finish, followupAddress, giveUp, LATER, mayFollowUp, putOff, Recurs, recurrenceWords } from "./followup_parts.js";
import { FollowupDialog, NewFollowupButton } from "./followup_form.js";
import { dateTimeOf, dayTimeOf, momentOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { LinkedInteractions } from "./linked.js";
import { usePages } from "./list_pages.js";
import { go, me, reminders } from "./model.js";
import { ofRecord, ofRows, useNews } from "./news.js";
import { Card } from "./parts.js";
import { NOBODY, PersonChoice, personName, TeamChoice, teamTitle, usePeople, whose } from "./people.js";
import { requestAddress } from "./request_form.js";
import { steered } from "./rows.js";
import { Table } from "./table.js";
import { drop, write, writtenAt } from "./written.js";

const STATES = ["open", "done", "dropped"];
const GROUPS = ["overdue", "today", "later"];

/** Whose, of which team, how far; `owner` null: one's own, until another is chosen. */
const filters = signal({ owner: null, team: "", state: "open" });
const row = signal("");
/** What is asked in the row of a follow-up: `{id, what}`, `what` is `done`, `later` or `drop`. */
const asking = signal({ id: "", what: "" });

/** Where the focus was when something was asked: it goes back there. */
let asker = null;

function close() {
  asking.value = { id: "", what: "" };
  requestAnimationFrame(() => document.activeElement === document.body && asker?.isConnected && asker.focus());
}

export const customerAddress = (id) => `/customers/${encodeURIComponent(id)}`;

/** Of no customer, of one that is not seen, or the way to it. */
export function CustomerLink({ id, name }) {
  if (!id) return html`<span class="quiet">–</span>`;
  return name ? html`<a href=${customerAddress(id)}><bdi>${name}</bdi></a>` : html`<span class="quiet">${t("request.customer_hidden")}</span>`;
}

function DoneForm({ one }) {
  const field = useRef(null);
  const place = `result ${one.id}`;
  const text = writtenAt(place)?.text ?? "";
  useLayoutEffect(() => field.current.focus(), []);
  const send = async (event) => {
    event.preventDefault();
    if (!online()) return;
    if (await finish(one, text)) {
      drop(place);
      close();
    }
  };
  return html`<form class="row-form" onSubmit=${send}>
    <div class="field wide">
      <label for=${`done-${one.id}`}>${t("followup.result_of")}</label>
      <input ref=${field} class="input" id=${`done-${one.id}`} dir="auto" maxlength="4000" autocomplete="off" value=${text} onInput=${(event) => write(place, { text: event.target.value, touched: true })}
        onKeyDown=${(event) => event.key === "Enter" && (event.isComposing || event.keyCode === 229) && event.preventDefault()} />
    </div>
    <button class="button primary" disabled=${!online()} aria-busy=${pending(`followup ${one.id}`)}>${t("followup.done")}<kbd>⏎</kbd></button>
    <button type="button" class="button" onClick=${close}>${t("action.cancel")}</button>
  </form>`;
}

/** Times to choose from, and any other. */
export function LaterForm({ one, choose, cancel }) {
  const box = useRef(null);
  const [moment, setMoment] = useState(null);
  useLayoutEffect(() => box.current.querySelector("button").focus(), []);
  const send = (event) => {
    event.preventDefault();
    if (moment !== null && online()) choose(moment);
  };
  return html`<form ref=${box} class="row-form" onSubmit=${send}>
    <div class="quick" role="group" aria-label=${t("followup.later")}>
      ${LATER().map(([words, at]) => html`<button key=${words} type="button" class="button small-button" disabled=${!online()} title=${dateTimeOf(at)} onClick=${() => choose(at)}>${words}</button>`)}
    </div>
    <div class="field"><label for=${`later-${one.id}`}>${t("later.other")}</label><${MomentInput} id=${`later-${one.id}`} value=${moment} set=${setMoment} /></div>
    <button class="button" disabled=${moment === null || !online()}>${t("followup.move")}</button>
    <button type="button" class="button plain" onClick=${cancel}>${t("action.cancel")}</button>
  </form>`;
}

function DropForm({ one }) {
  const button = useRef(null);
  useLayoutEffect(() => button.current.focus(), []);
  const send = async (event) => {
    event.preventDefault();
    if (await giveUp(one)) close();
  };
  return html`<form class="row-form" onSubmit=${send}>
    <p class="wide">${t(one.recurrence ? "followup.drop_series" : "followup.drop_sure")}</p>
    <button ref=${button} class="button danger" disabled=${!online()} aria-busy=${pending(`followup ${one.id}`)}>${t("followup.drop")}</button>
    <button type="button" class="button" onClick=${close}>${t("action.cancel")}</button>
  </form>`;
}

function Asked({ one }) {
  const { what } = asking.value;
  const escape = (event) => {
    if (event.key !== "Escape") return;
    close();
    event.stopPropagation();
  };
  const later = async (at) => (await putOff(one, at)) && close();
  return html`<div class="asked" onKeyDown=${escape}>
    ${what === "done" ? html`<${DoneForm} one=${one} />` : what === "later" ? html`<${LaterForm} one=${one} choose=${later} cancel=${close} />` : html`<${DropForm} one=${one} />`}
  </div>`;
}

function ask(one, what) {
  if (asking.value.id === one.id && asking.value.what === what) close();
  else {
    if (!asking.value.id) asker = document.activeElement;
    asking.value = { id: one.id, what };
  }
}

function Acts({ one }) {
  const button = (what, label, icon = "") => html`<button type="button" class="button small-button" aria-expanded=${asking.value.id === one.id && asking.value.what === what}
    aria-label=${t("followup.act_of", { act: label, title: one.title })} disabled=${!online()} onClick=${() => ask(one, what)}>${icon && html`<${Icon} name=${icon} size=${16} />`}${label}</button>`;
  return html`<div class="acts">${button("done", t("followup.done"), "check")}${button("later", t("followup.later"))}${button("drop", t("followup.drop"))}</div>`;
}

function Rows({ items, state, label }) {
  const writes = mayFollowUp() && state === "open";
  const columns = [
    [t("request.due"), (one) => html`<${Due} moment=${one.due_at} over=${one.state !== "open"} />`],
    [
      t("followup.title"),
      (one) => html`<a class="strong" href=${followupAddress(one)} dir="auto">${one.title}</a>
        ${one.note && html`<div class="small quiet clamp" dir="auto">${one.note}</div>`}
        ${one.result && html`<div class="small clamp" dir="auto">${one.result}</div>`}
        <${Recurs} recurrence=${one.recurrence} />`,
    ],
    [t("customer.title"), (one) => html`<${CustomerLink} id=${one.customer} name=${one.customer_name} />`],
    [t("followup.whose"), (one) => html`<bdi class="whole">${whose(one)}</bdi>`],
    writes
      ? [t("followup.acts"), (one) => html`<${Acts} one=${one} />`]
      : [t("followup.ended"), (one) => html`<span class="figures">${one.done_at === null ? "–" : momentOf(one.done_at)}</span>`],
  ];
  const keys = (one) => ({ Enter: () => go(followupAddress(one)), ...(writes ? { D: () => ask(one, "done"), L: () => ask(one, "later"), X: () => ask(one, "drop") } : {}) });
  return html`<div class="due-table"><${Table} label=${label} columns=${columns} rows=${items} keyOf=${(one) => one.id} empty=""
    rowProps=${steered(row, (one) => one.id, keys)} below=${(one) => asking.value.id === one.id && html`<${Asked} one=${one} />`} /></div>`;
}

function Filters() {
  const set = (name) => (event) => (filters.value = { ...filters.value, [name]: event.target.value });
  const { owner, team, state } = filters.value;
  const any = ["", t("requests.any")];
  return html`<form class="filters" role="search" aria-label=${t("followups.filters")} onSubmit=${(event) => event.preventDefault()}>
    <div class="field">
      <label for="followups-owner">${t("followup.whose")}</label>
      <${PersonChoice} id="followups-owner" value=${owner ?? me.value.user} head=${[any, [NOBODY, t("people.nobody")]]} onChange=${set("owner")} />
    </div>
    <div class="field">
      <label for="followups-team">${t("request.team")}</label>
      <${TeamChoice} id="followups-team" value=${team} head=${[any, [NOBODY, t("people.no_team")]]} onChange=${set("team")} />
    </div>
    <div class="field">
      <label for="followups-state">${t("request.state")}</label>
      <select class="input" id="followups-state" value=${state} onChange=${set("state")}>
        ${STATES.map((code) => html`<option key=${code} value=${code}>${t(`followup_state.${code}`)}</option>`)}
      </select>
    </div>
  </form>`;
}

export function Followups() {
  usePeople();
  document.title = `${t("nav.followups")} · contactcenter`;
  const { owner, team, state } = filters.value;
  const asked = new URLSearchParams({ owner: owner ?? me.value.user, team, state, sort: state === "open" ? "due" : "updated" }).toString();
  // A reminder that comes or goes says that something is due.
  const turn = `${changedFollowups.value} ${[...reminders.value.keys()].join()}`;
  const { pages, more, again } = usePages("/api/followups", asked, { limit: 100, turn, concerns: ofRows("followup") });

  const groups = state === "open" ? GROUPS.map((group) => [group, t(`followups.${group}`), pages.items.filter((one) => dueGroup(one.due_at) === group)]) : [[state, t(`followup_state.${state}`), pages.items]];
  const body =
    pages.state === "trouble" && !pages.items.length
      ? html`<${Card} title=${t("nav.followups")}><div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div><//>`
      : !pages.items.length
        ? html`<${Card} title=${t("nav.followups")}><p class="empty" role="status">${pages.state === "loading" ? t("history.loading") : state === "open" ? t("followups.empty") : t("followups.none")}</p><//>`
        : groups.map(
            ([code, title, items]) =>
              items.length > 0 &&
              html`<${Card} key=${code} title=${title} data-due=${code} aside=${html`<span class="chip figures">${items.length}${pages.next && (code === "later" || state !== "open") ? "+" : ""}</span>`}>
                <${Rows} items=${items} state=${state} label=${title} />
              <//>`,
          );
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.followups")}</h1><div class="page-actions">${mayFollowUp() && html`<${NewFollowupButton} kind="primary" />`}</div></div>
    <${Filters} />
    ${body}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
    ${mayFollowUp() && state === "open" && pages.items.length > 0 && html`<p class="small quiet">${t("followups.keys")}</p>`}
  </div>`;
}

export function FollowupPage({ id }) {
  usePeople();
  const [found, setFound] = useState({ state: "loading" });
  const [editing, setEditing] = useState(false);
  const [again, setAgain] = useState(0);
  const load = async () => {
    try {
      const one = await get(`/api/followups/${encodeURIComponent(id)}`);
      // Two may be asked for at once, and the older answer come last.
      setFound((before) => (before.one?.version > one.version ? before : { state: "here", one }));
      setAgain((times) => times + 1);
    } catch (refusal) {
      setFound((before) => (before.one && ![403, 404].includes(refusal.status) ? before : { state: "trouble", refusal }));
    }
  };
  useEffect(() => {
    load();
  }, [id, changedFollowups.value]);
  useNews(ofRecord("followup", id, found.one?.customer), load);
  useEffect(() => () => void (asking.value = { id: "", what: "" }), [id]);
  document.title = `${found.one?.title ?? t("nav.followups")} · contactcenter`;
  const head = html`<div class="page-title"><h1 dir="auto">${found.one?.title ?? t("followup.one")}</h1><a class="button" href="/followups">${t("history.back")}</a></div>`;
  if (found.state === "loading") return html`<div class="page">${head}<p class="empty" role="status">${t("history.loading")}</p></div>`;
  if (found.state === "trouble") {
    const unknown = found.refusal.status === 404;
    return html`<div class="page">${head}<div class="empty" role="alert"><p>${t(unknown ? "followup.unknown" : "error.load")}</p>${!unknown && html`<button type="button" class="button" onClick=${load}>${t("action.again")}</button>`}</div></div>`;
  }
  const one = found.one;
  const writes = mayFollowUp();
  const facts = [
    ["request.state", t(`followup_state.${one.state}`)],
    ["request.due", html`<${Due} moment=${one.due_at} over=${one.state !== "open"} /> <span class="quiet small">${dateTimeOf(one.due_at)}</span>`],
    ["followup.remind", one.remind_at !== null && dayTimeOf(one.remind_at)],
    ["followup.recurs", one.recurrence && recurrenceWords(one.recurrence)],
    ["customer.title", one.customer && html`<${CustomerLink} id=${one.customer} name=${one.customer_name} />`],
    ["request.one", one.request && html`<a href=${requestAddress(one.request)}>${t("request.look")}</a>`],
    ["request.owner", one.owner && personName(one.owner)],
    ["request.team", one.team && teamTitle(one.team)],
    ["followup.planned_by", html`<span>${personName(one.created_by)} · ${dayTimeOf(one.created_at)}</span>`],
    ["followup.ended", one.done_at !== null && html`<span>${personName(one.done_by)} · ${dayTimeOf(one.done_at)}</span>`],
  ].filter(([, value]) => value);
  return html`<div class="page">
    ${head}
    ${writes && one.state === "open" && html`<div class="page-actions start">
      <${Acts} one=${one} />
      <button type="button" class="button small-button" disabled=${!online()} onClick=${() => setEditing(true)}><${Icon} name="edit" size=${16} />${t("action.edit")}</button>
    </div>`}
    ${writes && one.state === "dropped" && html`<div class="page-actions start"><button type="button" class="button" disabled=${!online()} onClick=${() => changeFollowup(one, { state: "open" })}>${t("followup.reopen")}</button></div>`}
    ${asking.value.id === one.id && html`<div class="card asked-card"><${Asked} one=${one} /></div>`}
    <div class="two">
      <${Card} title=${t("history.facts")}>
        <div class="body"><dl class="record">${facts.map(([key, value]) => html`<dt key=${`${key}-t`}>${t(key)}</dt><dd key=${`${key}-d`}>${value}</dd>`)}</dl></div>
      <//>
      <div class="column">
        <${Card} title=${t("followup.note")}><div class="body long-text" dir="auto">${one.note || html`<span class="quiet">–</span>`}</div><//>
        ${one.result && html`<${Card} title=${t("followup.result")}><div class="body long-text" dir="auto">${one.result}</div><//>`}
        <${LinkedInteractions} path=${`/api/followups/${encodeURIComponent(one.id)}/links`} again=${again} />
      </div>
    </div>
    ${editing && html`<${FollowupDialog} place=${`change ${one.id}`} one=${one} closed=${() => setEditing(false)} />`}
  </div>`;
}
