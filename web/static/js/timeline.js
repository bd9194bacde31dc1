// Everything that ever was with a customer, the newest first: day by day, as far as one sees each of it.

import { useState } from "preact/hooks";

import { followedBy, get } from "./api.js";
import { matterOf } from "./consents.js";
import { specOf } from "./custom_fields.js";
import { addressText, plainSpec } from "./customer_fields.js";
import { momentOfLocal } from "./due.js";
import { dateOf, dayOf, hourOf, lasting } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { asText } from "./inputs.js";
import { t, word } from "./language.js";
import { usePages } from "./list_pages.js";
import { may } from "./model.js";
import { dispositionTitle, PhoneNumber, queueTitle } from "./parts.js";
import { personName, usePeople, whose } from "./people.js";

/** What can be left out: a name for several kinds, with the right without which there is nothing of it. */
const GROUPS = [
  { name: "interaction", kinds: ["interaction"], right: "interactions.read" },
  { name: "request", kinds: ["request"], right: "requests.read" },
  { name: "followup", kinds: ["followup", "followup_done"], right: "followups.read" },
  { name: "note", kinds: ["note"], right: "customers.read" },
  { name: "attachment", kinds: ["attachment"], right: "customers.read" },
  { name: "consent", kinds: ["consent"], right: "customers.read" },
  { name: "change", kinds: ["change", "ownership", "merge"], right: "customers.read" },
];

const ICONS = {
  interaction: "answer", request: "requests", followup: "followups", followup_done: "check", note: "edit", attachment: "download",
  consent: "verified", ownership: "people", merge: "merge", change: "edit",
};

/** The fields of a change, in words; `fields` are the custom ones' definitions. */
function Changed({ before, after, fields }) {
  const labelled = (values) => {
    const { custom, addresses, ...plain } = values ?? {};
    const own = fields.filter(({ name }) => custom && name in custom).map((field) => [specOf(field).label, asText(specOf(field), custom[field.name])]);
    const known = Object.entries(plain).flatMap(([key, value]) => {
      try {
        const spec = plainSpec(key);
        return [[spec.label, asText(spec, value)]];
      } catch {
        return []; // a field that pages don't enter
      }
    });
    return new Map([...known, ...own, ...(addresses ? [[t("address.title"), addresses.map(addressText).join("; ") || "–"]] : [])]);
  };
  const [was, is] = [labelled(before), labelled(after)];
  const names = [...new Set([...is.keys(), ...was.keys()])].filter((name) => is.get(name) !== was.get(name));
  if (!names.length) return null;
  return html`<dl class="differences">
    ${names.map((name) => html`<div key=${name}><dt>${name}</dt><dd>${before && html`<del><bdi>${was.get(name) ?? "–"}</bdi></del> → `}<bdi>${is.get(name) ?? "–"}</bdi></dd></div>`)}
  </dl>`;
}

/** What of an entry stands in its first line, and what below. */
function partsOf({ kind, id, detail }, fields) {
  if (kind === "interaction") {
    const outcome = detail.disposition ? dispositionTitle(detail.disposition) : detail.outcome ? word("outcome", detail.outcome) : t("history.open");
    return {
      title: html`<a href=${`/history/${encodeURIComponent(id)}`}>${t(`direction.${detail.direction}`, { channel: word("channel", detail.channel) })}</a>`,
      facts: [outcome, detail.campaign_name && html`<bdi>${detail.campaign_name}</bdi>`, detail.queue && queueTitle(detail.queue), detail.talked_s > 0 && t("timeline.talked", { time: lasting(detail.talked_s) }), detail.caller && html`<${PhoneNumber} number=${detail.caller} />`],
      text: detail.note,
    };
  }
  if (kind === "request") {
    const { step, what = {} } = detail;
    const facts = step === "state" ? t("timeline.to_state", { state: word("request_state", what.to) }) : word("request_step", step);
    return {
      title: html`<a href=${`/requests/${encodeURIComponent(id)}`}><span class="figures">${detail.number}</span> <bdi>${detail.subject}</bdi></a>`,
      facts: [facts],
      text: step === "progress" ? what.text : "",
    };
  }
  if (kind === "followup" || kind === "followup_done") {
    const over = kind === "followup_done";
    return {
      title: html`<a href=${`/followups/${encodeURIComponent(id)}`}><bdi>${detail.title}</bdi></a>`,
      facts: [over ? word("followup_state", detail.state) : t("timeline.due", { at: dateOf(detail.due_at) }), detail.owner && personName(detail.owner)],
      text: over ? detail.result : detail.note,
    };
  }
  if (kind === "note") return { title: t("note.one"), facts: [detail.pinned && t("note.pinned")], text: detail.text };
  if (kind === "attachment") return { title: html`<bdi>${detail.name}</bdi>`, facts: [t("timeline.file")] };
  if (kind === "consent") return { title: matterOf(detail), facts: [t(`consent.state.${detail.state}`), t(`consent.source.${detail.source}`)], text: detail.evidence };
  if (kind === "ownership") return { title: t("timeline.ownership"), facts: [whose(detail)] };
  if (kind === "merge") return { title: t("timeline.merge"), facts: [detail.undone_at !== null && t("timeline.undone", { name: personName(detail.undone_by) })] };
  const changes = html`<${Changed} before=${detail.before} after=${detail.after} fields=${fields} />`;
  const whole = !detail.before && html`<details><summary>${t("timeline.entered")}</summary>${changes}</details>`;
  return { title: t(`timeline.${detail.act}`), below: whole || changes };
}

