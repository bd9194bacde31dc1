// The hours of a week as a picture: the law's, and within them the campaign's own, by the clock of whoever is called.

import { html } from "./html.js";
import { t } from "./language.js";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const HOURS = [0, 6, 12, 18, 24];

const minutes = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

/** Spans of a day as minutes `[from, to]`; midnight as an end is the end of the day. */
const asMinutes = (spans) => spans.map(([from, to]) => [minutes(from), minutes(to) || 1440]).filter(([from, to]) => to > from);

/** What two lists of spans have in common. */
function both(one, other) {
  return one.flatMap(([from, to]) => other.map(([begin, end]) => [Math.max(from, begin), Math.min(to, end)])).filter(([from, to]) => to > from);
}

const two = (n) => String(n).padStart(2, "0");
const clockOf = (n) => `${two(Math.floor(n / 60))}:${two(n % 60)}`;

/** Spans in words: `09:00–12:00, 14:00–18:00`. */
export const spanWords = (spans) => (spans.length ? spans.map(([from, to]) => `${clockOf(from)}–${clockOf(to)}`).join(", ") : t("week.never"));

/** What counts on each day: the law's hours, and the campaign's where it has some. */
export const weekOf = (law, own) => law.map((spans, day) => (own ? both(asMinutes(spans), asMinutes(own[day] ?? [])) : asMinutes(spans)));

/** A week as text fields have it, and back; null: no such text. */
export const dayText = (spans) => spans.map(([from, to]) => `${from.slice(0, 5)}-${to.slice(0, 5) === "00:00" ? "24:00" : to.slice(0, 5)}`).join(" ");
export function spansOf(text) {
  const parts = text.trim().split(/[\s,，;；]+/).filter(Boolean);
  const spans = parts.map((part) => part.match(/^([01]?\d|2[0-3]):([0-5]\d)[-–]([01]?\d|2[0-4]):([0-5]\d)$/));
  if (spans.some((span) => !span)) return null;
  const found = spans.map(([, a, b, c, d]) => [`${a.padStart(2, "0")}:${b}`, c === "24" ? "00:00" : `${c.padStart(2, "0")}:${d}`]);
  return found.some(([from, to]) => (minutes(to) || 1440) <= minutes(from)) ? null : found;
}

export function WeekPicture({ law, own }) {
  const used = weekOf(law, own);
  const bar = (look) => ([from, to]) => html`<i key=${`${look}${from}`} data-look=${look} style=${{ insetInlineStart: `${from / 14.4}%`, inlineSize: `${(to - from) / 14.4}%` }}></i>`;
  return html`<figure class="week-picture">
    <ul>
      ${DAYS.map((day, place) => html`<li key=${day}>
        <span>${t(`day.${day}`)}</span>
        <span class="hours" aria-hidden="true">${asMinutes(law[place]).map(bar("law"))}${used[place].map(bar("used"))}</span>
        <span class="small figures">${spanWords(used[place])}</span>
      </li>`)}
    </ul>
    <div class="hour-scale small quiet" aria-hidden="true">${HOURS.map((hour) => html`<span key=${hour} style=${{ insetInlineStart: `${hour / 0.24}%` }}>${hour}</span>`)}</div>
    <figcaption class="small quiet"><span><i data-look="used" aria-hidden="true"></i>${t("week.used")}</span><span><i data-look="law" aria-hidden="true"></i>${t("week.law")}</span></figcaption>
  </figure>`;
}
