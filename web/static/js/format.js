// Times, durations and amounts in words and figures.

import { language, LOCALES, t } from "./language.js";

/** `0:07`, `12:34`, `1:02:03`. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A duration in words: seconds below two minutes, then minutes. */
export function lasting(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 120 ? t("time.seconds", { n: whole }) : t("time.minutes", { n: Math.round(whole / 60) });
}

const LONG_UNITS = [["day", 86_400], ["hour", 3600]];

/** A long time in days or hours, such as `4 hours`; empty for what is told best in minutes. */
export function longTime(seconds) {
  const [unit, size] = LONG_UNITS.find(([, each]) => seconds >= 2 * each) ?? [];
  if (!unit) return "";
  return new Intl.NumberFormat(LOCALES[language.value], { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 1 }).format(seconds / size);
}

const formats = new Map();

function format(options) {
  const key = language.value + JSON.stringify(options);
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat(LOCALES[language.value], { hourCycle: "h23", ...options }));
  }
  return formats.get(key);
}

/** A share of 1 in whole per cent; `–` where there is nothing to have a share in. */
export const share = (value) =>
  value === null || value === undefined
    ? "–"
    : new Intl.NumberFormat(LOCALES[language.value], { style: "percent" }).format(value);

/** A share of 1 in tenths of a per cent, for what has a limit of some per cent. */
export const fine = (value) =>
  new Intl.NumberFormat(LOCALES[language.value], { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);

/** A count, with its groups of digits. */
export const whole = (value) => new Intl.NumberFormat(LOCALES[language.value]).format(value);

const UNITS = ["kilobyte", "megabyte", "gigabyte"];

/** How long a file is: `1.4 MB`. */
export function bytesOf(count) {
  const step = count < 1024 ** 2 ? 0 : count < 1024 ** 3 ? 1 : 2;
  const style = { style: "unit", unit: UNITS[step], unitDisplay: "short", maximumFractionDigits: 1 };
  return new Intl.NumberFormat(LOCALES[language.value], style).format(count && Math.max(count / 1024 ** (step + 1), 0.1));
}

/** `10:15–10:30` */
export function timeSpan(from, to) {
  const time = format({ hour: "2-digit", minute: "2-digit" });
  return `${time.format(new Date(from * 1000))}–${time.format(new Date(to * 1000))}`;
}

const sameDay = (a, b) => a.toDateString() === b.toDateString();

/** `14:05:09` */
export const timeOf = (at) =>
  format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(new Date(at * 1000));

/** Today only the time, else the date with it. */
export function momentOf(at) {
  const date = new Date(at * 1000);
  const time = { hour: "2-digit", minute: "2-digit" };
  if (sameDay(date, new Date())) return format(time).format(date);
  return format({ ...time, month: "short", day: "numeric" }).format(date);
}

/** The date and the time, for the head of a page. */
export const dateTimeOf = (at) => format({ dateStyle: "medium", timeStyle: "short" }).format(new Date(at * 1000));

/** The date and the time with its seconds, for a log. */
export const logTimeOf = (at) => format({ dateStyle: "short", timeStyle: "medium" }).format(new Date(at * 1000));

/** An amount with two decimals; it stays text when it is none. */
export function amount(text) {
  const value = Number(text);
  if (text === "" || Number.isNaN(value)) return text;
  return new Intl.NumberFormat(LOCALES[language.value], { minimumFractionDigits: 2 }).format(value);
}

/** The day of `2026-03-31`, or of a moment. */
export const dateOf = (day) => format({ dateStyle: "medium" }).format(typeof day === "string" ? new Date(`${day}T12:00`) : new Date(day * 1000));

/** The day with its name, for the head of what happened then. */
export const dayOf = (at) => format({ dateStyle: "full" }).format(new Date(at * 1000));

/** `14:05` */
export const hourOf = (at) => format({ hour: "2-digit", minute: "2-digit" }).format(new Date(at * 1000));

/** The day and the time; the year where it is another than this one. */
export function dayTimeOf(at) {
  const date = new Date(at * 1000);
  const year = date.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return format({ ...year, month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(date);
}
