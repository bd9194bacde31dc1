// Who waits: in which place, for what, and on demand why. A supervisor moves callers forward and back.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, patch } from "./api.js";
import { lasting } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { language, t, word } from "./language.js";
import { agents, calls, toast } from "./model.js";
import { Card, Need, PhoneNumber, queueTitle, Since } from "./parts.js";
import { steered } from "./rows.js";
import { Table } from "./table.js";

const STEP_MIN = 5;
const MOST_MIN = 1440;
const AGAIN_MS = 3000;
const UNDO_S = 10;
const SHOWN = 100;

const row = signal("");
/** The calls whose reasons are open. */
const opened = signal(new Set());

const nameOf = (call) => call.customer_name || call.caller_name || call.caller || t("caller.unknown");

/** Minutes with their sign: `+5`, `−5`. */
export const signed = (minutes) => `${minutes < 0 ? "−" : "+"}${Math.abs(minutes)}`;

/** Everybody who waits or is being offered, in the one order, with the place in the own queue. */
function inOrder() {
  const score = (call) => call.queued_at - 60 * call.priority;
  const waiting = [...calls.value.values()].filter((call) => call.queued_at !== null);
  waiting.sort((a, b) => score(a) - score(b) || a.queued_at - b.queued_at || (a.id < b.id ? -1 : 1));
  const places = new Map();
  return waiting.map((call) => {
    const place = (places.get(call.queue) ?? 0) + 1;
    places.set(call.queue, place);
    return { ...call, place };
  });
}

/** Each time counts: no two moves are the same wish. `minutes` is called when it is its turn. */
const setPriority = (call, minutes) =>
  act(`priority ${call.id}`, () => patch(`/api/calls/${encodeURIComponent(call.id)}`, { priority: minutes() }), Symbol());

async function move(call, by) {
  let before = 0;
  const after = () => {
    before = calls.peek().get(call.id)?.urgency.supervisor ?? 0;
    return Math.max(-MOST_MIN, Math.min(MOST_MIN, before + by));
  };
  if (!(await setPriority(call, after))) return;
  toast(t("waiting.moved", { name: nameOf(call), minutes: signed(by) }), {
    action: { label: t("action.undo"), run: () => setPriority(call, () => before) },
    seconds: UNDO_S,
  });
}

function toggleWhy(call) {
  const next = new Set(opened.value);
  if (!next.delete(call.id)) next.add(call.id);
  opened.value = next;
}

const keysOf = (call) => ({
  "+": () => move(call, STEP_MIN),
  "=": () => move(call, STEP_MIN),
  "-": () => move(call, -STEP_MIN),
  "−": () => move(call, -STEP_MIN),
  Y: () => toggleWhy(call),
  Enter: () => toggleWhy(call),
});

/** Why the caller still waits: asked for anew as long as it is open. */
function Why({ call }) {
  const [said, setSaid] = useState(null);
  useEffect(() => {
    let stopped = false;
    const ask = async () => {
      try {
        const found = await get(`/api/calls/${encodeURIComponent(call.id)}/why`);
        if (!stopped) setSaid(found);
      } catch (refusal) {
        if (!stopped) setSaid({ gone: refusal.status === 404 || refusal.status === 409 });
      }
    };
    ask();
    const again = setInterval(ask, AGAIN_MS);
    return () => {
      stopped = true;
      clearInterval(again);
    };
  }, [call.id]);
  const text = !said ? t("history.loading") : said.gone ? t("waiting.why_gone") : (said[language.value] ?? t("error.load"));
  return html`<div class="why-waiting" id=${`why-${call.id}`}><${Icon} name="clock" /><p>${text}</p></div>`;
}

function Priority({ call }) {
  const parts = Object.entries(call.urgency).filter(([, minutes]) => minutes);
  if (!parts.length) return "–";
  return html`<strong>${t("waiting.minutes", { n: signed(call.priority) })}</strong>
    <span class="small quiet parts">${parts.map(([why, minutes]) => html`<span key=${why}>${t("waiting.part", { why: word("urgency", why), minutes: signed(minutes) })}</span>`)}</span>`;
}

function Actions({ call }) {
  const here = row.value === call.id ? 0 : -1;
  const busy = pending(`priority ${call.id}`);
  const name = nameOf(call);
  const open = opened.value.has(call.id);
  return html`<div class="steer whole">
    <div class="segments" role="group" aria-label=${t("waiting.move", { name })}>
      <button type="button" class="segment" tabindex=${here} disabled=${!online()} aria-busy=${busy} title=${t("waiting.earlier")} aria-label=${t("waiting.earlier")}
        onClick=${() => move(call, STEP_MIN)}>${signed(STEP_MIN)}</button>
      <button type="button" class="segment" tabindex=${here} disabled=${!online()} aria-busy=${busy} title=${t("waiting.later")} aria-label=${t("waiting.later")}
        onClick=${() => move(call, -STEP_MIN)}>${signed(-STEP_MIN)}</button>
    </div>
    <button type="button" class="button plain worded" tabindex=${here} aria-expanded=${open} aria-controls=${open ? `why-${call.id}` : undefined}
      disabled=${!online()} onClick=${() => toggleWhy(call)}>
      ${t("waiting.why")}<span class="turn"><${Icon} name="down" size=${14} /></span>
    </button>
  </div>`;
}

/** Whose phone rings, or nothing. */
function offered(call) {
  if (call.state !== "offered") return "";
  return t("waiting.offered", { names: call.offered.map((login) => agents.value.get(login)?.name ?? login).join(", ") });
}

export function Waiting() {
  const all = inOrder();
  const columns = [
    [t("waiting.place"), (call) => html`<strong>${call.place}</strong>`, true],
    [
      t("board.caller"),
      (call) => html`<strong>${call.customer_name || call.caller_name}</strong> <${PhoneNumber} number=${call.caller} />
        ${call.state === "offered" && html`<span class="small offered" data-state="reserved"><span class="state"><${Icon} name="reserved" size=${14} />${offered(call)}</span></span>`}`,
    ],
    [t("board.queue"), (call) => html`<span class="whole">${queueTitle(call.queue)}</span>`],
    [t("waiting.waits"), (call) => html`<${Since} since=${call.queued_at} />`, true],
    [t("waiting.promised"), (call) => (call.promised_s === null ? "–" : `≤ ${lasting(call.promised_s)}`), true],
    [t("waiting.needs"), (call) => (call.needs.length ? html`<span class="chips">${call.needs.map((need) => html`<${Need} key=${need} need=${need} />`)}</span>` : "–")],
    [t("waiting.priority"), (call) => html`<${Priority} call=${call} />`],
    [t("board.steer"), (call) => html`<${Actions} call=${call} />`],
  ];
  return html`<${Card} title=${t("waiting.title")} aside=${html`<span class="quiet small">${t("waiting.order")}</span>`}>
    <${Table} label=${t("waiting.title")} columns=${columns} rows=${all.slice(0, SHOWN)} keyOf=${(call) => call.id}
      rowProps=${steered(row, (call) => call.id, keysOf)} empty=${t("waiting.nobody")}
      below=${(call) => opened.value.has(call.id) && html`<${Why} call=${call} />`} />
    ${all.length > SHOWN && html`<p class="empty">${t("waiting.more", { n: all.length - SHOWN })}</p>`}
  <//>`;
}
