// Supervision: being at a call, saying something to an agent, setting an agent's state; and what the agent
// sees of it.

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

import { act, choosePhone, hangUp, online, pending, settled } from "./actions.js";
import { post, put, remove } from "./api.js";
import { momentOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, titled } from "./language.js";
import { agents, calls, isAgent, me, messages, monitors, myCall, myself, toast } from "./model.js";
import { Dialog, PhoneNumber, queueTitle, Since } from "./parts.js";
import { RecordingNow } from "./recording.js";
import { sentence } from "./refused.js";
import { steered } from "./rows.js";

const MODES = ["listen", "whisper", "barge"];
const LETTERS = { listen: "L", whisper: "W", barge: "B" };
const MODE_OF = { listening: "listen", whispering: "whisper", barging: "barge" };
const LONGEST_MESSAGE = 500;

export const SUPERVISOR_HELP = [
  ["Shift+F9", "key.reminders"],
  ["↑ ↓", "key.rows"],
  ["L", "key.listen"],
  ["W", "key.whisper"],
  ["B", "key.barge"],
  ["S", "key.stop"],
  ["T", "key.take_over"],
  ["M", "key.message"],
  ["F", "key.force"],
  ["X", "key.select"],
  ["C", "key.change"],
  ["+ −", "key.priority"],
  ["Y", "key.why"],
  ["/", "key.search"],
  ["?", "key.help"],
  ["Esc", "key.close"],
];

const path = (...parts) => `/api/${parts.map(encodeURIComponent).join("/")}`;

/** The call that this supervisor is at, or null. */
const mine = () => [...monitors.value.values()].find((each) => each.supervisor === me.value?.user) ?? null;

async function monitor(call, mode) {
  await settled("phone"); // it may have been chosen a moment ago
  if (!me.value.phone) {
    toast(t("monitor.no_phone"));
    document.getElementById("my-phone")?.focus();
    return null;
  }
  return act("monitor", () => post(path("calls", call, "monitor"), { mode }), `${mode} ${call}`);
}

function stop() {
  const monitored = mine();
  return monitored && act("monitor-end", () => remove(path("calls", monitored.call, "monitor")));
}

/** Have the caller from now on; the agent wraps up. */
function takeOver() {
  const monitored = mine();
  return monitored && MODE_OF[monitored.state] && act("take-over", () => post(path("calls", monitored.call, "take-over")));
}

// --- the rows of the agents' table ---

/** The agent of the row that the keyboard is at. */
const row = signal("");
/** The dialog that is open: `{kind, agent, opening}`. */
const dialog = signal(null);
let openings = 0;

const open = (kind, agent) => {
  dialog.value = { kind, agent, opening: openings++ };
};

function keysOf(agent) {
  if (agent.login === me.value.user) return {};
  const talks = agent.state === "talking" && agent.call;
  return {
    ...(talks && Object.fromEntries(MODES.map((mode) => [LETTERS[mode], () => monitor(agent.call, mode)]))),
    M: () => open("message", agent.login),
    F: () => open("force", agent.login),
  };
}

/** What makes a row of the agents' table one that the keyboard steers; `more` gives further keys of an agent. */
export const steeredRow = (more) => steered(row, (agent) => agent.login, (agent) => ({ ...keysOf(agent), ...more(agent) }));

/** The buttons of one agent's row. */
export function AgentActions({ agent }) {
  if (agent.login === me.value.user) return null; // who has taken a caller over, and can't listen to himself
  const here = row.value === agent.login ? 0 : -1;
  const at = mine();
  const talks = agent.state === "talking" && agent.call;
  const others = [...monitors.value.values()].filter((each) => each.agent === agent.login && each !== at);
  const own = at?.agent === agent.login ? at : null;
  return html`<div class="steer">
    ${talks &&
    html`<div class="segments" role="group" aria-label=${t("monitor.group", { name: agent.name })}>
      ${MODES.map(
        (mode) => html`<button key=${mode} type="button" class="segment" data-mode=${mode} tabindex=${here} title=${t(`monitor.${mode}.heard`)}
          aria-pressed=${own ? MODE_OF[own.state] === mode : undefined} disabled=${!online() || (at && !own)}
          onClick=${() => monitor(agent.call, mode)}>
          <${Icon} name=${mode} size=${16} />${t(`monitor.${mode}`)}
        </button>`,
      )}
    </div>`}
    <button type="button" class="button plain icon-only" tabindex=${here} disabled=${!online()}
      title=${t("message.write")} aria-label=${t("message.to", { name: agent.name })} onClick=${() => open("message", agent.login)}>
      <${Icon} name="message" />
    </button>
    <button type="button" class="button plain icon-only" tabindex=${here} disabled=${!online()}
      title=${t("force.title")} aria-label=${t("force.of", { name: agent.name })} onClick=${() => open("force", agent.login)}>
      <${Icon} name="steer" />
    </button>
    ${others.map((each) => html`<span key=${each.id} class="chip"><${Icon} name="listen" size=${14} />${each.name}</span>`)}
  </div>`;
}

