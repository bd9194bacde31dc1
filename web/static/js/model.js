// What the page knows: who is here, the live center as far as this user sees it, and what is being written.

import { computed, effect, signal } from "@preact/signals";

import { get } from "./api.js";

export const me = signal(null);
export const route = signal({ name: "desk", id: "", query: "" });

export const agents = signal(new Map());
export const queues = signal(new Map());
export const calls = signal(new Map());
/** Supervisors at calls, as far as this user sees them; what supervisors have said to this user. */
export const monitors = signal(new Map());
export const messages = signal(new Map());
export const figures = signal(new Map());
/** This user's imports that are worked on, or were lately, by id. */
export const imports = signal(new Map());
/** What this user is to be reminded of, and nobody has put away. */
export const reminders = signal(new Map());
/** Campaigns that run, or whose calls still go on, as far as this user sees them. */
export const campaigns = signal(new Map());
export const pop = signal(null);
/** Who this agent says the caller is, until the center's own word of it is here: `{interaction, card}`. */
export const said = signal({ interaction: "", card: null });
/** All whom the caller of an interaction was taken for so far: `{interaction, cards}`. */
export const candidates = signal({ interaction: "", cards: [] });

/** `up`, or `down` since a moment; `latency` in milliseconds, null when not measured. */
export const link = signal({ up: false, since: Date.now() / 1000, latency: null, ever: false });

/** The number of the stream's frame that the page shows. */
export const seen = signal(0);

const LATE_MS = 2000;

/** Wait until the page shows the frame of this number, or can't hear of it any more. */
export async function shows(number) {
  if (seen.peek() >= number || !link.peek().up) return;
  let stop;
  await new Promise((done) => {
    setTimeout(done, LATE_MS);
    stop = effect(() => {
      if (seen.value >= number || !link.value.up) done();
    });
  });
  stop();
}

export const drafts = signal({});
export const toasts = signal([]);
export const helpOpen = signal(false);
export const statusMenuOpen = signal(false);

/** This user's own agent session, or null. */
export const myself = computed(() => agents.value.get(me.value?.user) ?? null);

/** The call on this agent's phone, or null. */
export const myCall = computed(() => (myself.value?.call ? (calls.value.get(myself.value.call) ?? null) : null));

/** The pop that belongs to what the agent works on. */
export const myPop = computed(() => {
  const agent = myself.value;
  if (!agent || !pop.value) return null;
  return pop.value.interaction === agent.interaction || pop.value.call === agent.call ? pop.value : null;
});

/** The customer in front of the agent: the one whom he chose, or the one that fits. */
export const customer = computed(() => {
  const shown = myPop.value;
  if (!shown) return null;
  const mine = said.value.interaction === shown.interaction ? said.value.card : null;
  return mine ? (shown.customers.find((each) => each.id === mine.id) ?? mine) : shown.customer;
});

/** Which of the desk's faces is shown. */
export const face = computed(() => {
  const agent = myself.value;
  if (!agent) return "offline";
  const own = myCall.value?.agent === agent.login;
  return agent.state === "talking" && own && myCall.value.held ? "held" : agent.state;
});

/** The face in words: while an agent is kept for a lead, nobody calls him. */
export const faceWord = computed(() => {
  const lead = face.value === "reserved" && myPop.value?.lead;
  return lead ? (lead.previewing ? "preview.state" : "preview.calling") : `state.${face.value}`;
});

/** Whether this user's role has a right (`docs/roles.md`). */
export const may = (right) => me.value?.rights.includes(right) ?? false;

export const isAgent = computed(() => may("calls.take"));

/** Whether this user may change what concerns all queues. */
export const steersAll = computed(() => may("configuration.write") && !me.value.limited_to.length);

const EMPTY = { code: "", note: "", callback: "", name: "" };

export const draftOf = (interaction) => drafts.value[interaction] ?? EMPTY;

export function writeDraft(interaction, change) {
  drafts.value = { ...drafts.value, [interaction]: { ...draftOf(interaction), ...change } };
}

export function dropDraft(interaction) {
  const { [interaction]: _, ...rest } = drafts.value;
  drafts.value = rest;
}

/** The forms on the desk: the call's own, and those that a new call overtook before they were sent. */
export const forms = computed(() => {
  const agent = myself.value;
  const current = ["talking", "wrap_up"].includes(agent?.state) ? agent.interaction : "";
  const late = Object.keys(drafts.value).filter((id) => id !== current && (draftOf(id).note || draftOf(id).callback || draftOf(id).answers));
  return current ? [current, ...late] : late;
});

let nextToast = 1;

/** Say something that goes away by itself; `action` is `{label, run}`. */
export function toast(text, { action = null, seconds = 8 } = {}) {
  const id = nextToast++;
  toasts.value = [...toasts.value, { id, text, action }];
  setTimeout(() => dismiss(id), seconds * 1000);
  return id;
}

export function dismiss(id) {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}

export async function loadMe() {
  try {
    me.value = await get("/api/me");
  } catch (refusal) {
    if (refusal.status === 401) location.assign("/sign-in");
    else setTimeout(() => location.reload(), 2000);
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What is at an address: the page's name, whose it is, and what was asked for, as in the address. */
function routeOf({ pathname, search }) {
  const [, name, id] = pathname.split("/");
  return { name: name || "desk", id: id ? decoded(id) : "", query: search };
}

export function go(path) {
  history.pushState(null, "", path);
  route.value = routeOf(location);
  scrollTo(0, 0);
}

/** Go on to a page when what was begun on page `from` is done; who went elsewhere meanwhile is left where he is.
 * Answers whether it went. */
export function goOn(from, path) {
  const here = location.pathname === from;
  if (here) go(path);
  return here;
}

export function startRouting() {
  route.value = routeOf(location);
  addEventListener("popstate", () => {
    route.value = routeOf(location);
  });
  addEventListener("click", (event) => {
    const anchor = event.target.closest?.("a[href^='/']:not([target], [download])");
    if (!anchor || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(anchor.getAttribute("href"));
  });
  addEventListener("beforeunload", (event) => {
    if (Object.values(drafts.value).some((draft) => draft.note || draft.code || draft.answers)) event.preventDefault();
  });
}
