// What happened: the list of interactions, and one of them with its timeline.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { useAddress } from "./address.js";
import { get, put } from "./api.js";
import { sureness } from "./customer.js";
import { CustomerChoice } from "./customer_choice.js";
import { MomentInput } from "./due.js";
import { changedFollowups, followupAddress, mayFollowUp } from "./followup_parts.js";
import { NewFollowupButton } from "./followup_form.js";
import { customerAddress } from "./followups.js";
import { clock, dateTimeOf, lasting, momentOf, share, timeOf } from "./format.js";
import { html } from "./html.js";
import { language, t, word } from "./language.js";
import { Icon } from "./icons.js";
import { usePages } from "./list_pages.js";
import { go, may, me, toast } from "./model.js";
import { ofRecord, ofRows, useNews } from "./news.js";
import { PersonChoice, personName, usePeople } from "./people.js";
import { changedRequests, mayWrite, RequestState } from "./request_parts.js";
import { NewRequestButton, requestAddress } from "./request_form.js";
import { steered } from "./rows.js";
import { Card, Dialog, dispositionTitle, PhoneNumber, queueTitle, reasonTitle } from "./parts.js";
import { Recordings } from "./player.js";
import { Table } from "./table.js";

const outcomeOf = (one) => (one.disposition ? dispositionTitle(one.disposition.code) : one.outcome ? word("outcome", one.outcome) : t("history.open"));

const PAUSE_MS = 200;

function Trouble({ refusal, again }) {
  return html`<div class="empty" role="alert">
    <p>${refusal.status === 404 ? t("history.unknown") : t("error.load")}</p>
    ${refusal.status !== 404 && html`<button type="button" class="button" onClick=${again}>${t("action.again")}</button>`}
  </div>`;
}

const OUTCOMES = ["answered", "abandoned", "abandoned_in_ivr", "callback", "message", "self_served", "timeout", "no_agents", "full", "closed", "failed"];
const NONE = { queue: "", agent: "", outcome: "", customer: "", since: "", until: "" };
const filters = signal(NONE);
const isFiltered = () => Object.values(filters.value).some(Boolean);

/** Who it was, as far as anybody knows: the customer, with the way to him, or what the network says. */
function Who({ one }) {
  if (one.customer_name) return html`<a href=${customerAddress(one.customer)}><bdi>${one.customer_name}</bdi></a> <span class="quiet small"><${PhoneNumber} number=${one.caller} /></span>`;
  return html`<bdi>${one.caller_name}</bdi> <${PhoneNumber} number=${one.caller} />`;
}

const address = (one) => `/history/${encodeURIComponent(one.id)}`;

function Filters() {
  const put = (name, value) => (filters.value = { ...filters.value, [name]: value });
  const set = (name) => (event) => put(name, event.target.value);
  const any = ["", t("requests.any")];
  const field = (name, label, control) => html`<div class="field"><label for=${`history-${name}`}>${label}</label>${control}</div>`;
  const choice = (name, options) => html`<select class="input" id=${`history-${name}`} value=${filters.value[name]} onChange=${set(name)}>
    ${[any, ...options].map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}
  </select>`;
  const moment = (name) => html`<${MomentInput} id=${`history-${name}`} value=${filters.value[name] === "" ? null : Number(filters.value[name])} set=${(at) => put(name, at === null ? "" : String(at))} />`;
  return html`<form class="filters history-filters" role="search" aria-label=${t("history.filters")} onSubmit=${(event) => event.preventDefault()}>
    ${field("queue", t("board.queue"), choice("queue", me.value.queue_titles.map(({ code }) => [code, queueTitle(code)])))}
    ${me.value.scopes.interaction !== "own" && field("agent", t("board.agent"), html`<${PersonChoice} id="history-agent" value=${filters.value.agent} head=${[any]} onChange=${set("agent")} />`)}
    ${field("outcome", t("history.outcome"), choice("outcome", OUTCOMES.map((code) => [code, word("outcome", code)])))}
    ${field("since", t("history.since"), moment("since"))}
    ${field("until", t("history.until"), moment("until"))}
    ${filters.value.customer &&
    html`<div class="field"><span class="legend">${t("customer.title")}</span><button type="button" class="button" onClick=${() => put("customer", "")}>${t("requests.one_customer")}<${Icon} name="close" size=${14} /></button></div>`}
    <button type="button" class="button" disabled=${!isFiltered()} onClick=${() => (filters.value = NONE)}>${t("audit.clear")}</button>
  </form>`;
}

