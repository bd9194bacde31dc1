// REST calls. A refusal is thrown as `Refusal`, with the problem document's words.

import { me } from "./model.js";

export class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail ?? "");
    this.status = status;
    this.code = problem.code ?? "";
    this.field = problem.field ?? "";
    /** Everything that is wrong with what was sent: `{field, detail}`. */
    this.errors = problem.errors ?? [];
    this.retryAfter = 0;
  }
}

export async function call(method, path, body, more = {}) {
  const headers = { Accept: "application/json", ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && me.value) headers["X-CSRF-Token"] = me.value.csrf;
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(8000),
    });
  } catch {
    throw new Refusal(0, { code: "offline" });
  }
  const text = await answer.text();
  const found = text ? JSON.parse(text) : null;
  if (answer.ok) return found;
  const refusal = new Refusal(answer.status, found ?? {});
  refusal.retryAfter = Number(answer.headers.get("Retry-After") ?? 0);
  throw refusal;
}

export const get = (path) => call("GET", path);
export const put = (path, body, headers) => call("PUT", path, body, headers);
export const patch = (path, body) => call("PATCH", path, body);
export const post = (path, body) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);
