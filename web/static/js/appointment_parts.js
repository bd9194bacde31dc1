// What several pages share of appointments: their state, and what can be done with one.

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { patch, post, remove } from "./api.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { may, toast } from "./model.js";

/** Grows with each appointment that this page made or changed. */
export const changedAppointments = signal(0);

export const mayAgree = () => may("appointments.write");

const LOOKS = { open: "wrap_up", due: "reserved", done: "available", missed: "talking", cancelled: "offline" };
const ICONS = { open: "clock", due: "bell", done: "check", missed: "warning", cancelled: "close" };

export function AppointmentState({ state }) {
  return html`<span class="state" data-state=${LOOKS[state]} data-appointment=${state}><${Icon} name=${ICONS[state]} size=${16} /><span>${t(`appointment_state.${state}`)}</span></span>`;
}

/** What can still be moved, or taken back. A missed one is agreed on anew. */
export const isAlive = ({ state }) => ["open", "due", "missed"].includes(state);

/** Somebody has talked with him. */
export const keep = async ({ id }) => (await act(`appointment ${id}`, () => patch(`/api/appointments/${encodeURIComponent(id)}`, { state: "done" }), "done")) && (changedAppointments.value += 1);

/** No campaign dials it: whoever is free calls himself. */
export const call = async (one) => {
  if (await act(`call ${one.id}`, () => post(`/api/appointments/${encodeURIComponent(one.id)}/call`))) toast(t("appointment.calling", { name: one.name || one.title || one.number || "" }));
};

export const CallNow = ({ one, name }) =>
  !one.lead && may("calls.take") && html`<button type="button" class="button small-button" disabled=${!online()} aria-busy=${pending(`call ${one.id}`)} onClick=${() => call(one)} aria-label=${t("appointment.call_of", { name })}><${Icon} name="phone" size=${16} />${t("appointment.call")}</button>`;

/** It can't be undone, so it asks once more. */
export function CancelAppointment({ one }) {
  const [sure, setSure] = useState(false);
  const name = one.name || one.number;
  const cancel = async () => {
    if (!sure) return setSure(true);
    if (await act(`appointment ${one.id}`, () => remove(`/api/appointments/${encodeURIComponent(one.id)}`))) {
      changedAppointments.value++;
      toast(t("appointment.cancelled", { name }));
    }
  };
  return html`<button type="button" class="button small-button ${sure ? "danger" : ""}" disabled=${!online()} aria-busy=${pending(`appointment ${one.id}`)}
    aria-label=${t(sure ? "appointment.sure_of" : "appointment.cancel_of", { name })} onClick=${cancel} onBlur=${() => setSure(false)}>${t(sure ? "appointment.sure" : "appointment.cancel")}</button>`;
}
