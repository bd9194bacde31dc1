// Calls agreed on for a time: a list for all, and on the supervisor's page those that were missed.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { online } from "./actions.js";
import { useAddress } from "./address.js";
import { AppointmentDialog } from "./appointment_form.js";
import { AppointmentState, CallNow, CancelAppointment, changedAppointments, isAlive, keep, mayAgree } from "./appointment_parts.js";
import { beat } from "./clock.js";
import { Due } from "./due.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { usePages } from "./list_pages.js";
import { may, me } from "./model.js";
import { Card, PhoneNumber, queueTitle } from "./parts.js";
import { personName, usePeople } from "./people.js";
import { Table } from "./table.js";
import { wallText } from "./zoned.js";

const AGAIN_MS = 15_000;
const VIEWS = ["open", "missed", "done", "cancelled"];

const view = signal("open");
const mine = signal("");

/** The time on the clock there, where that is another than here. */
function There({ one }) {
  const there = wallText(one.at, one.zone);
  const here = wallText(one.at, Intl.DateTimeFormat().resolvedOptions().timeZone);
  return there === here ? "" : html` <span class="small quiet figures">${t("appointment.there", { time: there.slice(11), zone: one.zone })}</span>`;
}

function Acts({ one, move }) {
  if (!mayAgree() || !isAlive(one)) return null;
  const name = one.name || one.number;
  return html`<div class="acts">
    <${CallNow} one=${one} name=${name} />
    <button type="button" class="button small-button" disabled=${!online()} aria-label=${t("appointment.kept_of", { name })} onClick=${() => keep(one)}>${t("appointment.kept")}</button>
    <button type="button" class="button small-button" disabled=${!online()} aria-label=${t("appointment.move_of", { name })} onClick=${() => move(one)}>${t("appointment.move")}</button>
    <${CancelAppointment} one=${one} />
  </div>`;
}

function Rows({ rows, label, empty }) {
  const [moving, setMoving] = useState(null);
  usePeople();
  void beat.value;
  const columns = [
    [t("appointment.when"), (one) => html`<${Due} moment=${one.at} over=${!isAlive(one)} /><${There} one=${one} />`],
    [t("appointment.whom"), (one) => html`<strong><bdi>${one.name}</bdi></strong> <${PhoneNumber} number=${one.number} />`],
    [t("board.queue"), (one) => html`<span class="whole">${queueTitle(one.queue)}</span>`],
    [t("appointment.whose"), (one) => html`<bdi>${one.owner ? personName(one.owner) : t("appointment.anyone")}</bdi>`],
    [t("board.state"), (one) => html`<${AppointmentState} state=${one.state} />`],
    [t("followup.note"), (one) => html`<span class="written small" dir="auto">${one.note}</span>`],
    [t("appointment.acts"), (one) => html`<${Acts} one=${one} move=${setMoving} />`],
  ];
  return html`<${Table} label=${label} columns=${columns} rows=${rows} keyOf=${(one) => one.id} empty=${empty} />
    ${moving && html`<${AppointmentDialog} key=${moving.id} place=${`appointment ${moving.id}`} one=${moving} closed=${() => setMoving(null)} />`}`;
}

export function Appointments() {
  document.title = `${t("nav.appointments")} · contactcenter`;
  useAddress("/appointments", { state: view.value === "open" ? "" : view.value, owner: mine.value }, (given) => {
    view.value = VIEWS.includes(given("state")) ? given("state") : "open";
    mine.value = given("owner");
  });
  const query = new URLSearchParams({ state: view.value, ...(mine.value ? { owner: mine.value } : {}) }).toString();
  const { pages, more, again } = usePages("/api/appointments", query, { turn: changedAppointments.value });
  useEffect(() => {
    const timer = setInterval(() => (changedAppointments.value += 1), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.appointments")}</h1>
      <div class="page-actions">
        <div class="segments many" role="group" aria-label=${t("appointment.which")}>${VIEWS.map((each) => html`<button key=${each} type="button" class="segment" aria-pressed=${view.value === each} onClick=${() => (view.value = each)}>${t(`appointment_view.${each}`)}</button>`)}</div>
        <label class="check"><input type="checkbox" checked=${mine.value !== ""} onChange=${(event) => (mine.value = event.target.checked ? me.value.user : "")} />${t("appointment.mine_only")}</label>
      </div>
    </div>
    <${Card} title=${t(`appointment_view.${view.value}`)}>
      ${pages.state === "trouble"
        ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`
        : html`<${Rows} rows=${pages.items} label=${t("nav.appointments")} empty=${t(pages.state === "loading" ? "history.loading" : `appointment_none.${view.value}`)} />`}
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
    <//>
  </div>`;
}

/** On the supervisor's page: what was promised and not kept. Nothing where nothing was missed. */
export const MissedAppointments = () => (may("appointments.read") ? html`<${Missed} />` : null);

function Missed() {
  const { pages } = usePages("/api/appointments", "state=missed", { turn: changedAppointments.value });
  useEffect(() => {
    const timer = setInterval(() => (changedAppointments.value += 1), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  if (!pages.items.length) return null;
  return html`<${Card} title=${t("appointment.missed_title")} aside=${html`<a class="small" href="/appointments?state=missed">${t("appointment.all")}</a>`}>
    <${Rows} rows=${pages.items} label=${t("appointment.missed_title")} empty="" />
  <//>`;
}
