// The supervisor's first view: queues, agents and calls as they are now.

import { MissedAppointments } from "./appointments.js";
import { beat } from "./clock.js";
import { Callbacks } from "./callbacks.js";
import { ActiveChanges, ChangeDialog, changeKeys, ChosenBar, SelectAll, SelectBox, Skills } from "./changes.js";
import { Bars, Level, Strip } from "./figures.js";
import { clock, lasting } from "./format.js";
import { html } from "./html.js";
import { t, titled } from "./language.js";
import { agents, calls, figures, queues } from "./model.js";
import { Card, PhoneNumber, queueTitle, reasonTitle, Since, StateWord } from "./parts.js";
import { AgentActions, MyPhone, SteerDialog, steeredRow } from "./supervision.js";
import { Table } from "./table.js";
import { Waiting } from "./waiting.js";

/** How long somebody who comes now will wait at most, in most cases; its title says in how many of the last. */
function expectedWait(queue) {
  if (queue.wait_s === null) return "–";
  return html`<span title=${t("board.wait_held", { n: Math.round(100 * queue.wait_share) })}>≤ ${lasting(queue.wait_s)}</span>`;
}

function Queues() {
  const columns = [
    [t("board.queue"), (queue) => html`<strong>${titled(queue.title, queue.name)}</strong>`],
    [t("board.state"), (queue) => (queue.open ? t("queue.open") : t("queue.closed"))],
    [t("queue.waiting_now"), (queue) => queue.waiting, true],
    [t("queue.longest"), (queue) => (queue.longest_since ? html`<${Since} since=${queue.longest_since} />` : t("queue.nobody")), true],
    [t("board.wait"), expectedWait, true],
    [t("board.talking"), (queue) => queue.talking, true],
    [t("queue.free"), (queue) => t("queue.of", { free: queue.available, all: queue.signed_in }), true],
    [t("board.answered"), (queue) => queue.answered, true],
    [t("board.abandoned"), (queue) => queue.abandoned, true],
    [t("figures.service_level"), (queue) => html`<${Level} queue=${queue} />`, true],
    [t("figures.six_hours"), (queue) => html`<${Bars} queue=${queue} />`],
  ];
  return html`<${Card} title=${t("board.queues")}>
    <${Table} label=${t("board.queues")} columns=${columns} rows=${[...queues.value.values()]} keyOf=${(queue) => queue.name} empty=${t("queue.none")} />
  <//>`;
}

const agentRow = steeredRow(changeKeys);

function Agents() {
  const rows = [...agents.value.values()].sort((a, b) => a.login.localeCompare(b.login));
  const columns = [
    [t("change.selection"), (agent) => html`<${SelectBox} agent=${agent} />`, false, html`<${SelectAll} rows=${rows} />`],
    [t("board.agent"), (agent) => html`<strong>${agent.name}</strong> <span class="quiet">${agent.login}</span>`],
    [t("board.state"), (agent) => html`<${StateWord} state=${agent.state} reason=${agent.reason && reasonTitle(agent.reason)} />`],
    [t("board.since"), (agent) => html`<${Since} since=${agent.since} />`, true],
    [t("phone.title"), (agent) => agent.phone || t("phone.none")],
    [t("change.can"), (agent) => html`<${Skills} agent=${agent} />`],
    [t("roster.calls"), (agent) => figures.value.get(`agent ${agent.login}`)?.today.taken ?? 0, true],
    [t("board.steer"), (agent) => html`<${AgentActions} agent=${agent} />`],
  ];
  return html`<${Card} title=${t("board.agents")} aside=${rows.length ? html`<${ChosenBar} />` : null}>
    <${Table} label=${t("board.agents")} columns=${columns} rows=${rows} keyOf=${(agent) => agent.login} rowProps=${agentRow} empty=${t("board.no_agents")} />
  <//>`;
}

function Calls() {
  const columns = [
    [t("board.caller"), (call) => html`<strong>${call.customer_name || call.caller_name || ""}</strong> <${PhoneNumber} number=${call.caller} />`],
    [t("board.state"), (call) => t(`call.${call.state}`)],
    [t("board.queue"), (call) => queueTitle(call.queue)],
    [t("board.agent"), (call) => call.agent],
    [t("board.lasted"), (call) => clock(beat.value - call.arrived_at), true],
  ];
  const rows = [...calls.value.values()].filter((call) => call.queued_at === null).sort((a, b) => a.arrived_at - b.arrived_at);
  return html`<${Card} title=${t("board.calls")}>
    <${Table} label=${t("board.calls")} columns=${columns} rows=${rows} keyOf=${(call) => call.id} empty=${t("board.no_calls")} />
  <//>`;
}

export function Board() {
  document.title = `${t("nav.board")} · contactcenter`;
  return html`<div class="page board">
    <div class="page-title"><h1>${t("nav.board")}</h1><${MyPhone} /></div>
    <${Strip} />
    <${Queues} /><${Waiting} /><${Callbacks} /><${MissedAppointments} /><${Agents} /><${ActiveChanges} /><${Calls} />
    <${SteerDialog} /><${ChangeDialog} />
  </div>`;
}
