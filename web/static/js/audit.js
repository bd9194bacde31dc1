// The audit log: who did what, and who was refused; and whether it is as it was written.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { followedBy, get, post } from "./api.js";
import { About, shortId } from "./audit_words.js";
import { ExportButtons } from "./export_button.js";
import { dateTimeOf, logTimeOf, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { may } from "./model.js";
import { Card, queueTitle } from "./parts.js";
import { personName, teamTitle, usePeople } from "./people.js";
import { Progress } from "./progress.js";
import { Table } from "./table.js";

const PAUSE_MS = 300;
const NONE = { login: "", act: "", kind: "", object: "", granted: "", since: "", until: "" };

/** What is done, in the groups in which it is chosen. */
const ACTS = {
  records: ["create", "change", "delete", "open", "import", "merge", "unmerge", "different", "assign", "progress", "put_away"],
  files: ["export", "exported", "listen", "verify"],
  access: ["password", "rotate", "see_figures"],
  calls: [
    "monitor_asked", "monitor_began", "monitor_switched", "monitor_followed", "monitor_ended", "monitor_end_asked",
    "take_over_asked", "taken_over", "take_over_failed", "priority", "why", "cancel",
  ],
  agents: ["change_agent", "make_change", "undo", "undo_change", "return", "message", "message_read", "state_forced", "signed_out_by"],
  configuration: ["configure", "put_configuration"],
};
const KINDS = [
  "customer", "interaction", "request", "followup", "note", "attachment", "consent", "relation", "recording", "callback", "import", "view",
  "customers", "requests", "followups", "interactions", "audit",
  "user", "role", "team", "field", "configuration", "queue", "agent", "call", "change", "message", "phone",
];

/** The moment of a field of date and time, in seconds since the epoch. */
const seconds = (text) => (text ? new Date(text).getTime() / 1000 : "");

/** The filters as the server takes them. */
const asked = (filters) => ({ ...filters, since: seconds(filters.since), until: seconds(filters.until) });

function addressOf(filters, cursor) {
  const query = new URLSearchParams(Object.entries({ ...asked(filters), cursor }).filter(([, value]) => value !== ""));
  return `/api/audit?limit=50&${query}`;
}

function Verdict({ granted }) {
  return html`<span class="verdict ${granted ? "" : "refused"}"><${Icon} name=${granted ? "available" : "warning"} size=${14} />${t(granted ? "audit.granted" : "audit.refused")}</span>`;
}

const options = (group, codes) => codes.map((code) => html`<option key=${code} value=${code}>${t(`${group}.${code}`)}</option>`);

function Filters({ filters, setFilters }) {
  const set = (name) => (event) => setFilters({ ...filters, [name]: event.target.value });
  const text = (name, label) => html`<div class="field">
    <label for=${`audit-${name}`}>${t(label)}</label>
    <input class="input" id=${`audit-${name}`} maxlength="64" autocomplete="off" value=${filters[name]} onInput=${set(name)} />
  </div>`;
  const choice = (name, label, codes) => html`<div class="field">
    <label for=${`audit-${name}`}>${t(label)}</label>
    <select class="input" id=${`audit-${name}`} value=${filters[name]} onChange=${set(name)}>
      <option value="">${t("audit.any")}</option>
      ${codes}
    </select>
  </div>`;
  const moment = (name, label) => html`<div class="field">
    <label for=${`audit-${name}`}>${t(label)}</label>
    <input class="input" id=${`audit-${name}`} type="datetime-local" value=${filters[name]} onChange=${set(name)} />
  </div>`;
  const used = Object.values(filters).some(Boolean);
  return html`<form class="filters" role="search" aria-label=${t("audit.filters")} onSubmit=${(event) => event.preventDefault()}>
    ${text("login", "audit.login")} ${choice("act", "audit.act", Object.entries(ACTS).map(([group, acts]) => html`<optgroup key=${group} label=${t(`act_group.${group}`)}>${options("act", acts)}</optgroup>`))}
    ${choice("kind", "audit.kind", options("kind", KINDS))}
    ${text("object", "audit.object")}
    <div class="field">
      <label for="audit-granted">${t("audit.verdict")}</label>
      <select class="input" id="audit-granted" value=${filters.granted} onChange=${set("granted")}>
        <option value="">${t("audit.any")}</option>
        <option value="true">${t("audit.granted")}</option>
        <option value="false">${t("audit.refused")}</option>
      </select>
    </div>
    ${moment("since", "audit.since")} ${moment("until", "audit.until")}
    <button type="button" class="button" disabled=${!used} onClick=${() => setFilters(NONE)}>${t("audit.clear")}</button>
  </form>`;
}

/** What was done to, with a way there where there is a page of it. */
function Thing({ row }) {
  const place = { customer: "customers", request: "requests", followup: "followups", interaction: "history", user: "users", role: "roles", import: "imports" }[row.kind];
  const title = { user: () => personName(row.object), team: () => teamTitle(row.object), queue: () => queueTitle(row.object), agent: () => personName(row.object) }[row.kind];
  const name = title?.() ?? shortId(row.object);
  return html`<span class="quiet">${word("kind", row.kind)}</span> ${place && row.object ? html`<a href=${`/${place}/${encodeURIComponent(row.object)}`}><bdi title=${row.object}>${name}</bdi></a>` : html`<bdi>${name}</bdi>`}`;
}

const ASK_AGAIN_MS = 700;

/** Whether the log is as it was written: each row's hash covers its content and the row before it. */
function Chain() {
  const [last, setLast] = useState(null);
  const [trouble, setTrouble] = useState(false);
  const load = () => get("/api/audit/verification").then((found) => (setLast(found), setTrouble(false)), () => setTrouble(true));
  useEffect(() => {
    load();
  }, []);
  useEffect(() => {
    if (last?.state !== "running") return undefined;
    const again = setTimeout(load, ASK_AGAIN_MS);
    return () => clearTimeout(again);
  }, [last, trouble]);
  if (!last) return trouble ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div>` : null;
  const { state } = last;
  const running = state === "running";
  const icon = { never: "audit", running: "clock", sound: "verified", broken: "warning", unclear: "warning" }[state];
  const start = () => act("verify", async () => setLast(await post("/api/audit/verification")));
  return html`<section class="chain" data-chain=${state} aria-label=${t("chain.label")}>
    <${Icon} name=${icon} size=${24} />
    <div class="chain-words" role=${state === "broken" ? "alert" : "status"}>
      <strong>${t(`chain.${state}`, { n: last.rows, count: whole(last.rows), row: last.broken ?? 0 })}</strong>
      <span class="small quiet">${t(`chain.${state}.about`, { at: dateTimeOf(last.at), who: personName(last.login), rows: whole(last.rows) })}</span>
      ${running && html`<${Progress} done=${last.rows} of=${last.of} label=${t("chain.running")} />`}
      ${state === "sound" && last.rows > 0 && html`<details class="small"><summary>${t("chain.keep")}</summary><p>${t("chain.keep_about")}</p><code class="raw">${`${last.rows}:${last.hash}`}</code></details>`}
    </div>
    <button type="button" class="button" disabled=${!online() || running} aria-busy=${pending("verify")} onClick=${start}>${t(state === "never" ? "chain.verify" : "chain.verify_again")}</button>
  </section>`;
}

export function Audit() {
  document.title = `${t("nav.audit")} · contactcenter`;
  usePeople();
  const [filters, setFilters] = useState(NONE);
  const [pages, setPages] = useState({ items: [], next: "", state: "loading" });

  const load = async (cursor, isLate = () => false) => {
    try {
      const page = await get(addressOf(filters, cursor));
      if (isLate()) return;
      setPages(followedBy(page, cursor));
    } catch {
      if (!isLate()) setPages((before) => ({ ...before, state: "trouble" }));
    }
  };
  useEffect(() => {
    let late = false;
    const waiting = setTimeout(() => load("", () => late), PAUSE_MS);
    return () => {
      late = true;
      clearTimeout(waiting);
    };
  }, [filters]);

  const columns = [
    [t("audit.at"), (row) => html`<span class="figures">${logTimeOf(row.at)}</span>`],
    [t("audit.login"), (row) => html`<strong class="whole">${row.login}</strong>`],
    [t("audit.act"), (row) => html`<span class="whole">${word("act", row.act)}</span>`],
    [t("audit.object"), (row) => html`<${Thing} row=${row} />`],
    [t("audit.verdict"), (row) => html`<${Verdict} granted=${row.granted} />`],
    [t("audit.about"), (row) => html`<${About} row=${row} />`],
    [t("audit.number"), (row) => html`<span class="quiet">${row.seq}</span>`, true],
  ];
  const trouble = html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${() => load("")}>${t("action.again")}</button></div>`;
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.audit")}</h1>${may("audit.export") && html`<${ExportButtons} kind="audit" filters=${asked(filters)} />`}</div>
    <${Chain} />
    <${Filters} filters=${filters} setFilters=${setFilters} />
    <${Card} title=${t("history.newest")}>
      ${pages.state === "trouble"
        ? trouble
        : html`<${Table} label=${t("nav.audit")} columns=${columns} rows=${pages.items} keyOf=${(row) => row.seq}
            empty=${pages.state === "loading" ? t("history.loading") : t("audit.empty")} />`}
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${() => load(pages.next)}>${t("history.more")}</button></div>`}
    <//>
  </div>`;
}
