// Follow-ups in words, and what every page does with them.

import { signal } from "@preact/signals";

import { act } from "./actions.js";
import { remove } from "./api.js";
import { change } from "./conflict.js";
import { at, untilMonday } from "./due.js";
import { serverNow } from "./clock.js";
import { dayTimeOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { may, toast } from "./model.js";
import { personName, teamTitle } from "./people.js";

export const UNITS = ["days", "weeks", "months", "years"];

export const mayFollowUp = () => may("followups.write");

/** Grows when this page changed a follow-up: lists that show it ask again. */
export const changedFollowups = signal(0);

/** How it comes again, in words. */
export const recurrenceWords = ({ every, unit, until }) => {
  const words = every === 1 ? t(`recurs_one.${unit}`) : t(`recurs.${unit}`, { n: every });
  return until ? t("recurs.until", { words, at: dayTimeOf(until) }) : words;
};

export function Recurs({ recurrence }) {
  return recurrence && html`<div class="small quiet recurs"><${Icon} name="again" size=${14} />${recurrenceWords(recurrence)}</div>`;
}

const LABELS = {
  title: "followup.title", note: "followup.note", state: "request.state", result: "followup.result", due_at: "request.due",
  remind_at: "followup.remind", recurrence: "followup.recurs", owner: "request.owner", team: "request.team",
};

function shown(field, value) {
  if (value === "" || value === null || value === undefined) return "–";
  if (field === "state") return t(`followup_state.${value}`);
  if (field === "due_at" || field === "remind_at") return dayTimeOf(value);
  if (field === "recurrence") return recurrenceWords(value);
  if (field === "owner") return personName(value);
  if (field === "team") return teamTitle(value);
  return String(value);
}

/** Change a follow-up; answers it as it is then, or null when it was refused. */
export async function changeFollowup(one, body, wrong = null) {
  const words = { title: one.title, label: (field) => (LABELS[field] ? t(LABELS[field]) : null), show: shown };
  const changed = await change({ name: `followup ${one.id}`, path: addressIn("/api/followups", one), body, base: one, words, wrong });
  if (changed) changedFollowups.value++;
  return changed;
}

const addressIn = (list, one) => `${list}/${encodeURIComponent(one.id)}`;

export const followupAddress = (one) => addressIn("/followups", one);

/** It is done; `result` says what came of it. The next one of a series is there then. */
export async function finish(one, result) {
  const done = await changeFollowup(one, { state: "done", result });
  if (done?.state === "done") toast(t(one.recurrence ? "followup.done_again" : "followup.done_said", { title: one.title }));
  return done;
}

/** It will not be done; of a series, the series ends. */
export async function giveUp(one) {
  const dropped = await changeFollowup(one, { state: "dropped" });
  if (dropped?.state === "dropped") {
    toast(t("followup.dropped_said", { title: one.title }), { action: { label: t("action.undo"), run: () => changeFollowup(dropped, { state: "open" }) } });
  }
  return dropped;
}

/** Another time; the reminder keeps its distance, and comes no later than that. */
export async function putOff(one, due_at) {
  const lead = one.remind_at === null ? null : Math.max(0, one.due_at - one.remind_at);
  const moved = await changeFollowup(one, lead === null ? { due_at } : { due_at, remind_at: due_at - lead });
  if (moved?.due_at === due_at) {
    const back = { due_at: one.due_at, ...(lead === null ? {} : { remind_at: one.remind_at }) };
    toast(t("followup.moved", { title: one.title, at: dayTimeOf(due_at) }), { action: { label: t("action.undo"), run: () => changeFollowup(moved, back) } });
  }
  return moved;
}

/** Put the reminder away that is shown: from everybody's page. */
export const putReminderAway = (one) => act(`reminder ${one.id}`, () => remove(`/api/followups/${encodeURIComponent(one.id)}/reminder`));

/** Times to which something is put off: `[words, moment]`. */
export const LATER = () => [
  [t("later.hour"), Math.ceil(serverNow() / 60) * 60 + 3600],
  [t("later.tomorrow"), at(9, 1)],
  [t("later.monday"), at(9, untilMonday())],
  [t("later.week"), at(9, 7)],
];
