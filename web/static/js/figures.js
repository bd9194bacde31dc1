// Figures: six of them in a strip with their goals, and a small picture of each queue's last six hours.
// docs/figures.md says what each one means.

import { computed, effect, signal } from "@preact/signals";

import { get } from "./api.js";
import { beat, serverNow } from "./clock.js";
import { clock, share, timeSpan } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { agents, figures, isAgent, link, me, queues } from "./model.js";

const QUARTER_S = 900;
const SHOWN = 24;
const AGAIN_MS = 60_000;

const ABANDONED_GOAL = 0.05;
const USUAL_GOAL = { share: 0.8, seconds: 20 };

const BUSY = ["reserved", "talking", "wrap_up"];

/** An agent's seconds in each state today, up to this moment. */
export function timesOf(agent, view) {
  const times = { ...view?.today.states };
  if (agent && view) times[agent.state] = (times[agent.state] ?? 0) + Math.max(0, beat.value - view.counted_to);
  return times;
}

/** The share of calls in the time in which an agent had one or was free for one; null without such a time. */
export function occupancyOf(times) {
  const busy = BUSY.reduce((sum, state) => sum + (times[state] ?? 0), 0);
  const ready = busy + (times.available ?? 0);
  return ready ? busy / ready : null;
}

const part = (n, of) => (of > 0 ? n / of : null);

/** The center's figures; for one who sees some queues only, the sum of these. */
const ofAll = computed(() => {
  const center = figures.value.get("center");
  if (center) return center;
  const seen = [...figures.value.values()].filter((view) => view.kind === "queue");
  return seen.length ? { today: sumOf(seen.map((view) => view.today)), recent: sumOf(seen.map((view) => view.recent)) } : null;
});

function sumOf(each) {
  const sum = (name) => each.reduce((all, one) => all + one[name], 0);
  const decided = sum("offered") - sum("undecided");
  const waited = each.reduce((all, one) => all + (one.asa_s ?? 0) * one.answered, 0);
  return {
    service_level: part(sum("in_target"), decided),
    abandoned_share: part(sum("abandoned"), decided),
    asa_s: part(waited, sum("answered")),
  };
}

/** The goal that all queues share, or the strictest. */
const goal = computed(() => {
  const all = [...queues.value.values()];
  if (!all.length) return USUAL_GOAL;
  return { share: Math.max(...all.map((each) => each.target_share)), seconds: Math.min(...all.map((each) => each.target_s)) };
});

function Tile({ name, value, goal: wanted, today = "", met = null }) {
  const verdict = met === null ? null : met ? "met" : "missed";
  return html`<div class="tile" data-verdict=${verdict}>
    <dt>${name}</dt>
    <dd class="figures value">${value}</dd>
    <dd class="small quiet goal">
      ${verdict && html`<span class="verdict"><${Icon} name=${met ? "available" : "warning"} size=${14} /><span class="unseen">${met ? t("figures.met") : t("figures.missed")}</span></span>`}
      <span>${wanted}</span>
    </dd>
    ${today && html`<dd class="small quiet">${t("figures.today", { value: today })}</dd>`}
  </div>`;
}

/** Six figures with their goals: the last 30 minutes in large, today beside the goal. */
export function Strip() {
  const all = ofAll.value;
  const shown = [...queues.value.values()];
  const waiting = shown.reduce((sum, queue) => sum + queue.waiting, 0);
  const oldest = Math.min(...shown.map((queue) => queue.longest_since ?? Infinity));
  const longest = Number.isFinite(oldest) ? beat.value - oldest : 0;
  const signedIn = [...agents.value.values()].filter((agent) => agent.state !== "offline");
  const free = signedIn.filter((agent) => agent.state === "available").length;
  const { share: wanted, seconds } = goal.value;
  const recent = all?.recent;
  const today = all?.today;
  const met = (value, test) => (value === null || value === undefined ? null : test(value));
  return html`<section class="strip" aria-label=${t("figures.strip")}>
    <dl>
      <${Tile} name=${t("figures.service_level")} value=${share(recent?.service_level)}
        goal=${t("figures.goal_level", { share: share(wanted), seconds })} today=${share(today?.service_level)}
        met=${met(recent?.service_level, (value) => value >= wanted)} />
      <${Tile} name=${t("queue.waiting_now")} value=${waiting} goal=${t("figures.in_queues", { n: shown.filter((queue) => queue.waiting).length })} />
      <${Tile} name=${t("queue.longest")} value=${waiting ? clock(longest) : t("queue.nobody")}
        goal=${t("figures.goal_seconds", { seconds })} met=${waiting ? longest <= seconds : null} />
      <${Tile} name=${t("figures.abandoned_share")} value=${share(recent?.abandoned_share)}
        goal=${t("figures.goal_abandoned", { share: share(ABANDONED_GOAL) })} today=${share(today?.abandoned_share)}
        met=${met(recent?.abandoned_share, (value) => value <= ABANDONED_GOAL)} />
      <${Tile} name=${t("queue.free")} value=${t("queue.of", { free, all: signedIn.length })}
        goal=${t("figures.occupied", { share: share(occupancyOf(allTimes())) })} met=${waiting && !free ? false : null} />
      <${Tile} name=${t("figures.asa")} value=${seconded(recent?.asa_s)}
        goal=${t("figures.goal_seconds", { seconds })} today=${seconded(today?.asa_s)}
        met=${met(recent?.asa_s, (value) => value <= seconds)} />
    </dl>
    <p class="small quiet">${t("figures.span")}</p>
  </section>`;
}

