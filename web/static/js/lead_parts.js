// What several pages share of lists and leads: their addresses, their state in words, and how they are changed.

import { patch } from "./api.js";
import { change } from "./conflict.js";
import { html } from "./html.js";
import { asText } from "./inputs.js";
import { t, word } from "./language.js";
import { dispositionTitle } from "./parts.js";

/** The states of leads, with the look of their part of the picture. */
export const STATES = { closed: "done", leased: "going", due: "due", held: "held" };
/** The highest is dialled first. */
export const HIGHEST = 99;
export const MOST_NUMBERS = 10;
/** Of numbers, as lists and people name them; any other stays as it is. */
export const NUMBER_KINDS = ["mobile", "home", "work", "main", "other"];

export const listAddress = ({ id }) => `/lists/${encodeURIComponent(id)}`;
export const leadAddress = ({ id }) => `/leads/${encodeURIComponent(id)}`;
export const listPath = (id) => `/api/lists/${encodeURIComponent(id)}`;
export const leadPath = (id, step = "") => `/api/leads/${encodeURIComponent(id)}${step && `/${step}`}`;

export const kindTitle = (kind) => (NUMBER_KINDS.includes(kind) ? t(`address.kind.${kind}`) : kind);

/** Why a lead is closed or held: a rule, what became of the last call, or what the agent said of it. */
export function whyOf(code) {
  for (const prefix of ["lead_why", "attempt"]) if (word(prefix, code) !== code) return word(prefix, code);
  return dispositionTitle(code);
}

export const LeadState = ({ one }) => html`<span class="lead-state"><span data-lead-state=${one.state}>${t(`lead_state.${one.state}`)}</span>${one.why && html` <span class="small quiet"><bdi>${whyOf(one.why)}</bdi></span>`}</span>`;

const PLAIN = {
  list: {
    name: { type: "text", longest: 120 },
    owner: { type: "person" },
    team: { type: "team" },
    consent: { type: "long_text", longest: 500, hint: () => t("lists.consent_hint") },
    note: { type: "long_text", longest: 4000 },
  },
  lead: {
    name: { type: "text", longest: 120 },
    priority: { type: "number", hint: () => t("lead.priority_hint", { most: HIGHEST }) },
    due_at: { type: "moment" },
    owner: { type: "person", hint: () => t("lead.owner_hint") },
    language: { type: "choice", of: ["zh", "en"], prefix: "language" },
    consent: { type: "long_text", longest: 500 },
    consent_at: { type: "moment" },
  },
};

/** A field as `inputs.js` takes it. `kind` is `list` or `lead`. */
export function specOf(kind, key) {
  const { of, prefix, hint, ...rest } = PLAIN[kind][key];
  return { key, label: t(`${kind}_field.${key}`), options: of?.map((value) => ({ value, title: word(prefix, value), retired: false })), hint: hint?.(), ...rest };
}

const numbersText = (numbers) => numbers.map(({ number, kind }) => (kind ? `${number} (${kindTitle(kind)})` : number)).join(", ") || "–";
const fieldsText = (fields) => Object.entries(fields).map(([name, value]) => `${name}: ${value}`).join("; ") || "–";

/** What `conflict.js` says of it. */
const wordsOf = (kind, record) => ({
  title: record.name || t("lead.nameless"),
  label: (field) => (field in PLAIN[kind] ? t(`${kind}_field.${field}`) : ["numbers", "fields"].includes(field) ? t(`lead_field.${field}`) : null),
  show: (field, value) => (field === "numbers" ? numbersText(value) : field === "fields" ? fieldsText(value) : asText(specOf(kind, field), value)),
});

/** Change a list or a lead on top of what was read; answers it as it is then, or null when nothing was stored. */
export const changeOne = (kind, base, body, wrong = null) => {
  const path = kind === "list" ? listPath(base.id) : leadPath(base.id);
  const send = (wish, before) => patch(path, wish, { version: before.version });
  return change({ name: `${kind} ${base.id}`, path, body, base, words: wordsOf(kind, base), wrong, send });
};
