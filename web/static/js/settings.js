// The configuration, for who may change all of it: sections on the left, one of them as a form, and below what
// the server says of it, what is changed, and the button that saves.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { online } from "./actions.js";
import { followedBy, get } from "./api.js";
import { base, changed, check, differences, discard, draft, errors, load, newer, putOnTop, restore, save, saving, setAt, takeTheirs, trouble, valueAt, warnings } from "./drafted.js";
import { AddNamed, countWrong } from "./fields.js";
import { dateTimeOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, titled, word } from "./language.js";
import { me } from "./model.js";
import { Card } from "./parts.js";
import { inWords } from "./remarks.js";
import { Calendars, Customers, Everywhere, Titles } from "./settings_lists.js";
import { QueueForm } from "./settings_queue.js";
import { Table } from "./table.js";

/** What was chosen to be shown: `queues` with a name, or one of the other sections. */
const place = signal({ section: "queues", name: "" });

/** What is shown: instead of a queue that there is not (any more), the first. */
function shownPlace() {
  const { section, name } = place.value;
  if (section !== "queues" || name in draft.value.queues) return place.value;
  return { section, name: Object.keys(draft.value.queues)[0] ?? "" };
}

const SECTIONS = ["skills", "calendars", "pauses", "dispositions", "customers", "routing", "versions"];
/** Where a section's keys are, in the document. */
const PATHS = {
  skills: [["skills"]], calendars: [["calendars"]], pauses: [["pauses"]], dispositions: [["dispositions"]],
  customers: [["routing", "tiers"], ["routing", "languages"], ["routing", "save_desk"]],
  routing: [["zone"], ["supervision"], ["routing", "order"], ["routing", "overtaken_s"], ["routing", "rest_s"], ["routing", "occupancy_limit"], ["routing", "reserve"]],
  versions: [],
};

const queueName = (name) => titled(valueAt(["queues", name, "title"]), name) || name;

/** Where in the document something is, in words. */
function pathWords(path, document) {
  const [first, second, ...rest] = path;
  const named = ["queues", "skills", "calendars", "pauses", "dispositions"].includes(first) && second !== undefined;
  if (!named) return path.map((name) => word("setting", String(name))).join(" › ");
  const entry = document?.[first]?.[second];
  const title = titled(entry?.title ?? (entry?.en === undefined ? null : entry), second) || second;
  return [t(`section.${first}`), title, ...rest.map((name) => (Number.isInteger(Number(name)) ? Number(name) + 1 : word("setting", String(name))))].join(" › ");
}

