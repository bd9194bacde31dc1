// A follow-up, planned or changed: from a call, a customer, a request, or the list.

import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { post } from "./api.js";
import { CustomerChoice } from "./customer_choice.js";
import { at, MomentInput } from "./due.js";
import { changedFollowups, changeFollowup, LATER, recurrenceWords, UNITS } from "./followup_parts.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { dayTimeOf } from "./format.js";
import { t } from "./language.js";
import { me, toast } from "./model.js";
import { Dialog } from "./parts.js";
import { PersonChoice, TeamChoice } from "./people.js";
import { Refused } from "./refused.js";
import { byCtrlEnter } from "./request_parts.js";
import { baseOf, drop, keyFor, write, writtenAt } from "./written.js";

/** Seconds before it is due; empty: no reminder. */
const LEADS = ["", "0", "900", "3600", "86400"];

const fresh = () => ({ title: "", note: "", due_at: at(9, 1), lead: "0", unit: "", every: "1", until: null, owner: null, team: null, customer: null });

/** A follow-up as the form has it. */
const asWritten = (one) => ({
  title: one.title, note: one.note, due_at: one.due_at, lead: one.remind_at === null ? "" : String(Math.max(0, one.due_at - one.remind_at)),
  unit: one.recurrence?.unit ?? "", every: String(one.recurrence?.every ?? 1), until: one.recurrence?.until ?? null, owner: one.owner, team: one.team,
});

const recurrenceOf = ({ unit, every, until }) => (unit ? { every: Number(every), unit, until } : null);

function newBody(draft, from) {
  const origin = from.call ? { call: from.call } : from.interaction ? { interaction: from.interaction } : {};
  const about = from.request ? { request: from.request.id } : { customer: from.customer?.id ?? draft.customer?.id };
  const given = {
    title: draft.title.trim(), note: draft.note, due_at: draft.due_at, remind_at: draft.lead === "" ? null : draft.due_at - Number(draft.lead),
    recurrence: recurrenceOf(draft), owner: draft.owner, team: draft.team, ...about, ...origin,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "" && value !== null && value !== undefined));
}

/** What of the follow-up the form changed. */
function changesOf(draft, one) {
  const before = asWritten(one);
  const body = {};
  for (const name of ["title", "note", "due_at", "owner", "team"]) if (draft[name] !== before[name]) body[name] = draft[name];
  if (draft.lead !== before.lead || (draft.lead !== "" && draft.due_at !== before.due_at)) body.remind_at = draft.lead === "" ? null : draft.due_at - Number(draft.lead);
  if (JSON.stringify(recurrenceOf(draft)) !== JSON.stringify(recurrenceOf(before))) body.recurrence = recurrenceOf(draft);
  return body;
}

export const leadWords = (lead) => (LEADS.includes(lead) ? t(`lead.${lead || "none"}`) : t("lead.other", { n: Math.round(Number(lead) / 60) }));

