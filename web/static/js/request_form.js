// A new request: opened from a call in one act, from a customer's record, or from the board.

import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { post } from "./api.js";
import { CustomerChoice } from "./customer_choice.js";
import { MomentInput, PRIORITIES } from "./due.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { go, me, toast } from "./model.js";
import { Dialog } from "./parts.js";
import { PersonChoice, TeamChoice } from "./people.js";
import { Refused } from "./refused.js";
import { byCtrlEnter, changedRequests, kindTitle } from "./request_parts.js";
import { drop, keyFor, write, writtenAt } from "./written.js";

const EMPTY = { subject: "", problem: "", kind: "", priority: "2", due_at: null, owner: null, team: null, customer: null };

export const requestAddress = (id) => `/requests/${encodeURIComponent(id)}`;

/** Said when one is there: a way to it. */
function sayOpened(request) {
  toast(t("request.opened", { number: request.number }), { action: { label: t("request.look"), run: () => go(requestAddress(request.id)) }, seconds: 12 });
}

/** What is sent: only what was chosen; the rest comes from the call, or from who opens it. */
function bodyOf(draft, from) {
  const { subject, problem, kind, priority, due_at, owner, team } = draft;
  const origin = from.call ? { call: from.call } : from.interaction ? { interaction: from.interaction } : {};
  const customer = from.customer?.id ?? draft.customer?.id;
  const given = { subject: subject.trim(), problem, kind, priority: Number(priority), due_at, owner, team, customer, ...origin };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "" && value !== null && value !== undefined));
}

/** The form. `from` is `{customer: {id, name}, call, interaction}`, what is known of where it comes from; `place`
 * keeps what is written; `short` leaves out what the call says. */
export function RequestForm({ place, from = {}, short = false, close, opened = sayOpened }) {
  const [refusal, setRefusal] = useState(null);
  const first = useRef(null);
  const draft = { ...EMPTY, ...writtenAt(place) };
  const id = useId();
  const asksCustomer = !from.customer && !from.call && !from.interaction;
  const name = `open-request ${place}`;
  useLayoutEffect(() => first.current?.querySelector("input, textarea")?.focus(), []);

  const set = (field) => (event) => write(place, { [field]: event.target.value, touched: true });
  const send = (event) => {
    event.preventDefault();
    if (!draft.subject.trim() || !online()) return;
    const body = bodyOf(draft, from);
    setRefusal(null);
    act(
      name,
      async () => {
        try {
          const made = await post("/api/requests", body, { key: keyFor(place, body) });
          drop(place);
          changedRequests.value++;
          opened(made);
          close();
        } catch (problem) {
          setRefusal(problem);
        }
      },
      JSON.stringify(body),
    );
  };
  const field = (key, label, control, wide = false) => html`<div class="field ${wide ? "wide" : ""}"><label for=${`${id}-${key}`}>${label}</label>${control}</div>`;
  const missing = asksCustomer && !draft.customer;
  return html`<form ref=${first} class="new-form" onSubmit=${send} onKeyDown=${byCtrlEnter(send)}>
    ${asksCustomer &&
    html`<div class="field"><span class="legend">${t("customer.title")}</span><${CustomerChoice} id=${`${id}-customer`} label=${t("customer.title")} value=${draft.customer} choose=${(customer) => write(place, { customer, touched: true })} /></div>`}
    ${field("subject", t("request.subject"), html`<input class="input" id=${`${id}-subject`} name="subject" dir="auto" autofocus required maxlength="200" autocomplete="off" value=${draft.subject} onInput=${set("subject")}
      onKeyDown=${(event) => event.key === "Enter" && (event.isComposing || event.keyCode === 229) && event.preventDefault()} />`, true)}
    <div class="row-of">
      ${me.value.request_kinds.length > 0 &&
      field("kind", t("request.kind"), html`<select class="input" id=${`${id}-kind`} value=${draft.kind} onChange=${set("kind")}>
        <option value="">${t("request.no_kind")}</option>
        ${me.value.request_kinds.map(({ code }) => html`<option key=${code} value=${code}>${kindTitle(code)}</option>`)}
      </select>`)}
      ${field("priority", t("request.priority"), html`<select class="input" id=${`${id}-priority`} value=${draft.priority} onChange=${set("priority")}>
        ${PRIORITIES.map((level) => html`<option key=${level} value=${String(level)}>${t(`priority.${level}`)}</option>`)}
      </select>`)}
    </div>
    ${field("problem", t("request.problem"), html`<textarea class="input" id=${`${id}-problem`} dir="auto" maxlength="20000" rows=${short ? 2 : 4} value=${draft.problem} onInput=${set("problem")}></textarea>`, true)}
    ${field("due", t("request.due_by"), html`<${MomentInput} id=${`${id}-due`} value=${draft.due_at} set=${(due_at) => write(place, { due_at, touched: true })} />`)}
    ${!short &&
    html`<div class="row-of">
      ${field("owner", t("request.owner"), html`<${PersonChoice} id=${`${id}-owner`} value=${draft.owner ?? me.value.user} onChange=${set("owner")} />`)}
      ${field("team", t("request.team"), html`<${TeamChoice} id=${`${id}-team`} value=${draft.team ?? me.value.teams[0] ?? ""} onChange=${set("team")} />`)}
    </div>`}
    <${Refused} refusal=${refusal} id=${`${id}-wrong`} />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${() => (drop(place), close())}>${t("action.discard")}</button>
      <button class="button primary" disabled=${!online() || !draft.subject.trim() || missing} aria-busy=${pending(name)}>${t("request.open_it")}</button>
    </div>
  </form>`;
}

/** The form in a dialog. Closing it keeps what was written for the next time. */
export function RequestDialog({ place, from, closed }) {
  return html`<${Dialog} kind="wide-dialog" id="new-request-title" title=${from?.customer ? t("request.new_for", { name: from.customer.name }) : t("request.new")} closed=${closed}>
    ${(close) => html`<${RequestForm} place=${place} from=${from} close=${close} />`}
  <//>`;
}

/** A button that opens the dialog: on the board, on a customer's page (`from.customer`), on an interaction's. */
export function NewRequestButton({ from = {}, place = "request", kind = "primary" }) {
  const [open, setOpen] = useState(false);
  return html`<button type="button" class="button ${kind}" disabled=${!online()} onClick=${() => setOpen(true)}><${Icon} name="plus" />${t("request.new")}</button>
    ${open && html`<${RequestDialog} place=${place} from=${from} closed=${() => setOpen(false)} />`}`;
}
