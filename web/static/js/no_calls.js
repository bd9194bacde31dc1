// Who must not be called: one number looked up, put on our list, files of numbers, the ages of national lists; and the
// numbers of ours that are shown.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { followedBy, get, post, put, remove } from "./api.js";
import { dateOf, momentOf, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { usePages } from "./list_pages.js";
import { go, may, me } from "./model.js";
import { Card, PhoneNumber } from "./parts.js";
import { personName, usePeople } from "./people.js";
import { Refused } from "./refused.js";
import { Table } from "./table.js";
import { FilePicker, Uploads, useUploads } from "./upload.js";

const SOURCES = ["page", "letter", "email", "web", "complaint", "other"];
const PROFILES = ["CN", "EU", "UK", "US"];

function LookUp({ added }) {
  const [number, setNumber] = useState("");
  const [found, setFound] = useState(null);
  const [refusal, setRefusal] = useState(null);
  const [source, setSource] = useState("page");
  const asking = async (work) => {
    setRefusal(null);
    try {
      await work();
    } catch (problem) {
      setFound(null);
      setRefusal(problem);
    }
  };
  const look = () => asking(async () => setFound(await get(`/api/do-not-call/by-number?${new URLSearchParams({ number })}`)));
  const add = () =>
    asking(async () => {
      await post("/api/do-not-call", { number: found.number, source });
      await look();
      added();
    });
  const send = (event) => {
    event.preventDefault();
    if (number.trim() && online()) act("look up", look, number);
  };
  return html`<${Card} title=${t("no_calls.look_up")}>
    <div class="body stack">
      <form class="filters narrow" onSubmit=${send}>
        <div class="field"><label for="no-calls-number">${t("attempts.number")}</label>
          <input class="input phone-number" id="no-calls-number" type="tel" inputmode="tel" autocomplete="off" maxlength="64" value=${number} onInput=${(event) => setNumber(event.target.value)} aria-describedby="no-calls-wrong" /></div>
        <div class="field by-field"><button class="button" disabled=${!online() || !number.trim()} aria-busy=${pending("look up")}>${t("no_calls.look")}</button></div>
      </form>
      <${Refused} refusal=${refusal} id="no-calls-wrong" />
      <div aria-live="polite">
        ${found?.entry && html`<p><${Icon} name="forbidden" size=${16} /> <${PhoneNumber} number=${found.number} /> ${t("no_calls.listed", { at: momentOf(found.entry.at), source: t(`no_calls_source.${found.entry.source}`) })} <bdi>${found.entry.reason}</bdi></p>`}
        ${found && !found.entry && html`<p><${PhoneNumber} number=${found.number} /> ${t("no_calls.free")}</p>`}
        ${found?.national.length > 0 && html`<p>${t("no_calls.national_has", { names: found.national.join(", ") })}</p>`}
      </div>
      ${found && !found.entry && may("do_not_call.write") &&
      html`<div class="filters narrow">
        <div class="field"><label for="no-calls-source">${t("no_calls.source")}</label>
          <select class="input" id="no-calls-source" value=${source} onChange=${(event) => setSource(event.target.value)}>${SOURCES.map((each) => html`<option key=${each} value=${each}>${t(`no_calls_source.${each}`)}</option>`)}</select></div>
        <div class="field by-field"><button type="button" class="button danger" disabled=${!online()} aria-busy=${pending("add number")} onClick=${() => act("add number", add, found.number)}>${t("no_calls.add")}</button></div>
      </div>`}
    </div>
  <//>`;
}

function Entries({ turn }) {
  const { pages, more, again } = usePages("/api/do-not-call", "", { turn });
  const columns = [
    [t("attempts.number"), (one) => (one.number ? html`<${PhoneNumber} number=${one.number} />` : html`<span class="quiet">${t("no_calls.erased")}</span>`)],
    [t("no_calls.source"), (one) => t(`no_calls_source.${one.source}`)],
    [t("imports.reason"), (one) => html`<bdi>${one.reason || "–"}</bdi>`],
    [t("no_calls.by"), (one) => html`<bdi>${one.login ? personName(one.login) : "–"}</bdi>`],
    [t("attempts.at"), (one) => html`<span class="figures">${momentOf(one.at)}</span>`],
  ];
  return html`<${Card} title=${t("no_calls.ours")}>
    ${pages.state === "trouble"
      ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`
      : html`<${Table} label=${t("no_calls.ours")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} empty=${t(pages.state === "loading" ? "history.loading" : "no_calls.none")} />`}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
  <//>`;
}

