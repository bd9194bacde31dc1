// Moments by the clock of another zone: what is agreed with somebody is agreed by his.

import { html } from "./html.js";

/** Every zone that this browser knows. */
export const ZONES = Intl.supportedValuesOf("timeZone");

export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const isZone = (zone) => {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: zone }));
  } catch {
    return false;
  }
};

const formats = new Map();

function partsAt(moment, zone) {
  if (!formats.has(zone)) {
    const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
    formats.set(zone, new Intl.DateTimeFormat("en-CA", { ...parts, hourCycle: "h23", timeZone: zone }));
  }
  return Object.fromEntries(formats.get(zone).formatToParts(new Date(moment * 1000)).map(({ type, value }) => [type, value]));
}

/** What the clock shows there, as `datetime-local` has it. */
export function wallText(moment, zone) {
  const { year, month, day, hour, minute } = partsAt(moment, zone);
  return `${year}-${month}-${day}T${hour}:${minute}`;
}

/** The moment at which the clock shows this there; null when it never does (the clocks are put forward), or when it
 * is half typed. An hour that comes twice is meant the first time. */
export function momentAt(text, zone) {
  const asUtc = Date.parse(`${text}Z`) / 1000;
  if (Number.isNaN(asUtc) || !isZone(zone)) return null;
  const offsetAt = (moment) => Date.parse(`${wallText(moment, zone)}Z`) / 1000 - Math.floor(moment / 60) * 60;
  const found = [...new Set([asUtc - offsetAt(asUtc - 86_400), asUtc - offsetAt(asUtc + 86_400)])].sort((a, b) => a - b);
  return found.find((moment) => wallText(moment, zone) === text.slice(0, 16)) ?? null;
}

export function ZoneInput({ id, value, set }) {
  return html`<input class="input" id=${id} list=${`${id}-all`} autocomplete="off" spellcheck=${false} value=${value} onInput=${(event) => set(event.target.value.trim())} />
    <datalist id=${`${id}-all`}>${ZONES.map((zone) => html`<option key=${zone} value=${zone}></option>`)}</datalist>`;
}
