// Requests in words and signs, and what every page does with them: move one on, by the steps that are allowed.

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { online } from "./actions.js";
import { change } from "./conflict.js";
import { definitionOf, specOf } from "./custom_fields.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { dayTimeOf } from "./format.js";
import { asText } from "./inputs.js";
import { t, titled } from "./language.js";
import { me, may, toast } from "./model.js";
import { Dialog, queueTitle } from "./parts.js";
import { personName, teamTitle } from "./people.js";

export const STATES = ["new", "open", "waiting_customer", "waiting_internal", "solved", "closed"];

/** In these nothing is left to do. */
export const DONE = ["solved", "closed"];

const ICONS = { new: "fresh", open: "begun", waiting_customer: "user", waiting_internal: "clock", solved: "solved", closed: "closed" };

/** A request's state: its sign, its word, its colour. */
export function RequestState({ state }) {
  return html`<span class="state request-state" data-request=${state}><${Icon} name=${ICONS[state] ?? "fresh"} size=${16} />${t(`request_state.${state}`)}</span>`;
}

/** A kind of requests in words: one of the configuration's, or its code. */
export const kindTitle = (code) => titled(me.value.request_kinds.find((each) => each.code === code)?.title, code);

export const mayWrite = () => may("requests.write");

const LABELS = {
  subject: "request.subject", problem: "request.problem", solution: "request.solution", state: "request.state",
  priority: "request.priority", kind: "request.kind", owner: "request.owner", team: "request.team",
  due_at: "request.due", queue: "board.queue", customer_name: "customer.title", customer: "customer.title",
};

/** The value of a request's field, in words. */
export function shown(field, value) {
  if (value === "" || value === null || value === undefined) return "–";
  if (field === "state") return t(`request_state.${value}`);
  if (field === "priority") return t(`priority.${value}`);
  if (field === "kind") return kindTitle(value);
  if (field === "owner") return personName(value);
  if (field === "team") return teamTitle(value);
  if (field === "queue") return queueTitle(value);
  if (field === "due_at") return dayTimeOf(value);
  const own = definitionOf("request", field);
  return own ? asText(specOf(own), value) : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What the question about two versions needs to speak of a request. */
export const wordsOf = (request) => ({
  title: t("request.named", { number: request.number, subject: request.subject }),
  label: (field) => titleOf(field) ?? null,
  show: shown,
});

function titleOf(field) {
  const own = definitionOf("request", field);
  return own ? specOf(own).label : LABELS[field] && t(LABELS[field]);
}

export const labelOf = (field) => titleOf(field) ?? field;

/** Change a request; answers it as it is then, or null when it was refused. */
export const changeRequest = (request, body, wrong = null) =>
  change({ name: `request ${request.id}`, path: `/api/requests/${encodeURIComponent(request.id)}`, body, base: request, words: wordsOf(request), wrong });

/** The request whose solution is asked for: `{request, answer}`. */
const solving = signal(null);

/** Move a request to a state that may follow; one that is solved says how. */
export async function move(request, to) {
  const body = { state: to };
  if (to === "solved" && !request.solution) {
    const solution = await new Promise((answer) => (solving.value = { request, answer }));
    if (!solution) return null;
    body.solution = solution;
  }
  const moved = await changeRequest(request, body);
  if (moved?.state === to) {
    const back = moved.possible.includes(request.state);
    const action = back ? { label: t("action.undo"), run: () => move(moved, request.state) } : null;
    toast(t("request.moved", { number: moved.number, state: t(`request_state.${to}`) }), { action });
  }
  changedRequests.value++;
  return moved;
}

/** Grows when this page changed a request: lists that show it ask again. */
export const changedRequests = signal(0);

/** Asks how a request was solved, on whatever page. */
export function Solving() {
  const question = solving.value;
  if (!question) return null;
  const closed = () => {
    question.answer("");
    if (solving.value === question) solving.value = null;
  };
  return html`<${Dialog} key=${question.request.id} kind="solve" id="solve-title" title=${t("request.solve_title", { number: question.request.number })} closed=${closed}>
    ${(close) => html`<${SolveForm} question=${question} close=${close} />`}
  <//>`;
}

function SolveForm({ question, close }) {
  const [text, setText] = useState("");
  const field = useRef(null);
  useLayoutEffect(() => field.current.focus(), []);
  const save = (event) => {
    event.preventDefault();
    if (!text.trim()) return;
    question.answer(text);
    close();
  };
  return html`<form class="stack" onSubmit=${save} onKeyDown=${byCtrlEnter(save)}>
    <p class="quiet" dir="auto">${question.request.subject}</p>
    <div class="field">
      <label for="solve-solution">${t("request.solution")}</label>
      <textarea ref=${field} class="input" id="solve-solution" dir="auto" autofocus required maxlength="20000" rows="5" value=${text} onInput=${(event) => setText(event.target.value)}></textarea>
    </div>
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${close}>${t("action.cancel")}</button>
      <button class="button primary" disabled=${!text.trim() || !online()}>${t("request.solve")}</button>
    </div>
  </form>`;
}

/** Ctrl+Enter in a text sends its form; Enter that ends the composition of a Chinese word never does. */
export const byCtrlEnter = (send) => (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing && event.keyCode !== 229) send(event);
};