const row = signal("");

export function History() {
  document.title = `${t("nav.history")} · contactcenter`;
  usePeople();
  useAddress("/history", filters.value, (given) => (filters.value = Object.fromEntries(Object.keys(NONE).map((name) => [name, given(name)]))));
  const asked = new URLSearchParams(Object.entries(filters.value).filter(([, value]) => value)).toString();
  const { pages, more, again } = usePages("/api/interactions", asked, { pause: PAUSE_MS, concerns: ofRows("interaction") });

  const columns = [
    [t("history.when"), (one) => html`<a class="figures" href=${address(one)}>${momentOf(one.arrived_at)}</a>`],
    [t("history.channel"), (one) => html`<span class="channel"><${Icon} name="phone" size=${16} />${word("channel", one.channel)}${one.direction === "outbound" ? ` · ${t("history.outbound")}` : ""}</span>`],
    [t("board.caller"), (one) => html`<${Who} one=${one} />`],
    [t("board.queue"), (one) => queueTitle(one.queue)],
    [t("board.agent"), (one) => html`<bdi class="whole">${one.agent && personName(one.agent)}</bdi>`],
    [t("history.outcome"), outcomeOf],
    [t("history.waited"), (one) => lasting(one.waited_s), true],
    [t("history.talked"), (one) => lasting(one.talked_s), true],
    [t("history.recording"), (one) => (one.recorded ? html`<a href=${address(one)} aria-label=${t("history.listen_to", { at: momentOf(one.arrived_at) })}><span class="channel"><${Icon} name="play" size=${16} />${t("history.recorded")}</span></a>` : html`<span class="quiet">–</span>`)],
  ];
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.history")}</h1></div>
    <${Filters} />
    <${Card} title=${t("history.newest")}>
      ${pages.state === "trouble"
        ? html`<${Trouble} refusal=${pages.refusal} again=${again} />`
        : html`<${Table} label=${t("nav.history")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id}
            empty=${pages.state === "loading" ? t("history.loading") : t(isFiltered() ? "history.none_fit" : "history.empty")}
            rowProps=${steered(row, (one) => one.id, (one) => ({ Enter: () => go(address(one)) }))} />`}
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
    <//>
  </div>`;
}

/** What a step was about, from its detail, in words. */
function about({ kind, detail, [language.value]: said }) {
  if (said) return said;
  if (kind === "offered") return t("step.offered.about", { agent: detail.agent, phone: detail.phone });
  if (kind === "queued" || kind === "left_queue") return queueTitle(detail.queue ?? "");
  if (kind === "taken") return t("step.taken.about", { agent: detail.agent, by: detail.by });
  if (kind === "priority") return t("step.priority.about", { by: detail.by, minutes: detail.minutes });
  if (kind === "missed") return `${detail.agent} · ${reasonTitle(detail.reason)}`;
  if (kind === "disposition" || kind === "correction") return dispositionTitle(detail.code);
  if (kind === "parted") return lasting(detail.talked_s ?? 0);
  if (kind === "wrapped_up") return lasting(detail.wrapped_s ?? 0);
  if (kind === "identified") return detail.confidence ? `${t(`match.${detail.method}`)} · ${sureness(detail.confidence)}` : t(`match.${detail.method}`);
  if (kind === "customer_chosen") return `${t(`match.${detail.method}`)} · ${personName(detail.by)}`;
  if (kind === "assigned") return personName(detail.login);
  if (kind === "customer_chosen") return detail.by;
  if (kind === "ended") return word("outcome", detail.outcome);
  if (kind.startsWith("monitor_")) {
    const reason = detail.reason && word("monitor_end", detail.reason);
    return [detail.name, detail.mode && t(`monitor.${detail.mode}`), reason].filter(Boolean).join(" · ");
  }
  if (kind === "recording_notice") return word("recording_notice", detail.answer);
  if (kind === "not_recorded") return word("recording_why", detail.why);
  if (kind === "recording_paused") return t("step.recording_paused.about", { by: detail.by, from: clock(detail.begin_s) });
  if (kind === "recording_resumed") return t("step.recording_resumed.about", { by: detail.by || t("step.by_itself"), from: clock(detail.begin_s), to: clock(detail.end_s) });
  if (kind === "recorded") return "";
  if (kind === "message_left") return lasting(detail.seconds ?? 0);
  if (kind === "language") return word("language", detail.language);
  return Object.values(detail).filter((value) => value !== "" && value !== null && typeof value !== "boolean").join(" · ");
}

/** The offer as it was decided, if this step is one: with its reasons in words. */
function decisionOf(step, decisions) {
  return decisions.find((each) => each.kind === step.kind && each.at === step.at) ?? step;
}

function Timeline({ steps }) {
  if (!steps.length) return html`<p class="empty">${t("history.no_steps")}</p>`;
  return html`<ol class="timeline">
    ${steps.map(
      (step, place) => html`<li key=${place}>
        <span class="quiet figures">${timeOf(step.at)}</span>
        <span class="detail"><strong>${word("step", step.kind)}</strong> <span class="quiet">${about(step)}</span></span>
      </li>`,
    )}
  </ol>`;
}

/** Who had the caller, one after the other, and what each told the next. */
function Parts({ parts }) {
  const columns = [
    [t("history.who"), (part) => (part.agent ? html`<strong>${part.agent}</strong>` : html`<${PhoneNumber} number=${part.number} />`)],
    [t("board.queue"), (part) => queueTitle(part.queue)],
    [t("history.from"), (part) => html`<span class="figures">${timeOf(part.joined_at)}</span>`],
    [t("history.length"), (part) => (part.parted_at === null ? t("history.goes_on") : lasting(part.talked_s ?? 0)), true],
    [t("outcome.note"), (part) => part.note || "–"],
  ];
  return html`<${Card} title=${t("history.parts")}><${Table} label=${t("history.parts")} columns=${columns} rows=${parts} keyOf=${(part) => part.joined_at} empty="" /><//>`;
}

