// Reminders: follow-ups and appointments whose time to be reminded of has come. They come over the live link, are there again after a
// reload, and stay until somebody has seen to them. They take no focus; Shift+F9 goes to them.

import { computed, effect, signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, remove } from "./api.js";
import { CallNow, keep, mayAgree } from "./appointment_parts.js";
import { Due } from "./due.js";
import { changeFollowup, finish, followupAddress, LATER, mayFollowUp, putReminderAway } from "./followup_parts.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { customerAddress } from "./followups.js";
import { face, me, reminders, toast } from "./model.js";
import { recall, remember } from "./memory.js";
import { requestAddress } from "./request_form.js";
import { chime } from "./ringing.js";

const SHOWN = 3;

/** Whether they are only a number in the corner. */
const folded = signal(false);
const sound = signal(recall("reminder_sound") === "on");

const inOrder = computed(() => [...reminders.value.values()].sort((a, b) => a.due_at - b.due_at));

/** With a caller, the page is his: reminders are small then, until somebody looks at them. */
const busy = computed(() => ["reserved", "talking", "held"].includes(face.value));

effect(() => {
  if (busy.value) folded.value = true;
});

let known = null;

/** One that is new is shown in full, and heard, if that is wanted. */
effect(() => {
  const now = new Set(reminders.value.keys());
  const fresh = known && [...now].some((id) => !known.has(id));
  if (me.value) known = now;
  if (!fresh || busy.peek()) return;
  folded.value = false;
  if (sound.peek()) chime();
});

const first = () => document.querySelector(".reminder a");

export function goToReminders() {
  const there = first();
  folded.value = false;
  // The list may have to be drawn first.
  if (there) there.focus();
  else requestAnimationFrame(() => first()?.focus());
}

function switchSound() {
  sound.value = !sound.value;
  remember("reminder_sound", sound.value ? "on" : "");
  if (sound.value) chime();
}

async function whole(one) {
  try {
    return await get(`/api/followups/${encodeURIComponent(one.id)}`);
  } catch (refusal) {
    toast(refusal.code === "offline" ? t("error.offline") : t("followup.unknown"));
    return null;
  }
}

const done = async (one) => {
  const followup = await whole(one);
  if (followup) finish(followup, followup.result);
};

/** Remind again then; what would be due before that is due then. */
const later = async (one, moment) => {
  const followup = await whole(one);
  if (followup) changeFollowup(followup, { remind_at: moment, ...(moment > followup.due_at ? { due_at: moment } : {}) });
};

const seen = ({ id }) => act(`reminder ${id}`, () => remove(`/api/appointments/${encodeURIComponent(id)}/reminder`));

/** A call that was agreed on. */
function Agreed({ one }) {
  const title = one.title || t("appointment.title");
  return html`<li class="reminder" aria-busy=${pending(`appointment ${one.id}`) || pending(`reminder ${one.id}`)}>
    <a class="strong" href="/appointments"><${Icon} name="phone" size=${14} /> <bdi>${t("appointment.with", { name: title })}</bdi></a>
    <span class="line"><span class="small"><${Due} moment=${one.due_at} /></span>${one.customer && html`<span class="small links"><a href=${customerAddress(one.customer)}>${t("customer.title")}</a></span>`}</span>
    ${mayAgree() &&
    html`<div class="acts">
      <${CallNow} one=${one} name=${title} />
      <button type="button" class="button small-button" disabled=${!online()} onClick=${() => keep(one)} aria-label=${t("followup.act_of", { act: t("appointment.kept"), title })}><${Icon} name="check" size=${16} />${t("appointment.kept")}</button>
      <button type="button" class="button small-button" disabled=${!online()} onClick=${() => seen(one)} aria-label=${t("followup.act_of", { act: t("reminder.seen"), title })}>${t("reminder.seen")}</button>
    </div>`}
  </li>`;
}

