// Agents changed while callers wait: who is chosen, what is to change, what it would bring; and what is changed
// now, each with its undo.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, newest, post } from "./api.js";
import { serverNow } from "./clock.js";
import { momentOf } from "./format.js";
import { html } from "./html.js";
import { t, titled } from "./language.js";
import { agents, me, toast } from "./model.js";
import { Card, Dialog, queueTitle, skillTitle } from "./parts.js";
import { Table } from "./table.js";

const AGAIN_MS = 10_000;
const PAUSE_MS = 300;
const UNDO_S = 10;
const LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

// --- who is chosen ---

const selected = signal(new Set());
/** The open dialog, `{logins, opening}`, or null. */
const dialog = signal(null);
let openings = 0;

/** The chosen agents who are still on the board. */
const chosen = () => [...selected.value].filter((login) => agents.value.has(login));

export function toggle(login) {
  const next = new Set(selected.value);
  if (!next.delete(login)) next.add(login);
  selected.value = next;
}

const nameOf = (login) => agents.value.get(login)?.name ?? login;

/** Open the dialog for the chosen agents, or for this one when none is. */
export const openChange = (login) => {
  const logins = chosen();
  dialog.value = { logins: logins.length ? logins : [login], opening: openings++ };
};

export const changeKeys = (agent) => ({
  X: () => toggle(agent.login),
  " ": () => toggle(agent.login),
  C: () => openChange(agent.login),
});

export function SelectBox({ agent }) {
  return html`<label class="check"><input type="checkbox" tabindex="-1" checked=${selected.value.has(agent.login)}
    aria-label=${t("change.select", { name: agent.name })} onChange=${() => toggle(agent.login)} /></label>`;
}

export function SelectAll({ rows }) {
  const all = rows.length > 0 && rows.every((agent) => selected.value.has(agent.login));
  return html`<label class="check"><input type="checkbox" checked=${all} aria-label=${t("change.select_all")}
    onChange=${() => (selected.value = all ? new Set() : new Set(rows.map((agent) => agent.login)))} /></label>`;
}

/** What can be done with those who are chosen. */
export function ChosenBar() {
  const logins = chosen();
  return html`<div class="chosen">
    <span class="small quiet" role="status">${logins.length ? t("change.chosen", { n: logins.length }) : t("change.none")}</span>
    ${logins.length > 0 && html`<button type="button" class="button plain" onClick=${() => (selected.value = new Set())}>${t("change.clear")}</button>`}
    <button type="button" class="button" disabled=${!online() || !logins.length} onClick=${() => openChange("")}>${t("change.open")}</button>
  </div>`;
}

export function Skills({ agent }) {
  const skills = Object.entries(agent.skills);
  return html`<span class="chips">
    ${agent.queues.map((name) => html`<span key=${`q ${name}`} class="chip">${queueTitle(name)}</span>`)}
    ${skills.map(([name, level]) => html`<span key=${`s ${name}`} class="chip skill">${t("change.level", { skill: skillTitle(name), level })}</span>`)}
  </span>`;
}

// --- what is changed now ---

/** The active changes; null while they are not known. */
const active = signal(null);
const trouble = signal(false);

const ask = newest(
  () => get("/api/changes?state=active&limit=200"),
  ({ items }) => (active.value = items),
);

async function load() {
  try {
    await ask();
    trouble.value = false;
  } catch {
    trouble.value = true;
  }
}

const undo = (change) =>
  act(`undo ${change.id}`, () => post(`/api/changes/${encodeURIComponent(change.id)}/undo`)).then((done) => {
    if (done) toast(t("change.undone"));
    load();
  });

const shownValue = (value) => (value === null ? t("change.no_level") : String(value));

function ruleValue(item, value) {
  if (item === "opening") return t(`setting.opening.${value}`);
  if (item === "strategy") return t(`setting.strategy.${value}`);
  return shownValue(value);
}

/** One thing that is changed, in words. */
function cellWords({ kind, name, part, item, before, after }) {
  if (kind === "queue") {
    return t("change.rule", { queue: queueTitle(name), rule: t(`setting.${item}`), before: ruleValue(item, before), after: ruleValue(item, after) });
  }
  if (part === "queues") return t(after ? "change.joins" : "change.leaves", { name: nameOf(name), queue: queueTitle(item) });
  return t("change.skill", { name: nameOf(name), skill: skillTitle(item), before: shownValue(before), after: shownValue(after) });
}

const MANY = 6;

function Cells({ cells }) {
  return html`<ul class="cells">
    ${cells.slice(0, MANY).map((cell) => html`<li key=${`${cell.name} ${cell.part} ${cell.item}`}>${cellWords(cell)}</li>`)}
    ${cells.length > MANY && html`<li class="quiet">${t("change.more", { n: cells.length - MANY })}</li>`}
  </ul>`;
}

