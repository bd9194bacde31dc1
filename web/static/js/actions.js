// What the agent can do. Each answers when the center has granted it; a refusal is said aloud and thrown away.

import { signal } from "@preact/signals";

import { withAnswers } from "./answers.js";
import { post, put, remove } from "./api.js";
import { serverNow } from "./clock.js";
import { language, switchLanguage, t } from "./language.js";
import { draftOf, dropDraft, link, me, myPop, myself, said, toast } from "./model.js";
import { sentence } from "./refused.js";

const END_THROTTLE_S = 1;
let lastEnd = 0;

/** Name -> the latest action of that name that is not answered: `{wish, done}`. */
const waiting = signal(new Map());

/** Whether the action of this name waits for its answer. Others may be asked for meanwhile. */
export const pending = (name) => waiting.value.has(name);

/** Wait for what was last asked for under this name, if its answer is due. */
export const settled = (name) => waiting.peek().get(name)?.done;

/** Whether the page may ask for anything: not while the link is down. */
export const online = () => link.value.up;

async function run(work) {
  try {
    await work();
    return true;
  } catch (refusal) {
    toast(sentence(refusal));
    return false;
  }
}

/** Ask for something. Of one name, one is asked for after the other; the same wish again, while it waits, is a key
 * that was pressed twice. Another wish is what is wanted next: it waits for its turn and is never lost. */
export async function act(name, work, wish = "") {
  const before = waiting.peek().get(name);
  if (before?.wish === wish) return false;
  const mine = { wish, done: before ? before.done.then(() => run(work)) : run(work) };
  waiting.value = new Map(waiting.peek()).set(name, mine);
  const granted = await mine.done;
  if (waiting.peek().get(name) === mine) {
    waiting.value = new Map([...waiting.peek()].filter(([other]) => other !== name));
  }
  return granted;
}

export const setState = (state, reason = "") =>
  act("state", () => put("/api/me/state", { state, reason }), `${state} ${reason}`);

export const backToAvailable = () => setState("available");

export const choosePhone = (endpoint, line) =>
  act(
    "phone",
    async () => {
      me.value = await put("/api/me/phone", { endpoint, line });
    },
    `${endpoint} ${line}`,
  );

const onCall = (name, path, body) => (call) =>
  act(name, () => post(`/api/calls/${encodeURIComponent(call)}/${path}`, body), `${path} ${call}`);

export const answer = onCall("answer", "answer");

export const hold = onCall("hold", "hold");

export const resume = onCall("hold", "resume");

/** Send the caller on, blind; `wish` is `{to, note}`. */
export const transfer = (call, wish) => onCall("transfer", "transfer", wish)(call);

/** Ask somebody beside the call. */
export const consult = (call, wish) => onCall("consult", "consult", wish)(call);

/** `toggle`, `complete`, `conference` or `drop`. */
export const consultStep = (call, step) => onCall(step, `consult/${step}`)(call);

export function hangUp(call) {
  if (serverNow() - lastEnd < END_THROTTLE_S) return null;
  lastEnd = serverNow();
  return onCall("hang-up", "hangup")(call);
}

export const pauseRecording = (call, paused) => onCall("recording", paused ? "record-pause" : "record-resume")(call);

export const moreTime = () => act("more-time", () => post("/api/me/more-time"));

/** Say who the caller is: shown at once, and taken back when it is refused. `card` is as much as is known of him. */
export async function chooseCustomer(card) {
  const { interaction } = myPop.value;
  const call = myself.value.interaction === interaction && myself.value.call;
  const before = said.value;
  const mine = { interaction, card };
  said.value = mine;
  const body = { customer: card.id };
  const ask = call
    ? () => post(`/api/calls/${encodeURIComponent(call)}/customer`, body)
    : () => put(`/api/interactions/${encodeURIComponent(interaction)}/customer`, body);
  const granted = await act("customer", ask, `${interaction} ${card.id}`);
  if (!granted && said.peek() === mine) said.value = before;
  return granted;
}

export async function sendOutcome(interaction) {
  const sent = draftOf(interaction);
  const { code, callback } = sent;
  const note = withAnswers(sent);
  const done = await act(`outcome ${interaction}`, () =>
    put(`/api/interactions/${encodeURIComponent(interaction)}/disposition`, { code, note, callback }),
  );
  // What was typed while it was on its way has not been sent: it stays.
  if (done && draftOf(interaction) === sent) dropDraft(interaction);
}

export function chooseLanguage(to) {
  if (to === language.value) return;
  switchLanguage(to);
  act("language", () => put("/api/me", { language: to }).catch(() => {}), to);
}

export async function signOut() {
  if (myself.value?.state === "talking") {
    toast(t("error.talking"));
    return;
  }
  if (await act("sign-out", () => remove("/api/session"))) location.assign("/sign-in");
}