/** The supervisor's own telephone, which rings to listen. */
export function MyPhone() {
  const chosen = me.value.phone;
  const taken = new Map([...agents.value.values()].map((agent) => [agent.phone, agent.name]));
  return html`<div class="my-phone">
    <label for="my-phone"><${Icon} name="phone" />${t("monitor.my_phone")}</label>
    <select class="input" id="my-phone" value=${chosen} disabled=${!online() || mine()} aria-busy=${pending("phone")}
      onChange=${(event) => choosePhone(event.target.value, "ring")}>
      ${!me.value.phones.includes(chosen) && html`<option value=${chosen}>${chosen || t("phone.choose")}</option>`}
      ${me.value.phones.map(
        (phone) => html`<option key=${phone} value=${phone} disabled=${taken.has(phone)}>
          ${taken.has(phone) ? `${phone} · ${taken.get(phone)}` : phone}
        </option>`,
      )}
    </select>
  </div>`;
}

// --- the bar ---

/** The call that the supervisor has taken over. */
function TalkBar() {
  const agent = myself.value;
  const call = myCall.value;
  if (agent?.state !== "talking" || !call) return null;
  return html`<section class="listen-bar" data-mode="talk" aria-label=${t("monitor.bar")}>
    <${Icon} name="talking" size=${24} />
    <div class="said">
      <strong>${t("monitor.talking", { caller: call.customer_name || call.caller_name || call.caller || t("caller.hidden") })}</strong>
      <span class="small">${t("monitor.taken")}</span>
    </div>
    <span class="whom small"><${PhoneNumber} number=${call.caller} /><span>${queueTitle(call.queue)}</span><${Since} since=${agent.since} /></span>
    <span class="spacer"></span>
    <${RecordingNow} />
    <button type="button" class="button hang-up" disabled=${!online()} aria-busy=${pending("hang-up")} onClick=${() => hangUp(call.id)}>
      <${Icon} name="hang_up" />${t("action.hang_up")}
    </button>
  </section>`;
}

