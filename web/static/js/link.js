// The live link: follows the server's numbered stream, and comes back where it left off.

import { batch } from "@preact/signals";

import { setServerTime } from "./clock.js";
import {
  agents, calls, campaigns, candidates, dismiss, figures, imports, link, loadMe, me, messages, monitors, myself, pop, queues, reminders, said, seen, toast,
} from "./model.js";
import { backToAvailable } from "./actions.js";
import { word, t } from "./language.js";
import { spread } from "./news.js";
import { noticeForced } from "./supervision.js";

const PING_MS = 5000;
const SILENCE_MS = 4000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 4000;

const KEYS = { agents: "login", queues: "name", calls: "id", monitors: "id", messages: "id", figures: "id", reminders: "id", imports: "id", campaigns: "id" };
const STORES = { agents, queues, calls, monitors, messages, figures, reminders, imports, campaigns };

let socket = null;
let seq = null;
let greeted = false;
let retry = FIRST_RETRY_MS;
let pinging = null;
let overdue = null;

export function connect() {
  const address = new URL("/ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (seq !== null) address.searchParams.set("since", seq);
  socket = new WebSocket(address);
  socket.onmessage = ({ data }) => hear(JSON.parse(data));
  socket.onopen = () => {
    retry = FIRST_RETRY_MS;
    ping();
    pinging = setInterval(ping, PING_MS);
  };
  socket.onclose = lost;
}

/** The page shows this pop. */
export function acknowledge(number) {
  say({ type: "ack", seq: number });
}

function say(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function ping() {
  say({ type: "ping", at: performance.now() });
  overdue ??= setTimeout(() => socket.close(), SILENCE_MS);
}

async function lost() {
  clearInterval(pinging);
  clearTimeout(overdue);
  overdue = null;
  if (link.value.up) link.value = { ...link.value, up: false, latency: null, since: Date.now() / 1000 };
  const wait = retry * (0.75 + Math.random() / 2);
  retry = Math.min(retry * 2, LONGEST_RETRY_MS);
  await new Promise((done) => setTimeout(done, wait));
  // The handshake's refusal is invisible to a page; only a request can tell a lost link from a lost session.
  if (!navigator.onLine || (await stillSignedIn())) connect();
}

async function stillSignedIn() {
  try {
    const answer = await fetch("/api/me", { signal: AbortSignal.timeout(4000) });
    if (answer.status === 401) location.assign("/sign-in");
    return answer.status !== 401;
  } catch {
    return true;
  }
}

addEventListener("offline", () => socket?.close());
addEventListener("online", () => {
  retry = FIRST_RETRY_MS;
});

/** The link is up when the page shows what is now: with a snapshot, or with the pong, which comes after all that
 * was missed. */
function nowUp() {
  if (!link.value.up) link.value = { ...link.value, up: true, ever: true, since: Date.now() / 1000 };
}

function hear(frame) {
  // Any frame is a sign of life: the server leaves a pong out where a snapshot is due.
  clearTimeout(overdue);
  overdue = null;
  if (frame.type === "pong") {
    setServerTime(frame.now);
    nowUp();
    link.value = { ...link.value, latency: Math.round(performance.now() - frame.at) };
    return;
  }
  if (frame.type !== "snapshot" && frame.seq !== seq + 1) {
    seq = null; // something is missing: begin anew
    socket.close();
    return;
  }
  seq = frame.seq;
  setServerTime(frame.at);
  const before = myself.value;
  batch(() => {
    if (frame.type === "snapshot") takeSnapshot(frame);
    else if (frame.type === "change") takeChange(frame);
    else if (frame.type === "taken") toast(t("toast.taken", { by: frame.by }));
    else takePop(frame);
    seen.value = frame.seq;
    if (frame.type === "snapshot") nowUp();
  });
  // Menus and titles are of another version than the one that is in force, or a snapshot came unasked, as it does
  // when this user's rights are others: ask for them anew.
  const again = frame.type === "snapshot" && greeted;
  if (again || (frame.configuration && frame.configuration !== me.value.configuration)) loadMe();
  greeted = true;
  if (frame.type === "snapshot") spread(null);
  else if (frame.news?.length) spread(frame.news);
  notice(before, myself.value);
}

function takeSnapshot(frame) {
  const unread = messages.value;
  for (const [noun, store] of Object.entries(STORES)) {
    store.value = new Map((frame[noun] ?? []).map((view) => [view[KEYS[noun]], view]));
  }
  // A restarted server does not know them any more; that is no reason to overlook one.
  messages.value = new Map([...unread, ...messages.value]);
  const newest = frame.pops.at(-1) ?? null;
  if (newest) takePop(newest);
  else pop.value = null;
}

function takeChange(frame) {
  for (const [noun, store] of Object.entries(STORES)) {
    const shown = frame[noun] ?? [];
    const gone = frame.gone?.[noun] ?? [];
    if (!shown.length && !gone.length) continue;
    const next = new Map(store.value);
    for (const view of shown) next.set(view[KEYS[noun]], view);
    for (const id of gone) next.delete(id);
    store.value = next;
  }
}

function takePop(frame) {
  const sure = ["chosen", "created"].includes(frame.match);
  // Somebody else said who it is, after this agent did.
  if (said.value.interaction === frame.interaction && sure && frame.customer?.id !== said.value.card.id) said.value = { interaction: "", card: null };
  const before = candidates.value.interaction === frame.interaction ? candidates.value.cards : [];
  const known = new Map([...before, ...frame.customers].map((card) => [card.id, card]));
  candidates.value = { interaction: frame.interaction, cards: [...known.values()] };
  pop.value = frame;
}

let missedToast = 0;

/** What the agent must not overlook. */
function notice(before, now) {
  if (!before || !now) return;
  if (now.state !== "paused") dismiss(missedToast);
  else if (before.state === "reserved") {
    missedToast = toast(t("toast.missed", { reason: word("reason", now.reason) }), {
      action: { label: t("status.back"), run: backToAvailable },
      seconds: 30,
    });
  }
  if (before.phone !== now.phone) loadMe();
  noticeForced(before, now);
}