export function ActiveChanges() {
  useEffect(() => {
    load();
    const again = setInterval(load, AGAIN_MS);
    return () => clearInterval(again);
  }, []);
  const columns = [
    [t("change.what"), (change) => html`<${Cells} cells=${change.cells} />${change.comment && html`<p class="small quiet">${change.comment}</p>`}`],
    [t("change.by"), (change) => change.login],
    [t("change.at"), (change) => html`<span class="figures">${momentOf(change.at)}</span>`],
    [t("change.until"), (change) => html`<span class="figures">${change.until === null ? t("change.for_good") : momentOf(change.until)}</span>`],
    [
      t("action.undo"),
      (change) => html`<button type="button" class="button" disabled=${!online()} aria-busy=${pending(`undo ${change.id}`)} onClick=${() => undo(change)}
        aria-label=${t("change.undo_of", { what: cellWords(change.cells[0]) })}>${t("action.undo")}</button>`,
    ],
  ];
  const again = html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div>`;
  return html`<${Card} title=${t("change.active")}>
    ${trouble.value && !active.value
      ? again
      : html`<${Table} label=${t("change.active")} columns=${columns} rows=${active.value ?? []} keyOf=${(change) => change.id}
          empty=${active.value ? t("change.nothing") : t("history.loading")} />`}
  <//>`;
}

// --- the dialog ---

const CLOCK = /^([01][0-9]|2[0-3]):[0-5][0-9]$/;

/** The next moment at which this page's clock shows that time, as everything else here is told; text that is no
 * time goes to the server as it stands, which says so. */
function momentAt(text) {
  if (!CLOCK.test(text)) return text;
  const now = serverNow();
  const due = new Date(now * 1000);
  due.setHours(...text.split(":").map(Number), 0, 0);
  if (due.getTime() / 1000 <= now) due.setDate(due.getDate() + 1);
  return due.getTime() / 1000;
}

/** The body of the request: only what is to change. */
function bodyOf({ queues, skills, timed, until, comment }, logins) {
  const set = (table, read) => Object.fromEntries(Object.entries(table).filter(([, value]) => value !== "").map(([name, value]) => [name, read(value)]));
  return {
    agents: logins,
    queues: set(queues, (value) => value === "join"),
    skills: set(skills, (value) => (value === "none" ? null : Number(value))),
    ...(timed ? { until: momentAt(until) } : {}),
    comment,
  };
}

const isEmpty = (body) => !Object.keys(body.queues).length && !Object.keys(body.skills).length;

/** What holds now for the chosen: the shared value, or the range. */
function skillNow(name, logins) {
  const levels = logins.map((login) => agents.value.get(login)?.skills[name] ?? 0);
  const [least, most] = [Math.min(...levels), Math.max(...levels)];
  if (!most) return t("change.no_level");
  return least === most ? String(most) : t("change.range", { least: least || t("change.no_level"), most });
}

function Preview({ found, refusal, empty }) {
  if (refusal) return html`<p class="error-text" role="alert">${refusal}</p>`;
  if (empty) return html`<p class="quiet small">${t("change.hint")}</p>`;
  if (!found) return html`<p class="quiet small">${t("history.loading")}</p>`;
  if (!found.cells.length) return html`<p class="small">${t("change.same")}</p>`;
  return html`<${Cells} cells=${found.cells} />
    <ul class="eligible">
      ${Object.entries(found.eligible).map(
        ([login, { before, after }]) => html`<li key=${login}>${t("change.eligible", { name: nameOf(login), before, after, n: after })}</li>`,
      )}
    </ul>
    ${found.until !== null && html`<p class="small quiet">${t("change.returns", { at: momentOf(found.until) })}</p>`}`;
}

/** What a wish would bring is known for the wish with this text only. */
const NOT_CHECKED = { text: "", found: null, refusal: "" };