function Files() {
  const [list, setList] = useState("");
  const [profile, setProfile] = useState("US");
  const [day, setDay] = useState("");
  const of = list.trim();
  const uploads = useUploads({
    pathOf: (file) => `/api/do-not-call/imports?${new URLSearchParams({ name: file.name, ...(of && { list: of, profile, fetched_at: Date.parse(day) / 1000 }) })}`,
    most: me.value.import_bytes,
    sent: (one) => go(`/imports/${one.id}`),
  });
  const blocked = Boolean(of) && !day;
  return html`<${Card} title=${t("no_calls.files")}>
    <div class="body stack">
      <div class="filters narrow">
        <div class="field"><label for="national-name">${t("no_calls.national_name")}</label>
          <input class="input" id="national-name" maxlength="64" pattern="[A-Za-z0-9][A-Za-z0-9_.\\-]*" autocomplete="off" value=${list} onInput=${(event) => setList(event.target.value)} aria-describedby="national-hint" /></div>
        ${of && html`<div class="field"><label for="national-profile">${t("campaign.profile")}</label>
          <select class="input" id="national-profile" value=${profile} onChange=${(event) => setProfile(event.target.value)}>${PROFILES.map((each) => html`<option key=${each} value=${each}>${t(`profile.${each}`)}</option>`)}</select></div>
        <div class="field"><label for="national-day">${t("no_calls.fetched")}</label><input class="input" id="national-day" type="date" required value=${day} onInput=${(event) => setDay(event.target.value)} /></div>`}
      </div>
      <p class="small quiet hint" id="national-hint">${t("no_calls.national_hint")}</p>
      <${FilePicker} id="no-calls-file" label=${t("imports.choose")} hint=${t("no_calls.file_hint")} accept=".csv,.tsv,.txt,.xlsx" disabled=${blocked} onFiles=${uploads.add} />
      <${Uploads} uploads=${uploads} />
    </div>
  <//>`;
}

function National() {
  const [pages, setPages] = useState({ items: [], next: "" });
  useEffect(() => void get("/api/national-lists").then((page) => setPages(followedBy(page, "")), () => {}), []);
  const columns = [
    [t("campaign.name"), (one) => one.name],
    [t("campaign.profile_short"), (one) => t(`profile.${one.profile}`)],
    [t("no_calls.numbers"), (one) => whole(one.numbers), true],
    [t("no_calls.fetched"), (one) => (one.fetched_at === null ? "–" : dateOf(one.fetched_at))],
    [t("no_calls.age"), (one) => (one.too_old ? html`<span class="error-text"><${Icon} name="warning" size=${16} />${t("no_calls.too_old", { n: one.days })}</span>` : t("no_calls.young"))],
  ];
  return html`<${Card} title=${t("no_calls.national")}><${Table} label=${t("no_calls.national")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.name} empty=${t("no_calls.no_national")} /><//>`;
}

function CallerIds() {
  const [items, setItems] = useState([]);
  const [number, setNumber] = useState("");
  const [note, setNote] = useState("");
  const [refusal, setRefusal] = useState(null);
  const load = () => get("/api/caller-ids").then((page) => setItems(page.items), setRefusal);
  useEffect(() => void load(), []);
  const pathOf = (text) => `/api/caller-ids/${encodeURIComponent(text.replace(/\D/g, ""))}`;
  const change = (work) => async () => {
    setRefusal(null);
    try {
      await work();
      await load();
    } catch (problem) {
      setRefusal(problem);
    }
  };
  const add = change(async () => {
    await put(pathOf(number), { verified: true, note: note.trim() });
    setNumber("");
    setNote("");
  });
  const send = (event) => {
    event.preventDefault();
    if (number.trim() && note.trim() && online()) act("caller id", add, number);
  };
  const columns = [
    [t("attempts.number"), (one) => html`<${PhoneNumber} number=${one.number} />`],
    [t("caller_ids.verified"), (one) => (one.verified_at === null ? t("value.no") : html`<span class="figures">${momentOf(one.verified_at)}</span> <bdi class="small quiet">${personName(one.verified_by)}</bdi>`)],
    [t("caller_ids.proof"), (one) => html`<bdi>${one.note}</bdi>`],
    ...(may("do_not_call.manage") ? [[t("caller_ids.remove"), (one) => html`<button type="button" class="button plain icon-only" disabled=${!online()} aria-label=${t("caller_ids.remove_what", { number: one.number })} onClick=${() => act("caller id", change(() => remove(pathOf(one.number))), one.number)}><${Icon} name="trash" /></button>`]] : []),
  ];
  return html`<${Card} title=${t("caller_ids.title")}>
    <${Table} label=${t("caller_ids.title")} columns=${columns} rows=${items} keyOf=${(one) => one.number} empty=${t("caller_ids.none")} />
    <div class="body">
      <${Refused} refusal=${refusal} id="caller-id-wrong" />
      ${may("do_not_call.manage") &&
      html`<form class="filters narrow" onSubmit=${send}>
        <div class="field"><label for="caller-id-number">${t("caller_ids.number")}</label><input class="input phone-number" id="caller-id-number" type="tel" maxlength="32" autocomplete="off" placeholder="+86" value=${number} onInput=${(event) => setNumber(event.target.value)} /></div>
        <div class="field"><label for="caller-id-proof">${t("caller_ids.proof")}</label><input class="input" id="caller-id-proof" maxlength="500" autocomplete="off" dir="auto" value=${note} onInput=${(event) => setNote(event.target.value)} /></div>
        <div class="field by-field"><button class="button" disabled=${!online() || !number.trim() || !note.trim()} aria-busy=${pending("caller id")}>${t("caller_ids.verify")}</button></div>
      </form>`}
    </div>
  <//>`;
}

export function NoCalls() {
  document.title = `${t("nav.no_calls")} · contactcenter`;
  usePeople();
  const [turn, setTurn] = useState(0);
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.no_calls")}</h1></div>
    <${LookUp} added=${() => setTurn((before) => before + 1)} />
    <${National} />
    ${may("do_not_call.manage") && html`<${Files} />`}
    <${Entries} turn=${turn} />
    ${may("campaigns.read") && html`<${CallerIds} />`}
  </div>`;
}
