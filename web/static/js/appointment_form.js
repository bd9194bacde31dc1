// Agreeing with somebody on when he is called: by his clock, by oneself or by anyone of the queue.

import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, post } from "./api.js";
import { change } from "./conflict.js";
import { dayTimeOf } from "./format.js";
import { leadWords } from "./followup_form.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { me, toast } from "./model.js";
import { Dialog, PhoneNumber } from "./parts.js";
import { PersonChoice } from "./people.js";
import { Refused } from "./refused.js";
import { byCtrlEnter } from "./request_parts.js";
import { changedAppointments } from "./appointment_parts.js";
import { baseOf, drop, keyFor, write, writtenAt } from "./written.js";
import { isZone, momentAt, ownZone, wallText, ZoneInput } from "./zoned.js";

const LEADS = ["", "0", "300", "900"];
const DAY_S = 86_400;

/** Tomorrow at ten, by the clock there. */
function tomorrow(zone) {
  const day = wallText(Date.now() / 1000 + DAY_S, zone).slice(0, 10);
  return `${day}T10:00`;
}

const asWritten = (one) => ({ text: wallText(one.at, one.zone), zone: one.zone, owner: one.owner, note: one.note, lead: one.remind_at === null ? "" : String(Math.max(0, one.at - one.remind_at)) });

/** The body of what was written; null while it names no moment. */
function bodyOf(draft) {
  const at = momentAt(draft.text, draft.zone);
  if (at === null) return null;
  return { at, zone: draft.zone, owner: draft.owner, note: draft.note, remind_at: draft.lead === "" ? null : at - Number(draft.lead) };
}

/** The form. `from` is `{call, number, name}` of a new one, `one` is what is changed. */
export function AppointmentForm({ place, from = {}, one = null, close }) {
  const id = useId();
  const box = useRef(null);
  const [refusal, setRefusal] = useState(null);
  const [zones, setZones] = useState(null);
  const [opened] = useState(one);
  const base = one && baseOf(place, opened);
  const zone = zones?.[0] ?? ownZone();
  const begun = one ? asWritten(base) : { text: tomorrow(zone), zone, owner: me.value.user, note: "", lead: "0" };
  const draft = { ...begun, ...writtenAt(place) };
  const body = bodyOf(draft);
  const there = isZone(draft.zone);
  const name = one ? `appointment ${one.id}` : `agree ${place}`;
  useLayoutEffect(() => box.current.querySelector("input")?.focus(), []);
  useEffect(() => {
    if (one || !from.number) return;
    get(`/api/appointments/zones?${new URLSearchParams({ number: from.number })}`).then((found) => setZones(found.zones), () => {});
  }, []);

  const put = (changes) => write(place, { ...changes, touched: true });
  const set = (field) => (event) => put({ [field]: event.target.value });
  const over = () => {
    drop(place);
    close();
  };
  const agree = async () => {
    const wish = { ...body, call: from.call };
    try {
      const made = await post("/api/appointments", wish, { key: keyFor(place, wish) });
      changedAppointments.value++;
      toast(t("appointment.agreed", { at: dayTimeOf(made.at) }));
      over();
    } catch (problem) {
      setRefusal(problem);
    }
  };
  const save = async () => {
    const before = bodyOf(asWritten(base));
    const wish = Object.fromEntries(Object.entries(body).filter(([field, value]) => before?.[field] !== value));
    if (!Object.keys(wish).length) return over();
    const words = { title: t("appointment.title"), label: (field) => (field in wish ? t(`appointment_field.${field}`) : null), show: (field, value) => (["at", "remind_at"].includes(field) && value ? dayTimeOf(value) : String(value ?? "–")) };
    const record = await change({ name, path: `/api/appointments/${encodeURIComponent(one.id)}`, body: wish, base, words, wrong: setRefusal });
    if (record) {
      changedAppointments.value++;
      over();
    }
  };
  const send = (event) => {
    event.preventDefault();
    if (!body || !online()) return;
    setRefusal(null);
    if (one) save();
    else act(name, agree, JSON.stringify(draft));
  };
  const field = (key, label, control, wide = false) => html`<div class="field ${wide ? "wide" : ""}"><label for=${`${id}-${key}`}>${label}</label>${control}</div>`;
  const leads = LEADS.includes(draft.lead) ? LEADS : [...LEADS, draft.lead];
  return html`<form ref=${box} class="new-form" onSubmit=${send} onKeyDown=${byCtrlEnter(send)}>
    <p><bdi>${from.name || one?.name}</bdi> <${PhoneNumber} number=${from.number || one?.number} /></p>
    <div class="row-of">
      ${field("at", t("appointment.when"), html`<input class="input" id=${`${id}-at`} type="datetime-local" required max="2999-12-31T23:59" value=${draft.text} onInput=${set("text")} />`)}
      ${field("zone", t("appointment.zone"), html`<${ZoneInput} id=${`${id}-zone`} value=${draft.zone} set=${(value) => put({ zone: value })} />`)}
    </div>
    ${zones?.length > 1 && html`<div class="quick" role="group" aria-label=${t("appointment.zones")}>${zones.slice(0, 6).map((each) => html`<button key=${each} type="button" class="button small-button" aria-pressed=${draft.zone === each} onClick=${() => put({ zone: each })}>${each}</button>`)}</div>`}
    <p class="small ${body ? "quiet" : "error-text"}" role="status"><${Icon} name=${body ? "clock" : "warning"} size=${14} /> ${body ? t("appointment.here", { at: dayTimeOf(body.at) }) : t(there ? "appointment.no_such_time" : "appointment.no_such_zone")}</p>
    <div class="row-of">
      ${field("owner", t("appointment.whose"), html`<${PersonChoice} id=${`${id}-owner`} head=${[["", t("appointment.anyone")]]} value=${draft.owner} onChange=${set("owner")} />`)}
      ${field("lead", t("followup.remind"), html`<select class="input" id=${`${id}-lead`} value=${draft.lead} onChange=${set("lead")}>${leads.map((lead) => html`<option key=${lead} value=${lead}>${leadWords(lead)}</option>`)}</select>`)}
    </div>
    ${field("note", t("followup.note"), html`<textarea class="input" id=${`${id}-note`} dir="auto" maxlength="1000" rows="2" value=${draft.note} onInput=${set("note")}></textarea>`, true)}
    <${Refused} refusal=${refusal} id=${`${id}-wrong`} />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${over}>${t("action.discard")}</button>
      <button class="button primary" disabled=${!online() || !body} aria-busy=${pending(name)}>${t(one ? "action.save" : "appointment.agree")}</button>
    </div>
  </form>`;
}

/** The form in a dialog. Closing it keeps what was written for the next time. */
export function AppointmentDialog({ place, from = {}, one = null, closed }) {
  return html`<${Dialog} kind="wide-dialog" id="appointment-title" title=${t(one ? "appointment.move" : "appointment.new")} closed=${closed}>
    ${(close) => html`<${AppointmentForm} place=${place} from=${from} one=${one} close=${close} />`}
  <//>`;
}

export function AppointmentButton({ from }) {
  const [open, setOpen] = useState(false);
  return html`<button type="button" class="button" disabled=${!online()} onClick=${() => setOpen(true)}><${Icon} name="followups" />${t("appointment.new")}</button>
    ${open && html`<${AppointmentDialog} place=${`appointment ${from.call}`} from=${from} closed=${() => setOpen(false)} />`}`;
}