const seconded = (value) => (value === null || value === undefined ? "–" : t("time.seconds", { n: Math.round(value) }));

function allTimes() {
  const sum = {};
  for (const agent of agents.value.values()) {
    for (const [state, seconds] of Object.entries(timesOf(agent, figures.value.get(`agent ${agent.login}`)))) {
      sum[state] = (sum[state] ?? 0) + seconds;
    }
  }
  return sum;
}

/** A queue's service level of the last 30 minutes, or of today when nobody came in these. */
export function Level({ queue }) {
  const view = figures.value.get(`queue ${queue.name}`);
  const level = view?.recent?.service_level ?? view?.today.service_level ?? null;
  const missed = level !== null && level < queue.target_share;
  return html`<span class="level ${missed ? "missed" : ""}">
    ${missed && html`<${Icon} name="warning" size=${14} /><span class="unseen">${t("figures.missed")} </span>`}${share(level)}
  </span>`;
}

// --- the picture of the last six hours ---

/** Queue -> quarter -> its figures. */
const quarters = signal(new Map());

const WIDTH = 5;
const GAP = 1;
const HEIGHT = 28;

const firstShown = () => Math.floor(serverNow() / QUARTER_S) * QUARTER_S - (SHOWN - 1) * QUARTER_S;

async function loadQuarters() {
  const found = new Map();
  let cursor = "";
  do {
    const page = await get(`/api/intervals?kind=queue&from=${firstShown()}&limit=200&cursor=${cursor}`);
    for (const { name, start, figures: counted } of page.items) {
      if (!found.has(name)) found.set(name, new Map());
      found.get(name).set(start, counted);
    }
    cursor = page.next;
  } while (cursor);
  quarters.value = found;
}

let loading = null;

/** Rows are saved each minute; so often are they asked for, while a supervisor looks. */
effect(() => {
  const wanted = Boolean(me.value) && !isAgent.value && link.value.up;
  if (wanted && !loading) {
    const load = () => loadQuarters().catch(() => {}); // the next minute tries again
    load();
    loading = setInterval(load, AGAIN_MS);
  } else if (!wanted && loading) {
    clearInterval(loading);
    loading = null;
  }
});

const chosen = signal({ queue: "", start: 0 });

/** What a bar says in words. */
function wordsOf(start, counted) {
  const span = timeSpan(start, start + QUARTER_S);
  if (!counted?.offered) return t("figures.quarter_nobody", { span });
  const { in_target: inTime, offered, abandoned, service_level: level } = counted;
  return t("figures.quarter", { span, share: share(level), in_time: inTime, offered, abandoned });
}

/** One bar for each quarter of an hour. The arrow keys go through them; so does the pointer. */
export function Bars({ queue }) {
  const counted = quarters.value.get(queue.name) ?? new Map();
  const first = firstShown();
  const starts = Array.from({ length: SHOWN }, (_, n) => first + n * QUARTER_S);
  const mine = chosen.value.queue === queue.name ? starts.indexOf(chosen.value.start) : -1;
  const at = mine < 0 ? SHOWN - 1 : mine;
  const choose = (place) => {
    chosen.value = { queue: queue.name, start: starts[Math.min(Math.max(place, 0), SHOWN - 1)] };
  };
  const keys = (event) => {
    const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, Home: 0, End: SHOWN - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  };
  const leave = () => {
    chosen.value = { queue: "", start: 0 };
  };
  const words = wordsOf(starts[at], counted.get(starts[at]));
  const height = (level) => Math.max(2, Math.round(level * HEIGHT));
  return html`<div class="bars" role="slider" tabindex="0" aria-label=${t("figures.six_hours")} aria-valuemin="0"
    aria-valuemax=${SHOWN - 1} aria-valuenow=${at} aria-valuetext=${words}
    onKeyDown=${keys} onFocus=${() => choose(at)} onBlur=${leave} onPointerLeave=${leave}>
    <svg width=${SHOWN * (WIDTH + GAP)} height=${HEIGHT} viewBox="0 0 ${SHOWN * (WIDTH + GAP)} ${HEIGHT}" aria-hidden="true">
      ${starts.map((start, n) => {
        const level = counted.get(start)?.service_level ?? null;
        const x = n * (WIDTH + GAP);
        const look = level === null ? "none" : level >= queue.target_share ? "met" : "missed";
        const tall = level === null ? 2 : height(level);
        return html`<g key=${start} class="bar ${look} ${n === mine ? "chosen" : ""}" onPointerEnter=${() => choose(n)}>
          <rect class="room" x=${x} y="0" width=${WIDTH + GAP} height=${HEIGHT} />
          <rect x=${x} y=${HEIGHT - tall} width=${WIDTH} height=${tall} rx="1" />
        </g>`;
      })}
      <line x1="0" x2=${SHOWN * (WIDTH + GAP)} y1=${HEIGHT * (1 - queue.target_share)} y2=${HEIGHT * (1 - queue.target_share)} />
    </svg>
    ${mine >= 0 && html`<span class="bar-words">${words}</span>`}
  </div>`;
}
