// What an entry of the audit log says, as people read it: what was so before, and what is so since.

import { dateTimeOf } from "./format.js";
import { html } from "./html.js";
import { t, word } from "./language.js";
import { queueTitle, skillTitle } from "./parts.js";
import { personName, teamTitle } from "./people.js";
import { rightTitle } from "./role_words.js";

/** So many lines are shown; the rest when somebody asks. */
const SHOWN = 3;
const LONGEST = 160;

const isTable = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const isNothing = (value) => value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);

/** What differs, leaf by leaf: `{path, before, after}`. */
function differences(before, after, path = []) {
  if (isTable(before) || isTable(after)) {
    const [was, is] = [isTable(before) ? before : {}, isTable(after) ? after : {}];
    return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((name) => differences(was[name], is[name], [...path, name]));
  }
  return same(before, after) || (isNothing(before) && isNothing(after)) ? [] : [{ path, before, after }];
}

/** Kind and field -> where the words of its codes are. */
const CODES = {
  customer: { kind: ["customer_kind", "address.kind"], channel: ["address.channel"], tier: ["tier"], language: ["language"] },
  consent: { state: ["consent.state"], channel: ["consent.channel"], purpose: ["consent.purpose"], source: ["consent.source"] },
  request: { state: ["request_state"], priority: ["priority"] },
  followup: { state: ["followup_state"] },
  relation: { role: ["relation.role"] },
  import: { state: ["import_state"], kind: ["kind"] },
  field: { type: ["field.type"], kind: ["kind"] },
  user: { language: ["language"] },
};
const codeName = (kind, field, code) => CODES[kind]?.[field]?.map((group) => word(group, code)).find((name) => name !== code);
const NAMES = {
  owner: personName, team: teamTitle, teams: teamTitle, queue: queueTitle, queues: queueTitle, rights: rightTitle, agent: personName, login: personName, right: rightTitle,
};
const MOMENT = /(^|_)(at|until|since|due)$/;

/** What the program made up to tell things apart: its beginning is enough for people. */
export const shortId = (text) => (/^[0-9a-f]{32,64}$/.test(text) ? `${text.slice(0, 8)}…` : text);

/** One value of a record of this kind, in words. */
function shown(path, value, kind) {
  const field = path.at(-1) ?? "";
  if (isNothing(value)) return "";
  if (typeof value === "boolean") return t(value ? "settings.yes" : "settings.no");
  if (typeof value === "number" && MOMENT.test(field) && value > 1e9) return dateTimeOf(value);
  if (Array.isArray(value)) return value.map((each) => shown(path, each, kind)).join(", ");
  if (isTable(value)) return Object.entries(value).map(([name, each]) => `${fieldName([name])} ${shown([name], each, kind)}`).join(", ");
  if (path[0] === "scopes") return word("scope", value);
  if (path[0] === "skills") return String(value);
  return codeName(kind, field, String(value)) ?? NAMES[field]?.(String(value)) ?? shortId(String(value));
}

/** Where in the record it is, in words. */
function fieldName(path) {
  if (path[0] === "scopes" && path[1]) return t("audit.scope_of", { what: word("scoped", path[1]) });
  if (path[0] === "skills" && path[1]) return skillTitle(path[1]);
  return path.map((name) => word("audit_field", String(name))).join(" › ");
}

const cut = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

/** One line: what came, what went, or what it was and is. */
function Line({ kind, path, before, after }) {
  const name = path.length ? html`<span class="quiet">${fieldName(path)}</span> ` : "";
  if (Array.isArray(before) && Array.isArray(after)) {
    const gone = before.filter((each) => !after.some((other) => same(each, other)));
    const come = after.filter((each) => !before.some((other) => same(each, other)));
    if (gone.length || come.length) {
      return html`<li>${name}${come.length > 0 && html`<ins>+ ${cut(shown(path, come, kind))}</ins> `}${gone.length > 0 && html`<del>− ${cut(shown(path, gone, kind))}</del>`}</li>`;
    }
  }
  const [was, is] = [shown(path, before, kind), shown(path, after, kind)];
  if (!was) return html`<li>${name}<ins><bdi>${cut(is)}</bdi></ins></li>`;
  return html`<li>${name}<del><bdi>${cut(was)}</bdi></del> → <ins><bdi>${is ? cut(is) : t("settings.nothing")}</bdi></ins></li>`;
}

/** What an entry tells beyond who, what and when. */
export function About({ row }) {
  const changed = differences(row.before, row.after);
  const told = differences(undefined, row.detail);
  const lines = [
    ...changed.map((each) => html`<${Line} key=${`c ${each.path.join(".")}`} kind=${row.kind} ...${each} />`),
    ...told.map(({ path, after }) => html`<li key=${`d ${path.join(".")}`}><span class="quiet">${fieldName(path)}</span> <bdi>${cut(shown(path, after, row.kind))}</bdi></li>`),
  ];
  if (!lines.length) return "–";
  if (lines.length <= SHOWN + 1) return html`<ul class="audit-lines">${lines}</ul>`;
  return html`<details class="audit-more"><summary><ul class="audit-lines">${lines.slice(0, SHOWN)}</ul><span class="small more-words">${t("change.more", { n: lines.length - SHOWN })}</span></summary>
    <ul class="audit-lines">${lines.slice(SHOWN)}</ul></details>`;
}
