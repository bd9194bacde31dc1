// The configuration as it is being changed: the version that it began from, the draft, and what the server says
// of the draft as it is typed. A draft outlives a look at another page.

import { batch, computed, effect, signal } from "@preact/signals";

import { get, post, put } from "./api.js";
import { t } from "./language.js";
import { toast } from "./model.js";
import { sentence } from "./refused.js";

const PAUSE_MS = 400;

/** The version in force when the draft was begun: `{version, at, login, comment, document}`; null before. */
export const base = signal(null);
export const draft = signal(null);
/** Path of a key -> everything that is wrong with it. */
export const errors = signal(new Map());
/** What is probably not meant: `{key, what, remedy}`. */
export const warnings = signal([]);
/** `idle`, `checking`, `checked`, `offline`. */
export const check = signal("idle");
export const trouble = signal(null);
/** The newer version that somebody else stored meanwhile, or null. */
export const newer = signal(null);
export const saving = signal(false);

const copy = (value) => JSON.parse(JSON.stringify(value));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Object's keys may come in any order; lists may not. */
const isTable = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** What differs, leaf by leaf: `{path, before, after}`; what is missing is undefined. */
export function differences(before, after, path = []) {
  if (isTable(before) && isTable(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) => differences(before[name], after[name], [...path, name]));
  }
  return same(before, after) ? [] : [{ path, before, after }];
}

export const changed = computed(() => (base.value && draft.value ? differences(base.value.document, draft.value) : []));

export function valueAt(path, from = draft.value) {
  return path.reduce((value, name) => value?.[name], from);
}

/** Set one key; undefined takes it away. */
export function setAt(path, value) {
  draft.value = withValue(draft.value, path, value);
}

function withValue(document, path, value) {
  const next = copy(document);
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce((at, name) => (at[name] ??= {}), next);
  if (value !== undefined) parent[last] = value;
  else if (Array.isArray(parent)) parent.splice(last, 1);
  else delete parent[last];
  return next;
}

function take(version) {
  base.value = version;
  draft.value = copy(version.document);
  warnings.value = version.warnings ?? [];
  errors.value = new Map();
  newer.value = null;
}

/** Take the version in force, unless something is being changed by the time that it comes. */
export async function load() {
  trouble.value = null;
  try {
    const found = await get("/api/configuration");
    if (!changed.peek().length) take(found);
  } catch (refusal) {
    trouble.value = refusal;
  }
}

export function discard() {
  take(base.value);
}

/** Write an old version's document over the draft: it counts when it is saved. */
export function restore(document) {
  draft.value = copy(document);
}

const BARE = /^[A-Za-z0-9_-]+$/;

/** A key's path as the server writes it. */
export const keyOf = (path) => path.map((name) => (BARE.test(name) ? name : `"${name}"`)).join(".");

function hear(refusal) {
  const found = new Map();
  for (const { field, detail } of refusal.errors) {
    const key = field.replace(/^document\.?/, "");
    found.set(key, [...(found.get(key) ?? []), detail]);
  }
  if (!found.size) found.set(refusal.field.replace(/^document\.?/, ""), [refusal.message]);
  errors.value = found;
}

let asked = 0;

async function ask(document) {
  const mine = ++asked;
  check.value = "checking";
  try {
    const found = await post("/api/configuration/check", { document });
    if (mine !== asked) return;
    errors.value = new Map();
    warnings.value = found.warnings;
    check.value = "checked";
  } catch (refusal) {
    if (mine !== asked) return;
    if (refusal.status === 422) {
      hear(refusal);
      check.value = "checked";
    } else check.value = "offline";
  }
}

let waiting = null;

/** What is typed is checked by the server, when there is a pause. */
effect(() => {
  const document = draft.value;
  clearTimeout(waiting);
  asked++; // an answer that is on its way is of another draft
  if (!document || !changed.value.length) {
    check.value = "idle";
    errors.value = new Map();
    return;
  }
  check.value = "checking";
  waiting = setTimeout(() => ask(document), PAUSE_MS);
});

export async function save(comment) {
  saving.value = true;
  const sent = draft.value;
  try {
    const stored = await put("/api/configuration", { document: sent, comment }, { "If-Match": `"${base.value.version}"` });
    putOn(stored, differences(sent, draft.value)); // what was typed meanwhile is not in it
    toast(t("settings.saved", { version: base.value.version }));
    return true;
  } catch (refusal) {
    if (refusal.status === 412) newer.value = await get("/api/configuration").catch(() => null);
    else if (refusal.status === 422) hear(refusal);
    else toast(sentence(refusal));
    return false;
  } finally {
    saving.value = false;
  }
}

/** Go on with the newer version, and one's own changes on top of it. */
export function putOnTop() {
  putOn(newer.value, changed.value);
}

function putOn(version, mine) {
  batch(() => {
    take(version);
    draft.value = mine.reduce((document, { path, after }) => withValue(document, path, after), draft.value);
  });
}

/** Go on with the newer version alone. */
export function takeTheirs() {
  take(newer.value);
}

addEventListener("beforeunload", (event) => {
  if (changed.peek().length) event.preventDefault();
});
