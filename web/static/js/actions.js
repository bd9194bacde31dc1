// What the agent can do. Each answers when the center has granted it; a refusal is said aloud and thrown away.

import { signal } from "@preact/signals";

import { post, put, remove } from "./api.js";
import { serverNow } from "./clock.js";
import { language, switchLanguage, t } from "./language.js";
import { draftOf, dropDraft, link, me, myself, toast } from "./model.js";

const END_THROTTLE_S = 1;
let lastEnd = 0;

const waiting = signal(new Set());

/** Whether the action of this name waits for its answer. Others may be asked for meanwhile. */
export const pending = (name) => waiting.value.has(name);

/** Whether the page may ask for anything: not while the link is down. */
export const online = () => link.value.up;

export async function act(name, work) {
  if (waiting.peek().has(name)) return false;
  waiting.value = new Set(waiting.peek()).add(name);
  try {
    await work();
    return true;
  } catch (refusal) {
    toast(refusal.code === "offline" ? t("error.offline") : t("error.refused", { detail: refusal.message }));
    return false;
  } finally {
    waiting.value = new Set([...waiting.peek()].filter((other) => other !== name));
  }
}

export const setState = (state, reason = "") =>
  act("state", () => put("/api/me/state", { state, reason }));

export const backToAvailable = () => setState("available");

export const choosePhone = (endpoint, line) =>
  act("phone", async () => {
    me.value = await put("/api/me/phone", { endpoint, line });
  });

export const answer = (call) => act("answer", () => post(`/api/calls/${encodeURIComponent(call)}/answer`));

const onCall = (name, path, body) => (call) => act(name, () => post(`/api/calls/${encodeURIComponent(call)}/${path}`, body));

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
  return act("hang-up", () => post(`/api/calls/${encodeURIComponent(call)}/hangup`));
}

export const pauseRecording = (call, paused) =>
  act("recording", () => post(`/api/calls/${encodeURIComponent(call)}/record-${paused ? "pause" : "resume"}`));

export const moreTime = () => act("more-time", () => post("/api/me/more-time"));

export async function sendOutcome(interaction) {
  const { code, note, callback } = draftOf(interaction);
  const done = await act("outcome", () =>
    put(`/api/interactions/${encodeURIComponent(interaction)}/disposition`, { code, note, callback }),
  );
  if (done) dropDraft(interaction);
  return done;
}

export function chooseLanguage(to) {
  if (to === language.value) return;
  switchLanguage(to);
  put("/api/me", { language: to }).catch(() => {});
}

export async function signOut() {
  if (myself.value?.state === "talking") {
    toast(t("error.talking"));
    return;
  }
  if (await act("sign-out", () => remove("/api/session"))) location.assign("/sign-in");
}