/** The form. `from` is `{customer, request, call, interaction}` of a new one, `one` is what is changed. */
export function FollowupForm({ place, from = {}, one = null, short = false, close }) {
  const [refusal, setRefusal] = useState(null);
  const box = useRef(null);
  const id = useId();
  const [opened] = useState(one);
  const base = one && baseOf(place, opened);
  const [begun] = useState(one ? () => asWritten(base) : fresh);
  const draft = { ...begun, ...writtenAt(place) };
  const name = one ? `followup ${one.id}` : `plan ${place}`;
  const asksCustomer = !one && !from.customer && !from.request && !from.call && !from.interaction;
  useLayoutEffect(() => box.current.querySelector("input")?.focus(), []);

  const put = (change) => write(place, { ...change, touched: true });
  const set = (field) => (event) => put({ [field]: event.target.value });
  const over = () => {
    drop(place);
    close();
  };
  const plan = async () => {
    const body = newBody(draft, from);
    try {
      const made = await post("/api/followups", body, { key: keyFor(place, body) });
      changedFollowups.value++;
      toast(t("followup.planned", { title: made.title, at: dayTimeOf(made.due_at) }));
      over();
    } catch (problem) {
      setRefusal(problem);
    }
  };
  const save = async () => {
    const body = changesOf(draft, base);
    if (!Object.keys(body).length) over();
    else if (await changeFollowup(base, body, setRefusal)) over();
  };
  const send = (event) => {
    event.preventDefault();
    if (!draft.title.trim() || draft.due_at === null || !online()) return;
    setRefusal(null);
    if (one) save();
    else act(name, plan, JSON.stringify(draft));
  };
  const field = (key, label, control, wide = false) => html`<div class="field ${wide ? "wide" : ""}"><label for=${`${id}-${key}`}>${label}</label>${control}</div>`;
  const leads = LEADS.includes(draft.lead) ? LEADS : [...LEADS, draft.lead];
  return html`<form ref=${box} class="new-form" onSubmit=${send} onKeyDown=${byCtrlEnter(send)}>
    ${field("title", t("followup.title"), html`<input class="input" id=${`${id}-title`} name="title" dir="auto" autofocus required maxlength="200" autocomplete="off" value=${draft.title} onInput=${set("title")}
      onKeyDown=${(event) => event.key === "Enter" && (event.isComposing || event.keyCode === 229) && event.preventDefault()} />`, true)}
    ${asksCustomer &&
    html`<div class="field"><span class="legend">${t("followup.customer")}</span><${CustomerChoice} id=${`${id}-customer`} label=${t("followup.customer")} value=${draft.customer} choose=${(customer) => put({ customer })} /></div>`}
    <div class="quick" role="group" aria-label=${t("followup.when")}>
      ${LATER().map(([words, moment]) => html`<button key=${words} type="button" class="button small-button" aria-pressed=${draft.due_at === moment} onClick=${() => put({ due_at: moment })}>${words}</button>`)}
    </div>
    <div class="row-of">
      ${field("due", t("request.due"), html`<${MomentInput} id=${`${id}-due`} required value=${draft.due_at} set=${(due_at) => put({ due_at })} />`)}
      ${field("lead", t("followup.remind"), html`<select class="input" id=${`${id}-lead`} value=${draft.lead} onChange=${set("lead")}>
        ${leads.map((lead) => html`<option key=${lead} value=${lead}>${leadWords(lead)}</option>`)}
      </select>`)}
    </div>
    <div class="row-of">
      ${field("unit", t("followup.recurs"), html`<select class="input" id=${`${id}-unit`} value=${draft.unit} onChange=${set("unit")}>
        <option value="">${t("recurs.never")}</option>
        ${UNITS.map((unit) => html`<option key=${unit} value=${unit}>${t(`recurs_unit.${unit}`)}</option>`)}
      </select>`)}
      ${draft.unit && field("every", t("recurs.every"), html`<input class="input figures" id=${`${id}-every`} type="number" min="1" max="366" required value=${draft.every} onInput=${set("every")} />`)}
      ${draft.unit && field("until", t("recurs.ends"), html`<${MomentInput} id=${`${id}-until`} value=${draft.until} set=${(until) => put({ until })} />`)}
    </div>
    ${draft.unit && Number(draft.every) >= 1 && html`<p class="small quiet"><${Icon} name="again" size=${14} /> ${recurrenceWords({ every: Number(draft.every), unit: draft.unit, until: draft.until })}</p>`}
    ${field("note", t("followup.note"), html`<textarea class="input" id=${`${id}-note`} dir="auto" maxlength="4000" rows="2" value=${draft.note} onInput=${set("note")}></textarea>`, true)}
    ${!short &&
    html`<div class="row-of">
      ${field("owner", t("request.owner"), html`<${PersonChoice} id=${`${id}-owner`} value=${draft.owner ?? me.value.user} onChange=${set("owner")} />`)}
      ${field("team", t("request.team"), html`<${TeamChoice} id=${`${id}-team`} value=${draft.team ?? me.value.teams[0] ?? ""} onChange=${set("team")} />`)}
    </div>`}
    <${Refused} refusal=${refusal} id=${`${id}-wrong`} />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${over}>${t("action.discard")}</button>
      <button class="button primary" disabled=${!online() || !draft.title.trim() || draft.due_at === null} aria-busy=${pending(name)}>${t(one ? "action.save" : "followup.plan")}</button>
    </div>
  </form>`;
}

/** The form in a dialog. Closing it keeps what was written for the next time. */
export function FollowupDialog({ place, from = {}, one = null, closed }) {
  const title = one ? t("followup.change") : from.customer ? t("followup.new_for", { name: from.customer.name }) : from.request ? t("followup.new_for", { name: from.request.number }) : t("followup.new");
  return html`<${Dialog} kind="wide-dialog" id="followup-title" title=${title} closed=${closed}>
    ${(close) => html`<${FollowupForm} place=${place} from=${from} one=${one} close=${close} />`}
  <//>`;
}

/** A button that opens the dialog. */
export function NewFollowupButton({ from = {}, place = "followup", kind = "" }) {
  const [open, setOpen] = useState(false);
  return html`<button type="button" class="button ${kind}" disabled=${!online()} onClick=${() => setOpen(true)}><${Icon} name="plus" />${t("followup.new")}</button>
    ${open && html`<${FollowupDialog} place=${place} from=${from} closed=${() => setOpen(false)} />`}`;
}