function Reminder({ one }) {
  const [putOff, setPutOff] = useState(false);
  const busy = pending(`followup ${one.id}`) || pending(`reminder ${one.id}`);
  return html`<li class="reminder" aria-busy=${busy}>
    <a class="strong" href=${followupAddress(one)} dir="auto">${one.title}</a>
    <span class="line"><span class="small"><${Due} moment=${one.due_at} /></span>
      <span class="small links">${one.customer && html`<a href=${customerAddress(one.customer)}>${t("customer.title")}</a>`}${one.request && html`<a href=${requestAddress(one.request)}>${t("request.one")}</a>`}</span></span>
    ${mayFollowUp() &&
    html`<div class="acts">
      <button type="button" class="button small-button" disabled=${!online()} onClick=${() => done(one)} aria-label=${t("followup.act_of", { act: t("followup.done"), title: one.title })}><${Icon} name="check" size=${16} />${t("followup.done")}</button>
      <button type="button" class="button small-button" aria-expanded=${putOff} disabled=${!online()} onClick=${() => setPutOff(!putOff)} aria-label=${t("followup.act_of", { act: t("followup.later"), title: one.title })}>${t("followup.later")}</button>
      <button type="button" class="button small-button" disabled=${!online()} onClick=${() => putReminderAway(one)} aria-label=${t("followup.act_of", { act: t("reminder.seen"), title: one.title })}>${t("reminder.seen")}</button>
    </div>`}
    ${putOff && html`<div class="quick" role="group" aria-label=${t("followup.later")}>
      ${LATER().map(([words, moment]) => html`<button key=${words} type="button" class="button small-button" disabled=${!online()} onClick=${() => (setPutOff(false), later(one, moment))}>${words}</button>`)}
    </div>`}
  </li>`;
}

export function Reminders() {
  const all = inOrder.value;
  const before = useRef(null);
  const said = useRef({ id: "", text: "" });
  const newest = all.reduce((last, one) => (!last || one.remind_at > last.remind_at ? one : last), null);
  if (newest && said.current.id !== newest.id) said.current = { id: newest.id, text: t("reminder.announce", { title: newest.title || t("appointment.title") }) };
  useEffect(() => {
    const keep = (event) => {
      if (!event.target.closest?.(".reminders")) before.current = event.target;
    };
    addEventListener("focusin", keep);
    return () => removeEventListener("focusin", keep);
  }, []);
  const escape = (event) => {
    if (event.key !== "Escape") return;
    folded.value = true;
    if (before.current?.isConnected) before.current.focus();
  };
  const announced = html`<p class="unseen" role="status">${newest ? said.current.text : ""}</p>`;
  if (!all.length) return announced;
  if (folded.value) {
    return html`${announced}<button type="button" class="button reminders-pill" onClick=${goToReminders}><${Icon} name="bell" />${t("reminder.count", { n: all.length })}</button>`;
  }
  return html`${announced}<section class="reminders" aria-label=${t("reminder.title")} onKeyDown=${escape}>
    <header>
      <h2><${Icon} name="bell" size=${16} />${t("reminder.count", { n: all.length })}</h2>
      <button type="button" class="button plain icon-only" aria-pressed=${sound.value} aria-label=${t("reminder.sound")} title=${t(sound.value ? "reminder.sound_on" : "reminder.sound_off")} onClick=${switchSound}><${Icon} name=${sound.value ? "sound" : "silent"} /></button>
      <button type="button" class="button plain icon-only" aria-label=${t("reminder.fold")} title=${t("reminder.fold")} onClick=${() => (folded.value = true)}><${Icon} name="down" /></button>
    </header>
    <ul>${all.slice(0, SHOWN).map((one) => html`<${one.kind === "appointment" ? Agreed : Reminder} key=${one.id} one=${one} />`)}</ul>
    ${all.length > SHOWN && html`<a class="more-of" href="/followups">${t("reminder.more", { n: all.length - SHOWN })}</a>`}
  </section>`;
}
