// Imports: a file is sent, looked at, checked, imported; what is going on, and what was.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { followedBy, get, remove } from "./api.js";
import { dateTimeOf, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { go, goOn, imports, may, me, toast } from "./model.js";
import { Card, Dialog } from "./parts.js";
import { Progress } from "./progress.js";
import { Table } from "./table.js";
import { FilePicker, Uploads, useUploads } from "./upload.js";

/** What of an import is known by now: as it was loaded, with what came live since. */
export function asOfNow(one) {
  const live = imports.value.get(one.id);
  if (!live) return one;
  const { state, rows, done, created, changed, skipped, bad, error } = live;
  return { ...one, state, rows, done, created, changed, skipped, bad, error };
}

const LOOKS = { ready: "available", checking: "reserved", checked: "available", running: "reserved", paused: "held", done: "available", cancelled: "offline", failed: "talking" };
const ICONS = { ready: "wrap_up", checking: "clock", checked: "available", running: "clock", paused: "held", done: "available", cancelled: "close", failed: "warning" };

export function ImportState({ state }) {
  return html`<span class="state" data-state=${LOOKS[state]} data-import=${state}><${Icon} name=${ICONS[state]} size=${16} /><span>${t(`import_state.${state}`)}</span></span>`;
}

export const mayImport = () => ["customers.import", "leads.import", "do_not_call.manage"].some(may);

export const isBusy = ({ state }) => state === "checking" || state === "running";

function SoFar({ one }) {
  if (isBusy(one)) return html`<${Progress} done=${one.done} of=${one.rows} label=${t(`import_state.${one.state}`)} />`;
  if (one.state === "ready") return html`<span class="quiet">${t("imports.rows", { n: one.rows, count: whole(one.rows) })}</span>`;
  const parts = [
    one.created && t("imports.created", { n: one.created, count: whole(one.created) }),
    one.changed && t("imports.changed", { n: one.changed, count: whole(one.changed) }),
    one.skipped && t("imports.skipped", { n: one.skipped, count: whole(one.skipped) }),
  ].filter(Boolean);
  return html`<span class="parts">
    ${parts.map((each) => html`<span key=${each}>${each}</span>`)}
    ${one.bad > 0 && html`<span class="error-text">${t("imports.bad", { n: one.bad, count: whole(one.bad) })}</span>`}
    ${!parts.length && !one.bad && html`<span class="quiet">–</span>`}
  </span>`;
}

function Forget({ one, closed, done }) {
  const forget = async (close) => {
    if (await act(`forget ${one.id}`, () => remove(`/api/imports/${one.id}`))) {
      close();
      toast(t("imports.forgotten"));
      done(one.id);
    }
  };
  return html`<${Dialog} key=${one.id} kind="ask-dialog" id="forget-title" title=${t("imports.forget_title")} closed=${closed}>
    ${(close) => html`<p>${t("imports.forget_text", { name: one.name })}</p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick=${close}>${t("action.cancel")}</button>
        <button type="button" class="button danger" disabled=${!online()} aria-busy=${pending(`forget ${one.id}`)} onClick=${() => forget(close)}>${t("imports.forget")}</button>
      </div>`}
  <//>`;
}

export function Imports() {
  document.title = `${t("nav.imports")} · contactcenter`;
  const [pages, setPages] = useState({ items: [], next: "", state: "loading" });
  const [forgetting, setForgetting] = useState(null);
  const load = async (cursor = "") => {
    try {
      const page = await get(`/api/imports?limit=50&cursor=${encodeURIComponent(cursor)}`);
      setPages(followedBy(page, cursor));
    } catch {
      setPages((before) => ({ ...before, state: "trouble" }));
    }
  };
  useEffect(() => {
    load();
  }, []);
  const uploads = useUploads({
    pathOf: (file) => `/api/imports?${new URLSearchParams({ name: file.name })}`,
    most: me.value.import_bytes,
    sent: (one) => {
      const path = `/imports/${one.id}`;
      if (!goOn("/imports", path)) toast(t("imports.sent", { name: one.name }), { action: { label: t("request.look"), run: () => go(path) }, seconds: 30 });
    },
  });
  const sending = uploads.items.some((item) => item.state !== "refused");

  const columns = [
    [t("imports.file"), (one) => html`<a class="file-link" href=${`/imports/${one.id}`}><bdi>${one.name}</bdi></a>`],
    [t("imports.state"), (one) => html`<${ImportState} state=${one.state} />`],
    [t("imports.so_far"), (one) => html`<${SoFar} one=${one} />`],
    [t("history.when"), (one) => html`<span class="figures">${dateTimeOf(one.at)}</span>`],
    [
      t("imports.forget"),
      (one) => html`<button type="button" class="button plain icon-only" disabled=${!online() || isBusy(one)} aria-label=${t("imports.forget_what", { name: one.name })} title=${t("imports.forget")}
        onClick=${() => setForgetting(one)}><${Icon} name="trash" /></button>`,
    ],
  ];
  const rows = pages.items.map(asOfNow);
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.imports")}</h1></div>
    ${may("customers.import") &&
    html`<${Card} title=${t("imports.new")}>
      <div class="body">
        <${FilePicker} id="import-file" label=${t("imports.choose")} hint=${t("imports.hint")} accept=".csv,.tsv,.txt,.xlsx" disabled=${sending} onFiles=${uploads.add} />
        <${Uploads} uploads=${uploads} />
      </div>
    <//>`}
    <${Card} title=${t("imports.past")}>
      ${pages.state === "trouble"
        ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${() => load()}>${t("action.again")}</button></div>`
        : html`<${Table} label=${t("imports.past")} columns=${columns} rows=${rows} keyOf=${(one) => one.id}
            empty=${pages.state === "loading" ? t("history.loading") : t("imports.none")} />`}
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${() => load(pages.next)}>${t("history.more")}</button></div>`}
    <//>
    ${forgetting &&
    html`<${Forget} one=${forgetting} closed=${() => setForgetting(null)}
      done=${(id) => setPages((before) => ({ ...before, items: before.items.filter((each) => each.id !== id) }))} />`}
  </div>`;
}