function Entry({ entry, fields }) {
  const { title, facts = [], text, below } = partsOf(entry, fields);
  const shown = facts.filter(Boolean);
  return html`<li data-kind=${entry.kind}>
    <span class="entry-icon"><${Icon} name=${ICONS[entry.kind]} size=${16} /></span>
    <div class="entry">
      <div class="entry-line">
        <span class="entry-title">${title}</span>
        <span class="small quiet entry-facts">${shown.map((fact, place) => html`<span key=${place}>${fact}</span>`)}</span>
      </div>
      ${text && html`<p class="written entry-text" dir="auto">${text}</p>`}
      ${below}
    </div>
    <span class="small quiet entry-when"><span class="figures">${hourOf(entry.at)}</span> ${entry.login && personName(entry.login)}</span>
  </li>`;
}

/** The day's entries under the day. */
function byDay(items) {
  const days = [];
  for (const item of items) {
    const day = dayOf(item.at);
    if (days.at(-1)?.day !== day) days.push({ day, items: [] });
    days.at(-1).items.push(item);
  }
  return days;
}

const NO_FILTER = { groups: [], since: "", until: "" };

export function Timeline({ customer, fields, turn }) {
  usePeople();
  const [filter, setFilter] = useState(NO_FILTER);
  const groups = GROUPS.filter(({ right }) => may(right));
  const kinds = groups.filter(({ name }) => filter.groups.includes(name)).flatMap((group) => group.kinds);
  const since = filter.since ? momentOfLocal(`${filter.since}T00:00`) : null;
  const until = filter.until ? momentOfLocal(`${filter.until}T00:00`) : null;
  const day = 86_400;
  const asked = new URLSearchParams({
    ...(kinds.length ? { kinds: kinds.join(",") } : {}), ...(since !== null ? { since } : {}), ...(until !== null ? { until: until + day } : {}),
  }).toString();
  const { pages, more, again } = usePages(`/api/customers/${encodeURIComponent(customer.id)}/history`, asked, { limit: 30, turn });
  const toggle = (name) => setFilter({ ...filter, groups: filter.groups.includes(name) ? filter.groups.filter((each) => each !== name) : [...filter.groups, name] });
  const narrowed = filter.groups.length > 0 || filter.since || filter.until;
  return html`<div class="timeline-pane">
    <div class="timeline-filters" role="group" aria-label=${t("timeline.filters")}>
      <button type="button" class="choice" aria-pressed=${filter.groups.length === 0} onClick=${() => setFilter({ ...filter, groups: [] })}>${t("timeline.all")}</button>
      ${groups.map(({ name }) => html`<button key=${name} type="button" class="choice" aria-pressed=${filter.groups.includes(name)} onClick=${() => toggle(name)}>${t(`timeline.group.${name}`)}</button>`)}
      <span class="spacer"></span>
      <span class="dates"><span class="dated"><label class="small quiet" for="timeline-since">${t("audit.since")}</label>
      <input class="input" type="date" id="timeline-since" max="9999-12-31" value=${filter.since} onInput=${(event) => setFilter({ ...filter, since: event.target.value })} /></span>
      <span class="dated"><label class="small quiet" for="timeline-until">${t("audit.until")}</label>
      <input class="input" type="date" id="timeline-until" max="9999-12-31" value=${filter.until} onInput=${(event) => setFilter({ ...filter, until: event.target.value })} /></span></span>
    </div>
    ${pages.state === "trouble" && html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`}
    ${pages.state !== "trouble" && pages.items.length === 0 && html`<p class="empty">${t(pages.state === "loading" ? "history.loading" : narrowed ? "timeline.none_fits" : "timeline.none")}</p>`}
    ${byDay(pages.items).map(({ day: name, items }) => html`<section key=${name} class="day">
      <h3 class="day-name">${name}</h3>
      <ol class="entries">${items.map((entry) => html`<${Entry} key=${`${entry.kind} ${entry.id} ${entry.at}`} entry=${entry} fields=${fields} />`)}</ol>
    </section>`)}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
  </div>`;
}
