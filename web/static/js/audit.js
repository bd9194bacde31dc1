// The audit log: who did what, and who was refused.

import { useEffect, useState } from "preact/hooks";

import { followedBy, get } from "./api.js";
import { dateTimeOf, logTimeOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { Card } from "./parts.js";
import { Table } from "./table.js";

const PAUSE_MS = 300;
const NONE = { login: "", act: "", kind: "", object: "", granted: "", since: "", until: "" };
const LONGEST = 160;

const ACTS = [
  "change", "change_agent", "make_change", "undo", "undo_change", "return", "configure", "put_configuration", "priority", "why", "cancel",
  "monitor_asked", "monitor_began", "monitor_switched", "monitor_followed", "monitor_ended", "monitor_end_asked", "take_over_asked", "taken_over", "take_over_failed",
  "listen", "delete", "see_figures", "message", "message_read", "state_forced", "signed_out_by",
];
const KINDS = ["agent", "call", "queue", "configuration", "change", "message", "phone", "user", "callback", "recording"];

/** The moment of a field of date and time, in seconds since the epoch. */
const seconds = (text) => (text ? new Date(text).getTime() / 1000 : "");

function addressOf(filters, cursor) {
  const asked = { ...filters, since: seconds(filters.since), until: seconds(filters.until), cursor };
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== ""));
  return `/api/audit?limit=50&${query}`;
}

/** What holds seconds since the epoch. */
const MOMENTS = ["until", "at", "due_at"];

/** A value as people read it; long ones are cut, the details have all of it. */
function said(value) {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value !== "object") return String(value);
  const parts = Object.entries(value).filter(([, each]) => each !== "" && each !== null);
  return parts.map(([key, each]) => `${key}: ${MOMENTS.includes(key) ? dateTimeOf(each) : typeof each === "object" ? JSON.stringify(each) : each}`).join(", ");
}

const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

function About({ row }) {
  const [before, after, detail] = [said(row.before), said(row.after), said(row.detail)];
  const changed = before || after ? t("audit.changed", { before: before || t("change.no_level"), after: after || t("change.no_level") }) : "";
  const all = [changed, detail].filter(Boolean).join(" · ");
  if (!all) return "–";
  if (all.length <= LONGEST) return html`<span class="raw">${all}</span>`;
  return html`<details class="raw"><summary>${cut(all)}</summary><p>${all}</p></details>`;
}

function Verdict({ granted }) {
  return html`<span class="verdict ${granted ? "" : "refused"}"><${Icon} name=${granted ? "available" : "warning"} size=${14} />${t(granted ? "audit.granted" : "audit.refused")}</span>`;
}

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
      ${codes.map((code) => html`<option key=${code} value=${code}>${t(`${name}.${code}`)}</option>`)}
    </select>
  </div>`;
  const moment = (name, label) => html`<div class="field">
    <label for=${`audit-${name}`}>${t(label)}</label>
    <input class="input" id=${`audit-${name}`} type="datetime-local" value=${filters[name]} onChange=${set(name)} />
  </div>`;
  const used = Object.values(filters).some(Boolean);
  return html`<form class="filters" role="search" aria-label=${t("audit.filters")} onSubmit=${(event) => event.preventDefault()}>
    ${text("login", "audit.login")} ${choice("act", "audit.act", ACTS)} ${choice("kind", "audit.kind", KINDS)}
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

export function Audit() {
  document.title = `${t("nav.audit")} · contactcenter`;
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
    [t("audit.object"), (row) => html`<span class="quiet">${word("kind", row.kind)}</span> ${row.object}`],
    [t("audit.verdict"), (row) => html`<${Verdict} granted=${row.granted} />`],
    [t("audit.about"), (row) => html`<${About} row=${row} />`],
  ];
  const trouble = html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${() => load("")}>${t("action.again")}</button></div>`;
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.audit")}</h1></div>
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
