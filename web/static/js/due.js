// When something is due, and how urgent it is: in words, with a sign, in a colour.

import { computed } from "@preact/signals";

import { beat } from "./clock.js";
import { dateTimeOf, dayTimeOf, hourOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";

const HOUR_S = 3600;
const DAY_S = 86_400;

/** The time in steps of half a minute: what is due is not counted in seconds. */
const now = computed(() => Math.floor(beat.value / 30) * 30);

/** Midnight of the day that is `days` after that of `at`, by this browser's calendar. */
export function dayStart(at, days = 0) {
  const date = new Date(at * 1000);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime() / 1000;
}

/** A time on a day: `at(9, 1)` is tomorrow at nine. */
export function at(hour, days = 0) {
  const date = new Date(dayStart(now.value, days) * 1000);
  date.setHours(hour);
  return date.getTime() / 1000;
}

/** Days until the Monday after today. */
export const untilMonday = () => ((8 - new Date(now.value * 1000).getDay()) % 7) || 7;

function span(seconds) {
  if (seconds < HOUR_S) return t("time.minutes", { n: Math.max(1, Math.round(seconds / 60)) });
  if (seconds < 2 * DAY_S) return t("time.hours", { n: Math.round(seconds / HOUR_S) });
  return t("time.days", { n: Math.round(seconds / DAY_S) });
}

/** `overdue`, `today`, `later`, by what the clock says now. */
export const dueGroup = (moment) => (moment < now.value ? "overdue" : moment < dayStart(now.value, 1) ? "today" : "later");

function inWords(moment) {
  if (moment < now.value) return t("due.overdue", { time: span(now.value - moment) });
  if (moment < dayStart(now.value, 1)) return t("due.today", { time: hourOf(moment) });
  if (moment < dayStart(now.value, 2)) return t("due.tomorrow", { time: hourOf(moment) });
  return dayTimeOf(moment);
}

/** When it is due; with `over`, what is done is due no more and stays a date. */
export function Due({ moment, over = false }) {
  if (moment === null) return html`<span class="quiet">–</span>`;
  if (over) return html`<span class="quiet figures">${dayTimeOf(moment)}</span>`;
  const group = dueGroup(moment);
  return html`<span class="due" data-due=${group} title=${dateTimeOf(moment)}>
    <${Icon} name=${group === "overdue" ? "warning" : "clock"} size=${14} />${inWords(moment)}
  </span>`;
}

export const PRIORITIES = [1, 2, 3, 4];

/** One to four bars and the word. */
export function Priority({ level }) {
  return html`<span class="priority" data-level=${level}>
    <span class="bars" aria-hidden="true">${PRIORITIES.map((each) => html`<i key=${each} class=${each <= level ? "on" : ""}></i>`)}</span>${t(`priority.${level}`)}
  </span>`;
}

/** A moment as `datetime-local` has it, and back; nothing is `""` and null. */
export function localText(moment) {
  if (moment === null || moment === undefined) return "";
  const date = new Date(moment * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function momentOfLocal(text) {
  const moment = new Date(text).getTime() / 1000;
  return Number.isNaN(moment) ? null : moment;
}

/** A field for a date and a time. `set` gets the moment, or null when it is empty or half typed. */
export function MomentInput({ id, value, set, ...rest }) {
  return html`<input class="input" id=${id} type="datetime-local" max="2999-12-31T23:59" value=${localText(value)}
    onInput=${(event) => set(momentOfLocal(event.target.value))} ...${rest} />`;
}
