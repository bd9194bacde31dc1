// What happened: the list of interactions, and one of them with its timeline.

import { useEffect, useState } from "preact/hooks";

import { followedBy, get } from "./api.js";
import { clock, dateTimeOf, lasting, momentOf, timeOf } from "./format.js";
import { html } from "./html.js";
import { language, t, word } from "./language.js";
import { Card, dispositionTitle, PhoneNumber, queueTitle, reasonTitle } from "./parts.js";
import { Recordings } from "./player.js";
import { Table } from "./table.js";

const outcomeOf = (one) => (one.disposition ? dispositionTitle(one.disposition.code) : one.outcome ? word("outcome", one.outcome) : t("history.open"));

function Trouble({ refusal, again }) {
  return html`<div class="empty" role="alert">
    <p>${refusal.status === 404 ? t("history.unknown") : t("error.load")}</p>
    ${refusal.status !== 404 && html`<button type="button" class="button" onClick=${again}>${t("action.again")}</button>`}
  </div>`;
}

export function History() {
  document.title = `${t("nav.history")} · contactcenter`;
  const [pages, setPages] = useState({ items: [], next: "", state: "loading" });

  const load = async (cursor = "") => {
    try {
      const page = await get(`/api/interactions?limit=50&cursor=${encodeURIComponent(cursor)}`);
      setPages(followedBy(page, cursor));
    } catch (refusal) {
      setPages((before) => ({ ...before, state: "trouble", refusal }));
    }
  };
  useEffect(() => {
    load();
  }, []);

  const columns = [
    [t("history.when"), (one) => html`<a class="figures" href=${`/history/${encodeURIComponent(one.id)}`}>${momentOf(one.arrived_at)}</a>`],
    [t("board.caller"), (one) => html`${one.caller_name} <${PhoneNumber} number=${one.caller} />`],
    [t("board.queue"), (one) => queueTitle(one.queue)],
    [t("board.agent"), (one) => one.agent],
    [t("history.outcome"), outcomeOf],
    [t("history.waited"), (one) => lasting(one.waited_s), true],
    [t("history.talked"), (one) => lasting(one.talked_s), true],
  ];
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.history")}</h1></div>
    <${Card} title=${t("history.newest")}>
      ${pages.state === "trouble"
        ? html`<${Trouble} refusal=${pages.refusal} again=${() => load()} />`
        : html`<${Table} label=${t("nav.history")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id}
            empty=${pages.state === "loading" ? t("history.loading") : t("history.empty")} />`}
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${() => load(pages.next)}>${t("history.more")}</button></div>`}
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
  if (kind === "identified") return t(`match.${detail.method}`);
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

export function InteractionPage({ id }) {
  const [found, setFound] = useState({ state: "loading" });
  const load = async () => {
    try {
      setFound({ state: "here", one: await get(`/api/interactions/${encodeURIComponent(id)}`) });
    } catch (refusal) {
      setFound({ state: "trouble", refusal });
    }
  };
  useEffect(() => {
    load();
  }, [id]);

  document.title = `${t("history.one")} · contactcenter`;
  const head = html`<div class="page-title"><h1>${t("history.one")}</h1><a class="button" href="/history">${t("history.back")}</a></div>`;
  if (found.state === "loading") return html`<div class="page">${head}<p class="empty">${t("history.loading")}</p></div>`;
  if (found.state === "trouble") return html`<div class="page">${head}<${Trouble} refusal=${found.refusal} again=${load} /></div>`;

  const one = found.one;
  const facts = [
    ["history.when", dateTimeOf(one.arrived_at)],
    ["board.caller", html`${one.caller_name} <${PhoneNumber} number=${one.caller} />`],
    ["history.origin", one.origin && html`<a href=${`/history/${encodeURIComponent(one.origin)}`}>${t("history.origin_open")}</a>`],
    ["history.did", one.did && html`<${PhoneNumber} number=${one.did} />`],
    ["board.queue", queueTitle(one.queue)],
    ["board.agent", one.agent],
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
      <${Card} title=${t("history.facts")}>
        <div class="body"><dl class="record">${facts.map(([key, value]) => html`<dt key=${`${key}-t`}>${t(key)}</dt><dd key=${`${key}-d`}>${value}</dd>`)}</dl></div>
      <//>
      <${Card} title=${t("history.timeline")}><${Timeline} steps=${[...one.timeline.map((step) => decisionOf(step, one.decisions)), ...one.corrections]} /><//>
    </div>
    ${one.parts.length > 0 && html`<${Parts} parts=${one.parts} />`}
  </div>`;
}