function shown(value) {
  if (value === undefined || value === null || value === "") return t("settings.nothing");
  if (value === true || value === false) return t(value ? "settings.yes" : "settings.no");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What differs between two documents, in a table. */
function Differences({ rows, before, after, document }) {
  const columns = [
    [t("settings.where"), ({ path }) => pathWords(path, document)],
    [before, (row) => html`<span class="raw">${shown(row.before)}</span>`],
    [after, (row) => html`<span class="raw">${shown(row.after)}</span>`],
  ];
  return html`<${Table} label=${t("settings.differences")} columns=${columns} rows=${rows} keyOf=${({ path }) => path.join("/")} empty=${t("settings.no_differences")} />`;
}

function Marks({ paths }) {
  const wrong = paths.reduce((sum, path) => sum + countWrong(path), 0);
  return wrong ? html`<span class="mark"><${Icon} name="warning" size=${14} />${t("settings.wrong_count", { n: wrong })}</span>` : null;
}

function Item({ section, name = "", paths, children }) {
  const now = shownPlace();
  const here = now.section === section && now.name === name;
  return html`<li><button type="button" class="section-item" aria-current=${here ? "true" : undefined} onClick=${() => (place.value = { section, name })}>
    <span>${children}</span><${Marks} paths=${paths} />
  </button></li>`;
}

function Sections() {
  const queues = Object.keys(draft.value.queues);
  return html`<nav class="sections" aria-label=${t("settings.sections")}>
    <h2>${t("section.queues")}</h2>
    <ul>
      ${queues.map((name) => html`<${Item} key=${name} section="queues" name=${name} paths=${[["queues", name]]}>${queueName(name)}<//>`)}
      <${Item} section="new" paths=${[]}><${Icon} name="plus" size=${14} /> ${t("settings.new_queue")}<//>
    </ul>
    <h2>${t("settings.others")}</h2>
    <ul>${SECTIONS.map((section) => html`<${Item} key=${section} section=${section} paths=${PATHS[section]}>${t(`section.${section}`)}<//>`)}</ul>
  </nav>`;
}

/** What the queue would have that nobody has said anything about yet: as another one has it. */
function newQueue(name) {
  const [like] = Object.values(draft.value.queues);
  const plain = { needs: {}, prefers: {}, widening: [], ways_out: [], overflow_queue: "", overflow_after_s: 0, priority: 0, opening: "calendar", title: { zh: "", en: "" } };
  setAt(["queues", name], { ...like, ...plain });
  place.value = { section: "queues", name };
}

function NewQueue() {
  const [first] = Object.keys(draft.value.queues);
  return html`${first && html`<p class="quiet">${t("settings.new_queue_hint", { queue: queueName(first) })}</p>`}
    <${AddNamed} id="add-queues" label=${t("settings.new_code")} taken=${Object.keys(draft.value.queues)} add=${newQueue} />`;
}

function Warnings({ keys = null }) {
  const found = warnings.value.filter(({ key }) => !keys || keys.some((each) => key === each || key.startsWith(`${each}.`)));
  if (!found.length) return null;
  return html`<ul class="warned">
    ${found.map(({ key, what, remedy }) => {
      const { text, lang } = inWords(`${what}: ${remedy}`);
      return html`<li key=${key + what}><${Icon} name="warning" size=${16} /><span><strong>${pathWords(key.split("."), draft.value)}</strong> <span lang=${lang}>${text}</span></span></li>`;
    })}
  </ul>`;
}

function Versions() {
  const [pages, setPages] = useState({ items: [], next: "", state: "loading" });
  const [open, setOpen] = useState(null);
  const version = base.value.version;
  const list = async (cursor = "") => {
    try {
      const page = await get(`/api/configuration/versions?limit=20&cursor=${encodeURIComponent(cursor)}`);
      setPages(followedBy(page, cursor));
    } catch {
      setPages((before) => ({ ...before, state: "trouble" }));
    }
  };
  useEffect(() => {
    list();
  }, [version]);
  const look = async (number) => {
    if (open?.version === number) setOpen(null);
    else setOpen(await get(`/api/configuration/versions/${number}`).catch(() => null));
  };
  const columns = [
    [t("settings.version"), (row) => html`<strong>${row.version}</strong>`, true],
    [t("history.when"), (row) => html`<span class="figures">${dateTimeOf(row.at)}</span>`],
    [t("change.by"), (row) => row.login],
    [t("change.comment"), (row) => row.comment || "–"],
    [
      t("settings.look"),
      (row) =>
        row.version === version
          ? html`<span class="quiet">${t("settings.in_force")}</span>`
          : html`<button type="button" class="button" aria-expanded=${open?.version === row.version} onClick=${() => look(row.version)}>${t("settings.compare")}</button>`,
    ],
  ];
  if (pages.state === "trouble") return html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${() => list()}>${t("action.again")}</button></div>`;
  const below = (row) =>
    open?.version === row.version &&
    html`<div class="compared">
      <${Differences} rows=${differences(open.document, base.value.document)} before=${t("settings.version_n", { n: open.version })} after=${t("settings.in_force")} document=${base.value.document} />
      <p><button type="button" class="button" onClick=${() => restore(open.document)}>${t("settings.restore", { n: open.version })}</button></p>
    </div>`;
  return html`<${Table} label=${t("section.versions")} columns=${columns} rows=${pages.items} keyOf=${(row) => row.version} below=${below}
      empty=${pages.state === "loading" ? t("history.loading") : t("settings.none_yet")} />
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${() => list(pages.next)}>${t("history.more")}</button></div>`}`;
}

function Section() {
  const { section, name } = shownPlace();
  if (section === "queues") {
    if (!name) return html`<${Card} title=${t("section.queues")}><p class="empty">${t("settings.none_yet")}</p><//>`;
    const remove = html`<button type="button" class="button plain danger" onClick=${() => setAt(["queues", name], undefined)}>${t("settings.remove_queue")}</button>`;
    return html`<${Card} title=${queueName(name)} aside=${html`<code class="quiet small">${name}</code>${remove}`}><div class="body">
      <${Warnings} keys=${[`queues.${name}`]} /><${QueueForm} key=${name} name=${name} /></div><//>`;
  }
  const title = section === "new" ? t("settings.new_queue") : t(`section.${section}`);
  const Body = { new: NewQueue, calendars: Calendars, customers: Customers, routing: Everywhere, versions: Versions }[section];
  const body = Body ? html`<${Body} />` : html`<p class="quiet">${t(`section.${section}.hint`)}</p><${Titles} part=${section} />`;
  return html`<${Card} title=${title}>${section === "versions" ? body : html`<div class="body">${body}</div>`}<//>`;
}