/** Whose it was, how that is known, and how sure it is: in words. */
function Recognised({ one }) {
  const name = one.customer_name
    ? html`<a href=${customerAddress(one.customer)}><bdi>${one.customer_name}</bdi></a>`
    : one.customer
      ? html`<span class="quiet">${t("request.customer_hidden")}</span>`
      : html`<span>${t("history.nobody")}</span>`;
  const sure = one.customer && one.match !== "chosen" && one.match !== "created" ? t("history.sure", { how: sureness(one.confidence), share: share(one.confidence) }) : "";
  return html`${name}<div class="small quiet">${t(`match.${one.match}`)}${sure && ` · ${sure}`}</div>`;
}

/** Requests and follow-ups that came of it. */
function Came({ one }) {
  const from = { interaction: one.id, ...(one.customer_name ? { customer: { id: one.customer, name: one.customer_name } } : {}) };
  const aside = html`<span class="page-actions">
    ${mayWrite() && one.customer && html`<${NewRequestButton} kind="small-button" place=${`request interaction ${one.id}`} from=${from} />`}
    ${mayFollowUp() && html`<${NewFollowupButton} kind="small-button" place=${`followup interaction ${one.id}`} from=${from} />`}
  </span>`;
  return html`<${Card} title=${t("history.came")} aside=${aside}>
    ${!one.links.length
      ? html`<p class="empty">${t("history.came_nothing")}</p>`
      : html`<ul class="past">
          ${one.links.map((each) =>
            each.kind === "request"
              ? html`<li key=${each.id}><a href=${requestAddress(each.id)} dir="auto">${each.title}</a><span class="line small"><span class="quiet figures">${t("request.one")} ${each.number}</span><${RequestState} state=${each.state} /></span></li>`
              : html`<li key=${each.id}><a href=${followupAddress(each)} dir="auto">${each.title}</a><span class="line small"><span class="quiet">${t("followup.one")}</span>${t(`followup_state.${each.state}`)}</span></li>`,
          )}
        </ul>`}
  <//>`;
}

