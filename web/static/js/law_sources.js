// Where a rule of the law is written, in the words of this page. Names of laws and their articles stay as they are; what is
// said beside them is in English on the server, and is translated here as far as it is known.

import { html } from "./html.js";
import { language, t } from "./language.js";

const KNOWN = [
  ["national rules differ: our own value, stricter than any that was found", "law_source.strictest"],
  ["our own value: no rule was found", "law_source.own"],
  ["no rule was found: as in the US", "law_source.like_us"],
  ["our own value: under the limit of 3 %", "law_source.under_limit"],
  ["our own value, as in the US; before 2017 it was a day", "law_source.own_like_us"],
  ["as in the UK: our own value", "law_source.like_uk"],
  ["our own rule: only with an agent reserved", "law_source.reserved"],
  ["as in the US: only with an agent reserved", "law_source.reserved_like_us"],
  ["none from 21:00 to 09:00", "law_source.night"],
  [" is a draft (2020): none in force", "law_source.draft"],
  ["after a refusal never again", "law_source.never_again"],
  ["consent, with evidence", "law_source.consent"],
  ["for insurance: the whole call", "law_source.insurance"],
  ["for recordings: 5 years", "law_source.recordings"],
  ["as for all calls", "law_source.all_calls"],
  ["at once and for ever is our own rule", "law_source.for_ever"],
  ["at once, and for ever", "law_source.for_ever"],
  ["silent calls are the worst", "law_source.silent"],
  ["no safe harbour; half of 3 % is our own value", "law_source.half"],
  ["3 % is no safe harbour; the number is ours", "law_source.no_harbour"],
  ["of the calls that a person answered", "law_source.persons"],
  ["none against it; persons among them count as dropped", "law_source.none_against"],
  ["2 s from the completed greeting", "law_source.two_seconds"],
  ["15 s or four rings", "law_source.four_rings"],
  ["none for calls by agents to numbers that are on no list", "law_source.no_list"],
  ["none for numbers that are not on the TPS", "law_source.no_tps"],
  ["each country has rules of its own", "law_source.each_country"],
  ["each country has its own list: put it on the own one", "law_source.each_list"],
  ["as short as the purpose; the number is ours", "law_source.short"],
  ["not verified", "law_source.not_verified"],
];

const CHINESE = /[\u4e00-\u9fff]/;

/** The source in this page's words; what is left in English is marked so. */
export function Source({ source, look = "" }) {
  const text = language.value === "en" ? source : KNOWN.reduce((said, [known, key]) => said.replace(known, t(key)), source);
  return html`<cite class=${look} lang=${CHINESE.test(text) ? undefined : "en"}>${text}</cite>`;
}