/** What somebody else stored meanwhile, beside what is changed here. */
function Overtaken() {
  const theirs = newer.value;
  const began = base.value.document;
  return html`<${Card} title=${t("settings.overtaken", { who: theirs.login, version: theirs.version })} role="alert">
    <div class="body overtaken">
      <p>${t("settings.overtaken_hint", { at: dateTimeOf(theirs.at), version: base.value.version })}</p>
      <h3>${t("settings.theirs", { who: theirs.login })}</h3>
      <${Differences} rows=${differences(began, theirs.document)} before=${t("settings.before")} after=${t("settings.after")} document=${theirs.document} />
      <h3>${t("settings.mine")}</h3>
      <${Differences} rows=${changed.value} before=${t("settings.before")} after=${t("settings.after")} document=${draft.value} />
      <div class="actions">
        <button type="button" class="button primary" onClick=${putOnTop}>${t("settings.put_on_top")}</button>
        <button type="button" class="button" onClick=${takeTheirs}>${t("settings.take_theirs")}</button>
      </div>
    </div>
  <//>`;
}

function verdict() {
  const n = errors.value.size;
  if (check.value === "checking") return t("settings.checking");
  if (check.value === "offline") return t("error.offline");
  if (n) return t("settings.wrong", { n });
  return warnings.value.length ? t("settings.sound_warned", { n: warnings.value.length }) : t("settings.sound");
}

/** Errors that are in another section than the one that is shown can be reached from here. */
function firstWrong() {
  const key = [...errors.value.keys()][0] ?? "";
  const [first, second] = key.split(".");
  if (first === "queues") return { section: "queues", name: draft.value.queues[second] ? second : "" };
  const section = SECTIONS.find((each) => PATHS[each].some((path) => key === path.join(".") || key.startsWith(`${path.join(".")}.`)));
  return { section: section ?? "queues", name: "" };
}

function SaveBar() {
  const [comment, setComment] = useState("");
  const n = changed.value.length;
  if (!n) return null;
  const wrong = errors.value.size > 0;
  const submit = async (event) => {
    event.preventDefault();
    if (await save(comment)) setComment("");
  };
  return html`<form class="save-bar" onSubmit=${submit} aria-label=${t("settings.save_bar")}>
    <div class="said" role="status">
      <strong>${t("settings.changed", { n })}</strong>
      <span class="small ${wrong ? "error-text" : "quiet"}">${verdict()}</span>
    </div>
    ${wrong && html`<button type="button" class="button" onClick=${() => (place.value = firstWrong())}>${t("settings.show_wrong")}</button>`}
    <span class="spacer"></span>
    <label class="unseen" for="settings-comment">${t("change.comment")}</label>
    <input class="input comment" id="settings-comment" maxlength="500" autocomplete="off" placeholder=${t("change.comment")} value=${comment} onInput=${(event) => setComment(event.target.value)} />
    <button type="button" class="button" onClick=${discard}>${t("settings.discard")}</button>
    <button class="button primary" disabled=${!online() || saving.value || wrong || check.value !== "checked"}>${t("settings.save")}</button>
  </form>`;
}

export function Settings() {
  document.title = `${t("nav.settings")} · contactcenter`;
  useEffect(() => {
    if (!changed.peek().length) load();
  }, [me.value.configuration]);

  const title = html`<div class="page-title"><h1>${t("nav.settings")}</h1>
    ${base.value && html`<span class="quiet small">${t("settings.of", { version: base.value.version, who: base.value.login, at: dateTimeOf(base.value.at) })}</span>`}</div>`;
  if (trouble.value && !draft.value) {
    return html`<div class="page">${title}<div class="empty" role="alert"><p>${trouble.value.message || t("error.load")}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div></div>`;
  }
  if (!draft.value) return html`<div class="page">${title}<p class="empty">${t("history.loading")}</p></div>`;
  return html`<div class="page">
    ${title}
    ${newer.value && html`<${Overtaken} />`}
    <div class="settings"><${Sections} /><div class="section-body"><${Section} /></div></div>
    <${SaveBar} />
  </div>`;
}
