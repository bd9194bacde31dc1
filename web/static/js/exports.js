// Exports: a list as a file, with the columns that are wanted; and what was taken away before.

import { useEffect, useState } from "preact/hooks";

import { online, pending } from "./actions.js";
import { get } from "./api.js";
import { download, exportPath } from "./download.js";
import { dateTimeOf, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { language, t, titled } from "./language.js";
import { may, me } from "./model.js";
import { Card } from "./parts.js";
import { Table } from "./table.js";

/** The moment at which a day begins, in seconds since the epoch. */
const startOf = (day) => (day ? new Date(`${day}T00:00`).getTime() / 1000 : "");
const nextDay = (day) => {
  if (!day) return "";
  const date = new Date(`${day}T00:00`);
  date.setDate(date.getDate() + 1);
  return date.getTime() / 1000;
};
const BY_TIME = ["interactions", "audit"];

function ExportCard({ kind, columns }) {
  const [left, setLeft] = useState(() => new Set());
  const [options, setOptions] = useState({ format: "xlsx", since: "", until: "" });
  const chosen = columns.filter(({ name }) => !left.has(name));
  const toggle = (name) => {
    const next = new Set(left);
    if (!next.delete(name)) next.add(name);
    setLeft(next);
  };
  const path = exportPath(kind, {
    format: options.format, language: language.value, columns: left.size ? chosen.map(({ name }) => name).join(",") : "",
    ...(BY_TIME.includes(kind) ? { since: startOf(options.since), until: nextDay(options.until) } : {}),
  });
  const backwards = options.since && options.until && options.until < options.since;
  const set = (part) => (event) => setOptions({ ...options, [part]: event.target.value });
  return html`<${Card} title=${t(`exported.${kind}`)} data-export=${kind}>
    <form class="body stack" onSubmit=${(event) => (event.preventDefault(), download(path))}>
      <p class="quiet small">${t(`exported.${kind}.hint`)}</p>
      <div class="export-options">
        <div class="field"><label for=${`${kind}-format`}>${t("exports.format")}</label>
          <select class="input" id=${`${kind}-format`} value=${options.format} onChange=${set("format")}>
            <option value="xlsx">${t("exports.xlsx")}</option><option value="csv">${t("exports.csv")}</option>
          </select></div>
        ${BY_TIME.includes(kind) &&
        html`<div class="field"><label for=${`${kind}-since`}>${t("exports.since")}</label><input class="input" type="date" id=${`${kind}-since`} value=${options.since} onChange=${set("since")} /></div>
          <div class="field ${backwards ? "is-wrong" : ""}"><label for=${`${kind}-until`}>${t("exports.until")}</label><input class="input" type="date" id=${`${kind}-until`} value=${options.until} aria-invalid=${backwards || undefined} onChange=${set("until")} />
            ${backwards && html`<p class="error-text" role="alert">${t("exports.backwards")}</p>`}</div>`}
      </div>
      <details class="columns-choice"><summary>${t("exports.columns", { n: chosen.length, all: columns.length })}</summary>
        <div class="columns-acts">
          <button type="button" class="button plain" disabled=${!left.size} onClick=${() => setLeft(new Set())}>${t("exports.all_columns")}</button>
          <button type="button" class="button plain" disabled=${!chosen.length} onClick=${() => setLeft(new Set(columns.map(({ name }) => name)))}>${t("exports.no_columns")}</button>
        </div>
        <div class="checks">${columns.map(({ name, title }) => html`<label key=${name} class="check"><input type="checkbox" checked=${!left.has(name)} onChange=${() => toggle(name)} />${titled(title, name)}</label>`)}</div>
      </details>
      <div><button class="button primary" disabled=${!online() || !chosen.length || backwards} aria-busy=${pending(`download ${path}`)}><${Icon} name="download" />${t("exports.download")}</button></div>
    </form>
  <//>`;
}

/** What was taken away, as the audit log has it. */
function Past() {
  const [rows, setRows] = useState(null);
  useEffect(() => {
    get(`/api/audit?act=exported&limit=20&login=${encodeURIComponent(me.value.user)}`).then(({ items }) => setRows(items), () => setRows([]));
  }, []);
  const columns = [
    [t("history.when"), (row) => html`<span class="figures">${dateTimeOf(row.at)}</span>`],
    [t("exports.what"), (row) => t(`exported.${row.kind}`)],
    [t("exports.format"), (row) => t(`exports.${row.detail.format}`)],
    [t("exports.rows"), (row) => whole(row.detail.rows), true],
    [t("exports.end"), (row) => (row.detail.whole ? t("exports.whole") : html`<span class="error-text">${t("exports.broken_off")}</span>`)],
  ];
  return html`<${Card} title=${t("exports.past")}>
    <${Table} label=${t("exports.past")} columns=${columns} rows=${rows ?? []} keyOf=${(row) => row.seq} empty=${rows ? t("exports.none") : t("history.loading")} />
  <//>`;
}

export const mayExport = () => ["customers.export", "requests.export", "interactions.export", "audit.export"].some(may);

export function Exports() {
  document.title = `${t("nav.exports")} · contactcenter`;
  const [tables, setTables] = useState(null);
  const [trouble, setTrouble] = useState(false);
  const load = () => get("/api/export-columns").then(({ items }) => (setTables(items), setTrouble(false)), () => setTrouble(true));
  const rights = me.value.rights.join();
  useEffect(() => {
    load();
  }, [rights]);
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.exports")}</h1></div>
    <p class="quiet">${t("exports.hint")}</p>
    ${trouble && !tables && html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div>`}
    ${!trouble && !tables && html`<p class="empty">${t("history.loading")}</p>`}
    <div class="exports">${(tables ?? []).map(({ kind, columns }) => html`<${ExportCard} key=${kind} kind=${kind} columns=${columns} />`)}</div>
    ${may("audit.read") && html`<${Past} />`}
  </div>`;
}