function OtherCustomer({ one, again, closed }) {
  const choose = (close) => async (customer) => {
    if (!customer) return;
    const done = await act("customer", () => put(`/api/interactions/${encodeURIComponent(one.id)}/customer`, { customer: customer.id }), customer.id);
    if (done) toast(t("history.whose", { name: customer.name }));
    again();
    close();
  };
  return html`<${Dialog} kind="other-customer" id="other-customer-title" title=${t("history.choose_customer")} closed=${closed}>
    ${(close) => html`<${CustomerChoice} id="other-customer" autofocus value=${null} except=${one.customer} choose=${choose(close)} />`}
  <//>`;
}

export function InteractionPage({ id }) {
  usePeople();
  const [choosing, setChoosing] = useState(false);
  const [found, setFound] = useState({ state: "loading" });
  const load = async () => {
    try {
      setFound({ state: "here", one: await get(`/api/interactions/${encodeURIComponent(id)}`) });
    } catch (refusal) {
      setFound((before) => (before.one && ![403, 404].includes(refusal.status) ? before : { state: "trouble", refusal }));
    }
  };
  useEffect(() => {
    load();
  }, [id, changedRequests.value, changedFollowups.value]);
  const came = (hint) => ["request", "followup"].includes(hint.kind) && found.one?.links.some((each) => each.id === hint.id) && "now";
  useNews((hint) => came(hint) || ofRecord("interaction", id, found.one?.customer)(hint), load);

  document.title = `${t("history.one")} · contactcenter`;
  const head = html`<div class="page-title"><h1>${t("history.one")}</h1><a class="button" href="/history">${t("history.back")}</a></div>`;
  if (found.state === "loading") return html`<div class="page">${head}<p class="empty">${t("history.loading")}</p></div>`;
  if (found.state === "trouble") return html`<div class="page">${head}<${Trouble} refusal=${found.refusal} again=${load} /></div>`;

  const one = found.one;
  const facts = [
    ["history.when", dateTimeOf(one.arrived_at)],
    ["board.caller", html`${one.caller_name} <${PhoneNumber} number=${one.caller} />`],
    [
      "customer.title",
      html`<${Recognised} one=${one} />
        ${may("customers.write") && html`<button type="button" class="button small-button" disabled=${!online()} aria-busy=${pending("customer")} onClick=${() => setChoosing(true)}>${t(one.customer ? "customer.other" : "history.choose_customer")}</button>`}`,
    ],
    ["history.origin", one.origin && html`<a href=${`/history/${encodeURIComponent(one.origin)}`}>${t("history.origin_open")}</a>`],
    ["history.campaign", one.campaign && (may("campaigns.read") ? html`<a href=${`/campaigns/${encodeURIComponent(one.campaign)}`}><bdi>${one.campaign_name}</bdi></a>` : html`<bdi>${one.campaign_name}</bdi>`)],
    ["history.did", one.did && html`<${PhoneNumber} number=${one.did} />`],
    ["board.queue", queueTitle(one.queue)],
    ["board.agent", one.agent && personName(one.agent)],
    ["history.outcome", outcomeOf(one)],
    ["history.waited", lasting(one.waited_s)],
    ["history.talked", lasting(one.talked_s)],
    ["history.wrapped", lasting(one.wrapped_s)],
    ["outcome.note", one.disposition?.note],
    ["outcome.callback_number", one.disposition?.callback && html`<${PhoneNumber} number=${one.disposition.callback} />`],
  ].filter(([, value]) => value);
  return html`<div class="page">
    ${head}
    <${Recordings} recordings=${one.recordings} />
    <div class="two">
      <div class="column"><${Card} title=${t("history.facts")}>
        <div class="body"><dl class="record">${facts.map(([key, value]) => html`<dt key=${`${key}-t`}>${t(key)}</dt><dd key=${`${key}-d`}>${value}</dd>`)}</dl></div>
      <//>
      <${Came} one=${one} /></div>
      <${Card} title=${t("history.timeline")}><${Timeline} steps=${[...one.timeline.map((step) => decisionOf(step, one.decisions)), ...one.corrections, ...(one.assigned ? [one.assigned] : [])]} /><//>
    </div>
    ${one.parts.length > 0 && html`<${Parts} parts=${one.parts} />`}
    ${choosing && html`<${OtherCustomer} one=${one} again=${load} closed=${() => setChoosing(false)} />`}
  </div>`;
}
