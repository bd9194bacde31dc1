// REST calls. A refusal is thrown as `Refusal`, with the problem document's words.

import { me, shows } from "./model.js";

/** What a page may still be sending when it is left; the browser's limit is 64 KiB for all of it. */
const LEFT_BEHIND = 16_000;

export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail ?? "");
    this.status = status;
    this.code = problem.code ?? "";
    this.field = problem.field ?? "";
    /** Everything that is wrong with what was sent: `{field, detail}`. */
    this.errors = problem.errors ?? [];
    /** Of a 412: the record as it is now, and what was sent. */
    this.current = problem.current ?? null;
    this.yours = problem.yours ?? null;
    this.retryAfter = 0;
  }
}

/** Answers when the page also shows what the request brought about. */
export async function call(method, path, body, more = {}) {
  const headers = { Accept: "application/json", ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && me.value) headers["X-CSRF-Token"] = me.value.csrf;
  const said = body === undefined ? undefined : JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: said,
      keepalive: method !== "GET" && (said?.length ?? 0) < LEFT_BEHIND,
      signal: AbortSignal.timeout(8000),
    });
  } catch {
    throw new Refusal(0, { code: "offline" });
  }
  const text = await answer.text();
  const found = text ? JSON.parse(text) : null;
  if (answer.ok) {
    await shows(Number(answer.headers.get("Live-Seq") ?? 0));
    return found;
  }
  const refusal = new Refusal(answer.status, found ?? {});
  refusal.retryAfter = Number(answer.headers.get("Retry-After") ?? 0);
  throw refusal;
}

/** A page of a list behind those before it: once, however often it was asked for, and only where it belongs. */
export const followedBy = (page, cursor) => (before) => {
  if (!cursor) return { items: page.items, next: page.next, state: "here" };
  if (before.next !== cursor) return before;
  return { items: [...before.items, ...page.items], next: page.next, state: "here" };
};

/** A reading call whose answers may overtake each other: `take` gets none that is older than what it got. */
export function newest(ask, take) {
  let asked = 0;
  let taken = 0;
  return async () => {
    const mine = ++asked;
    const found = await ask();
    if (mine < taken) return;
    taken = mine;
    take(found);
  };
}

export const get = (path) => call("GET", path);
export const put = (path, body, headers) => call("PUT", path, body, headers);
/** `version` is that of the record which was read: another one is refused with 412. */
export const patch = (path, body, { version } = {}) =>
  call("PATCH", path, body, version === undefined ? {} : { "If-Match": `"${version}"` });
/** `key` is the same for each try to make the same thing: it is made once. */
export const post = (path, body, { key } = {}) => call("POST", path, body, key ? { "Idempotency-Key": key } : {});
export const remove = (path) => call("DELETE", path);

/** A key for something new that is to be made once. */
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
