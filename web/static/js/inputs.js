// Values of records: each by its type shown in words, and entered in a field.

import { amount, dateOf, dateTimeOf } from "./format.js";
import { html } from "./html.js";
import { t, word } from "./language.js";
import { localText, momentOfLocal } from "./due.js";
import { PhoneNumber } from "./parts.js";
import { PersonChoice, personName, TeamChoice, teamTitle } from "./people.js";

const LONGEST = { text: 500, long_text: 10_000, phone: 64, email: 254, url: 500, amount: 16, number: 24 };
const WHAT = { phone: "tel", email: "email", url: "url", number: "decimal", amount: "decimal" };

/** Tiers that have a word; a center's configuration may have others. */
const TIERS = ["standard", "silver", "gold", "vip"];

const isNothing = (value) => value === "" || value === null || value === undefined || (Array.isArray(value) && !value.length);
const optionTitle = (spec, value) => spec.options?.find((each) => each.value === value)?.title ?? value;

/** A value as text, for a sentence. */
export function asText(spec, value) {
  if (isNothing(value)) return "–";
  if (spec.type === "choice") return optionTitle(spec, value);
  if (spec.type === "choices") return value.map((each) => optionTitle(spec, each)).join(", ");
  if (spec.type === "tags") return value.join(", ");
  if (spec.type === "tier") return word("tier", value);
  if (spec.type === "boolean") return t(value ? "value.yes" : "value.no");
  if (spec.type === "amount") return amount(value);
  if (spec.type === "date") return dateOf(value);
  if (spec.type === "moment") return dateTimeOf(value);
  if (spec.type === "person") return personName(value);
  if (spec.type === "team") return teamTitle(value);
  return String(value);
}

/** A value as a page shows it. What people wrote keeps its own direction, and to itself. */
export function Shown({ spec, value }) {
  if (isNothing(value)) return html`<span class="quiet">–</span>`;
  if (spec.type === "tags" || spec.type === "choices") {
    return html`<span class="chips inline">${value.map((each) => html`<span key=${each} class="chip"><bdi>${optionTitle(spec, each)}</bdi></span>`)}</span>`;
  }
  if (spec.type === "phone") return html`<${PhoneNumber} number=${value} />`;
  if (spec.type === "email") return html`<a href=${`mailto:${value}`}>${value}</a>`;
  if (spec.type === "url") return html`<a href=${value} target="_blank" rel="noopener noreferrer nofollow">${value}</a>`;
  if (spec.type === "long_text") return html`<span class="written" dir="auto">${value}</span>`;
  return html`<bdi class=${spec.type === "amount" || spec.type === "number" ? "figures" : ""}>${asText(spec, value)}</bdi>`;
}

/** What a field holds while it is typed in. */
export function draftOf(spec, value) {
  if (spec.type === "tags") return (value ?? []).join(", ");
  if (spec.type === "choices") return value ?? [];
  if (spec.type === "boolean") return value ?? null;
  if (spec.type === "moment") return value ?? null;
  return isNothing(value) ? "" : String(value);
}

/** What is sent of a draft. What is no number is sent as it stands, and the server says so. */
export function valueOf(spec, draft) {
  if (spec.type === "tags") return draft.split(/[,，、;；\n]/).map((each) => each.trim()).filter(Boolean);
  if (spec.type === "number") {
    const text = draft.trim().replace("−", "-");
    return text === "" ? null : Number.isNaN(Number(text)) ? draft : Number(text);
  }
  if (spec.key.startsWith("custom.") && draft === "") return null;
  return typeof draft === "string" ? draft.trim() : draft;
}

/** A field for a value of this type; `set` gets the draft. */
export function Input({ spec, value, set, ...rest }) {
  const typed = (event) => set(event.target.value);
  if (spec.type === "choice") {
    const offered = spec.options.filter((each) => !each.retired || each.value === value);
    const strange = value !== "" && !offered.some((each) => each.value === value);
    return html`<select class="input" value=${value} onChange=${typed} ...${rest}>
      <option value="">${t("value.none")}</option>
      ${offered.map((each) => html`<option key=${each.value} value=${each.value}>${each.title}</option>`)}
      ${strange && html`<option value=${value}>${value}</option>`}
    </select>`;
  }
  if (spec.type === "boolean") {
    const chosen = value === null ? "" : String(value);
    return html`<select class="input" value=${chosen} onChange=${(event) => set(event.target.value === "" ? null : event.target.value === "true")} ...${rest}>
      ${!spec.definite && html`<option value="">${t("value.none")}</option>`}
      <option value="true">${t("value.yes")}</option>
      <option value="false">${t("value.no")}</option>
    </select>`;
  }
  if (spec.type === "choices") {
    const offered = spec.options.filter((each) => !each.retired || value.includes(each.value));
    const toggle = (one) => set(value.includes(one) ? value.filter((each) => each !== one) : [...value, one]);
    return html`<div class="checks" role="group" aria-label=${spec.label} ...${rest}>
      ${offered.map((each) => html`<label key=${each.value} class="check"><input type="checkbox" checked=${value.includes(each.value)} onChange=${() => toggle(each.value)} />${each.title}</label>`)}
    </div>`;
  }
  if (spec.type === "person") return html`<${PersonChoice} value=${value} onChange=${typed} ...${rest} />`;
  if (spec.type === "team") return html`<${TeamChoice} value=${value} onChange=${typed} ...${rest} />`;
  if (spec.type === "date") return html`<input class="input" type="date" max="9999-12-31" value=${value} onInput=${typed} ...${rest} />`;
  if (spec.type === "moment") {
    return html`<input class="input" type="datetime-local" max="2999-12-31T23:59" value=${localText(value)} onInput=${(event) => set(momentOfLocal(event.target.value))} ...${rest} />`;
  }
  const longest = spec.longest ?? LONGEST[spec.type] ?? 500;
  if (spec.type === "long_text") {
    return html`<textarea class="input" dir="auto" maxlength=${longest} rows="4" value=${value} onInput=${typed} ...${rest}></textarea>`;
  }
  if (spec.type === "tier") {
    return html`<input class="input" maxlength=${longest} autocomplete="off" list="known-tiers" value=${value} onInput=${typed} ...${rest} />
      <datalist id="known-tiers">${TIERS.map((each) => html`<option key=${each} value=${each}>${word("tier", each)}</option>`)}</datalist>`;
  }
  const plain = ["phone", "number", "amount", "url", "email"].includes(spec.type) ? "ltr" : "auto";
  return html`<input class="input" dir=${plain} maxlength=${longest} inputmode=${WHAT[spec.type]} autocomplete="off" value=${value} onInput=${typed} ...${rest} />`;
}