/** At whose call the supervisor is, as long as he is, on every page. */
export function ListenBar() {
  const at = mine();
  // With the bar itself, not after the next paint: who sees it may press its keys.
  useLayoutEffect(() => {
    if (!at) return undefined;
    const keys = (event) => {
      const run = { S: stop, T: takeOver }[event.key.toUpperCase()];
      if (!run || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (event.target.closest("input, textarea, select, dialog")) return;
      event.preventDefault();
      run();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, [at?.id]);
  if (!at) return html`<div role="status"><${TalkBar} /></div>`;
  const mode = MODE_OF[at.state];
  const call = calls.value.get(at.call);
  const name = agents.value.get(at.agent)?.name ?? at.agent;
  return html`<section class="listen-bar" data-mode=${mode ?? "ringing"} aria-label=${t("monitor.bar")}>
    <${Icon} name=${mode ?? "reserved"} size=${24} />
    <div class="said" role="status">
      <strong>${mode ? t(`monitor.${mode}.now`, { name }) : t("monitor.ringing", { phone: at.phone })}</strong>
      <span class="small">${mode ? t(`monitor.${mode}.heard`) : t("monitor.answer")}</span>
    </div>
    <span class="whom small">
      ${call && html`<span>${call.customer_name || call.caller_name}</span> <${PhoneNumber} number=${call.caller} />`}
      <span>${queueTitle(at.queue)}</span>
      ${mode && html`<${Since} since=${at.since} />`}
    </span>
    <span class="spacer"></span>
    ${call && html`<${RecordingNow} call=${call} />`}
    <div class="segments" role="group" aria-label=${t("monitor.group", { name })}>
      ${MODES.map(
        (each) => html`<button key=${each} type="button" class="segment" data-mode=${each} aria-pressed=${each === mode}
          disabled=${!online()} aria-busy=${pending("monitor")} onClick=${() => monitor(at.call, each)}>
          <${Icon} name=${each} size=${16} />${t(`monitor.${each}`)}
        </button>`,
      )}
    </div>
    <button type="button" class="button" disabled=${!mode || !online()} aria-busy=${pending("take-over")} onClick=${takeOver}>
      <${Icon} name="answer" />${t("monitor.take_over")}<kbd>T</kbd>
    </button>
    <button type="button" class="button hang-up" disabled=${!online()} aria-busy=${pending("monitor-end")} onClick=${stop}>
      <${Icon} name="hang_up" />${t("monitor.stop")}<kbd>S</kbd>
    </button>
  </section>`;
}

// --- dialogs ---

function MessageForm({ agent, close }) {
  const field = useRef(null);
  const send = async (event) => {
    event.preventDefault();
    const text = field.current.value.trim();
    if (text && (await act(`message ${agent.login}`, () => post(path("agents", agent.login, "message"), { text })))) {
      toast(t("message.sent", { name: agent.name }));
      close();
    }
  };
  const enter = (event) => {
    // Enter that ends the composition of a Chinese word chooses the word; it must not send the message.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) send(event);
  };
  return html`<form onSubmit=${send}>
    <div class="field">
      <label for="message-text">${t("message.text")}</label>
      <textarea class="input" id="message-text" ref=${field} autofocus maxlength=${LONGEST_MESSAGE} required onKeyDown=${enter}></textarea>
    </div>
    <div class="dialog-foot">
      <p class="small quiet">${t("message.hint")}</p>
      <button class="button primary" disabled=${!online()} aria-busy=${pending(`message ${agent.login}`)}>${t("message.send")}<kbd>⏎</kbd></button>
    </div>
  </form>`;
}

function ForceForm({ agent, close }) {
  const busy = ["reserved", "talking", "wrap_up"].includes(agent.state);
  const run = (work, wish) => async () => {
    if (await act(`force ${agent.login}`, work, wish)) close();
  };
  const state = (to, reason = "") => run(() => put(path("agents", agent.login, "state"), { state: to, reason }), `${to} ${reason}`);
  const off = !online();
  const hint = agent.state === "wrap_up" ? "force.hint_wrap_up" : busy ? "force.hint_busy" : "force.hint";
  return html`<p class="small quiet">${t(hint)}</p>
    <div class="choices-list">
      <button type="button" class="menu-item" data-state="available" autofocus disabled=${off} onClick=${state("available")}>
        <span class="state"><${Icon} name="available" /></span>${t("state.available")}
      </button>
      ${me.value.pause_reasons.map(
        (reason) => html`<button key=${reason.code} type="button" class="menu-item" data-state="paused" disabled=${off} onClick=${state("paused", reason.code)}>
          <span class="state"><${Icon} name="paused" /></span>${t("state.with_reason", { state: t("state.paused"), reason: titled(reason.title, reason.code) })}
        </button>`,
      )}
      <button type="button" class="menu-item" data-state="offline" disabled=${off} onClick=${state("offline")}>
        <span class="state"><${Icon} name="offline" /></span>${t("state.offline")}
      </button>
      <div class="menu-line"></div>
      <button type="button" class="menu-item" disabled=${off} onClick=${run(() => remove(path("agents", agent.login, "session")), "sign-out")}>
        <span class="state"><${Icon} name="close" /></span>${t("force.sign_out")}
      </button>
    </div>`;
}

const FORMS = { message: [MessageForm, "message.to"], force: [ForceForm, "force.of"] };

/** The dialog for one agent; it closes when the agent is gone. */
export function SteerDialog() {
  const shown = dialog.value;
  const agent = shown && agents.value.get(shown.agent);
  if (!agent) return null;
  const [Form, title] = FORMS[shown.kind];
  const closed = () => {
    if (dialog.value === shown) dialog.value = null;
  };
  return html`<${Dialog} key=${shown.opening} kind="steer-dialog" id="steer-title" title=${t(title, { name: agent.name })} closed=${closed}>
    ${(close) => html`<${Form} agent=${agent} close=${close} />`}
  <//>`;
}

// --- what the agent sees ---

/** That somebody is at the agent's call, and how. */
export function Monitored() {
  const own = [...monitors.value.values()].filter((each) => each.agent === me.value.user && MODE_OF[each.state]);
  return html`<span class="monitored" role="status">
    ${own.map(
      (each) => html`<span key=${each.id} class="chip" data-mode=${MODE_OF[each.state]}>
        <${Icon} name=${MODE_OF[each.state]} size=${14} />${t(`monitored.${MODE_OF[each.state]}`, { name: each.name })}
      </span>`,
    )}
  </span>`;
}

async function putAway(id) {
  try {
    await remove(path("messages", id));
  } catch (refusal) {
    if (refusal.status !== 404) {
      toast(sentence(refusal));
      return;
    }
  }
  messages.value = new Map([...messages.value].filter(([other]) => other !== id));
}

/** Supervisors' messages: they stay until they are put away. */
export function Messages() {
  return html`<div class="messages" role="alert">
    ${[...messages.value.values()].map(
      (each) => html`<article key=${each.id} class="message">
        <header><${Icon} name="message" /><strong>${each.name}</strong><span class="small quiet figures">${momentOf(each.at)}</span></header>
        <p>${each.text}</p>
        <button type="button" class="button" disabled=${!online()} onClick=${() => putAway(each.id)}>${t("message.read")}</button>
      </article>`,
    )}
  </div>`;
}

/** A state that a supervisor set is said aloud. */
export function noticeForced(before, now) {
  if (!isAgent.value || !now.set_by) return;
  const wish = now.afterwards || now.state;
  const was = before.afterwards || before.state;
  if (before.set_by === now.set_by && wish === was) return;
  const state = t(`state.${wish}`);
  toast(t(now.afterwards ? "forced.later" : "forced.now", { name: now.set_by, state }), { seconds: 30 });
}