function ChangeForm({ logins, close }) {
  const [wish, setWish] = useState({ queues: {}, skills: {}, timed: false, until: "15:00", comment: "" });
  const [answered, setAnswered] = useState(NOT_CHECKED);
  const body = bodyOf(wish, logins);
  const text = JSON.stringify(body);
  const checked = answered.text === text ? answered : NOT_CHECKED;
  const empty = isEmpty(body);
  const mine = me.value.queue_titles.filter(({ code }) => !me.value.limited_to.length || me.value.limited_to.includes(code));

  useEffect(() => {
    if (empty) return undefined;
    let late = false;
    const waiting = setTimeout(async () => {
      try {
        const found = await post("/api/changes/check", body);
        if (!late) setAnswered({ text, found, refusal: "" });
      } catch (refusal) {
        if (!late) setAnswered({ text, found: null, refusal: refusal.message || t("error.offline") });
      }
    }, PAUSE_MS);
    return () => {
      late = true;
      clearTimeout(waiting);
    };
  }, [text]);

  const put = (part, name) => (event) => setWish({ ...wish, [part]: { ...wish[part], [name]: event.target.value } });
  const apply = async (event) => {
    event.preventDefault();
    if (!checked.found?.cells.length) return;
    let made;
    const done = await act("change", async () => {
      made = await post("/api/changes", body);
    });
    if (!done) return;
    toast(t("change.made", { n: logins.length }), { action: { label: t("action.undo"), run: () => undo(made) }, seconds: UNDO_S });
    selected.value = new Set();
    load();
    close();
  };
  const member = (name) => logins.filter((login) => agents.value.get(login)?.queues.includes(name)).length;

  return html`<form class="change-form" onSubmit=${apply}>
    <p class="small quiet">${t("change.who", { names: logins.map(nameOf).join(", ") })}</p>
    <div class="change-columns">
      <fieldset>
        <legend class="legend">${t("board.queues")}</legend>
        ${mine.map(
          ({ code, title }, place) => html`<div class="change-row" key=${code}>
            <label for=${`change-q-${code}`}>${titled(title, code)} <span class="quiet small">${t("change.members", { n: member(code), all: logins.length })}</span></label>
            <select class="input" id=${`change-q-${code}`} autofocus=${place === 0} value=${wish.queues[code] ?? ""} onChange=${put("queues", code)}>
              <option value="">${t("change.keep")}</option>
              <option value="join">${t("change.join")}</option>
              <option value="leave">${t("change.leave")}</option>
            </select>
          </div>`,
        )}
      </fieldset>
      <fieldset>
        <legend class="legend">${t("change.skills")}</legend>
        ${!me.value.skill_titles.length && html`<p class="quiet small">${t("change.no_skills")}</p>`}
        ${me.value.skill_titles.map(
          ({ code, title }) => html`<div class="change-row" key=${code}>
            <label for=${`change-s-${code}`}>${titled(title, code)} <span class="quiet small">${t("change.now", { now: skillNow(code, logins) })}</span></label>
            <select class="input" id=${`change-s-${code}`} value=${wish.skills[code] ?? ""} onChange=${put("skills", code)}>
              <option value="">${t("change.keep")}</option>
              <option value="none">${t("change.take_away")}</option>
              ${LEVELS.map((level) => html`<option key=${level} value=${level}>${t("change.set_level", { level })}</option>`)}
            </select>
          </div>`,
        )}
      </fieldset>
    </div>
    <div class="change-row timed">
      <label class="check"><input type="checkbox" checked=${wish.timed} onChange=${(event) => setWish({ ...wish, timed: event.target.checked })} />${t("change.only_until")}</label>
      <input class="input figures" aria-label=${t("change.until")} inputmode="numeric" autocomplete="off" pattern=${CLOCK.source} placeholder="15:00"
        value=${wish.until} disabled=${!wish.timed} required=${wish.timed}
        onInput=${(event) => setWish({ ...wish, until: event.target.value })} />
    </div>
    <div class="field">
      <label for="change-comment">${t("change.comment")}</label>
      <input class="input" id="change-comment" maxlength="500" autocomplete="off" value=${wish.comment} onInput=${(event) => setWish({ ...wish, comment: event.target.value })} />
    </div>
    <section class="preview" role="status" aria-label=${t("change.preview")}>
      <h3>${t("change.preview")}</h3>
      <${Preview} found=${checked.found} refusal=${checked.refusal} empty=${empty} />
    </section>
    <div class="dialog-foot">
      <p class="small quiet">${t("change.at_once")}</p>
      <button class="button primary" disabled=${!online() || !checked.found?.cells.length} aria-busy=${pending("change")}>${t("change.apply")}</button>
    </div>
  </form>`;
}

/** The dialog for the chosen agents. */
export function ChangeDialog() {
  const shown = dialog.value;
  const logins = shown?.logins.filter((login) => agents.value.has(login));
  if (!logins?.length) return null;
  const closed = () => {
    if (dialog.value === shown) dialog.value = null;
  };
  return html`<${Dialog} key=${shown.opening} kind="change-dialog" id="change-title" title=${t("change.title", { n: logins.length })} closed=${closed}>
    ${(close) => html`<${ChangeForm} logins=${logins} close=${close} />`}
  <//>`;
}
