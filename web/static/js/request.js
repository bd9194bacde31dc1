// One request: what it is about, how far it is, and everything that was done for it.

import { useEffect, useRef, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, post } from "./api.js";
import { Attachments } from "./attachments.js";
import { flat, specOf, useFields } from "./custom_fields.js";
import { CustomerChoice } from "./customer_choice.js";
import { Due, Priority, PRIORITIES } from "./due.js";
import { changedFollowups, followupAddress, mayFollowUp, Recurs } from "./followup_parts.js";
import { NewFollowupButton } from "./followup_form.js";
import { CustomerLink } from "./followups.js";
import { dateTimeOf, logTimeOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { LinkedInteractions } from "./linked.js";
import { usePages } from "./list_pages.js";
import { me } from "./model.js";
import { ofRecord, useNews } from "./news.js";
import { Card, Dialog, queueTitle } from "./parts.js";
import { personName, usePeople, whose } from "./people.js";
import { Fact, Trouble } from "./record.js";
import { Refused } from "./refused.js";
import { byCtrlEnter, changedRequests, changeRequest, DONE, kindTitle, labelOf, mayWrite, move, RequestState, shown } from "./request_parts.js";
import { baseOf, drop, keyFor, write, writtenAt } from "./written.js";

function specs() {
  const kinds = me.value.request_kinds.map(({ code }) => ({ value: code, title: kindTitle(code) }));
  return {
    subject: { key: "subject", label: labelOf("subject"), type: "text", longest: 200 },
    problem: { key: "problem", label: labelOf("problem"), type: "long_text", longest: 20_000 },
    solution: { key: "solution", label: labelOf("solution"), type: "long_text", longest: 20_000 },
    priority: { key: "priority", label: labelOf("priority"), type: "choice", options: PRIORITIES.map((level) => ({ value: String(level), title: t(`priority.${level}`) })) },
    kind: { key: "kind", label: labelOf("kind"), type: "choice", options: kinds },
    owner: { key: "owner", label: labelOf("owner"), type: "person" },
    team: { key: "team", label: labelOf("team"), type: "team" },
    due_at: { key: "due_at", label: labelOf("due_at"), type: "moment" },
    queue: { key: "queue", label: labelOf("queue"), type: "choice", options: me.value.queue_titles.map(({ code }) => ({ value: code, title: queueTitle(code) })) },
  };
}

/** One of the request's own fields, changed where it stands. */
function Own({ one, name, took }) {
  const spec = specs()[name];
  const place = `request ${one.id} ${name}`;
  const base = baseOf(place, one);
  const closed = !mayWrite() || one.state === "closed";
  const save = async (value, wrong) => {
    const changed = await changeRequest(base, { [name]: name === "priority" ? Number(value) : value }, wrong);
    if (changed) took(changed);
    return changed;
  };
  return html`<${Fact} place=${place} spec=${spec} value=${name === "priority" ? String(one.priority) : one[name]} locked=${closed ? "closed" : ""} hidden=${one.hidden.includes(name)}
    save=${save} act=${`request ${one.id}`} />`;
}

function Custom({ one, field, took }) {
  const place = `request ${one.id} custom.${field.name}`;
  const base = baseOf(place, one);
  const save = async (value, wrong) => {
    const changed = await changeRequest(base, { custom: { [field.name]: value } }, wrong);
    if (changed) took(changed);
    return changed;
  };
  return html`<${Fact} place=${place} spec=${specOf(field)} value=${one.custom[field.name]} locked=${!mayWrite() || one.state === "closed" ? "closed" : ""}
    hidden=${one.hidden.includes(`custom.${field.name}`)} save=${save} act=${`request ${one.id}`} />`;
}

/** The steps that may follow, as buttons: what they lead to is what they say. */
function Steps({ one, took }) {
  if (!mayWrite()) return null;
  const go = (to) => async () => {
    const moved = await move(one, to);
    if (moved) took(moved);
  };
  return html`<div class="step-row" role="group" aria-label=${t("request.move_of", { number: one.number })}>
    <span class="quiet small">${t("request.move_to")}</span>
    ${one.possible.map(
      (to) => html`<button key=${to} type="button" class="button step-to" data-request=${to} disabled=${!online()} aria-busy=${pending(`request ${one.id}`)} onClick=${go(to)}>
        ${DONE.includes(one.state) && to === "open" ? html`<${Icon} name="again" size=${16} />${t("request.reopen")}` : html`<${RequestState} state=${to} />`}
      </button>`,
    )}
  </div>`;
}

function stepWords({ kind, detail }) {
  if (kind === "state") return t("request_step.state.about", { from: t(`request_state.${detail.from}`), to: t(`request_state.${detail.to}`) });
  return "";
}

function Step({ step }) {
  const { kind, detail } = step;
  const [was, is] = [flat(detail.before ?? {}), flat(detail.after ?? {})];
  const changed = kind === "changed" ? [...new Set([...Object.keys(is), ...Object.keys(was)])].filter((name) => JSON.stringify(is[name]) !== JSON.stringify(was[name])) : [];
  return html`<li>
    <span class="quiet figures small">${logTimeOf(step.at)}</span>
    <div class="detail">
      <span><strong>${word("request_step", kind)}</strong> <span class="quiet"><bdi>${step.login && personName(step.login)}</bdi></span></span>
      ${kind === "progress" && html`<p class="long-text" dir="auto">${detail.text}</p>`}
      ${kind === "state" && html`<p>${stepWords(step)}</p>`}
      ${changed.length > 0 &&
      html`<ul class="changes-of">
        ${changed.map((name) => html`<li key=${name}><span class="quiet">${labelOf(name)}:</span> ${name === "customer" ? t("request.customer_other") : html`<bdi class="was">${shown(name, was[name])}</bdi> → <bdi>${shown(name, is[name])}</bdi>`}</li>`)}
      </ul>`}
      ${detail.interaction && html`<p><a href=${`/history/${encodeURIComponent(detail.interaction)}`}>${t("history.one")}</a></p>`}
    </div>
  </li>`;
}

/** What was done, the newest first, and a field to write down what was done now. */
function Course({ one, again, wrote }) {
  const [refusal, setRefusal] = useState(null);
  const place = `progress ${one.id}`;
  const text = writtenAt(place)?.text ?? "";
  const path = `/api/requests/${encodeURIComponent(one.id)}/steps`;
  const { pages: found, more, again: reload } = usePages(path, "", { limit: 30, turn: again });
  const send = (event) => {
    event.preventDefault();
    if (!text.trim() || !online()) return;
    setRefusal(null);
    act(
      place,
      async () => {
        try {
          await post(path, { text }, { key: keyFor(place, { text }) });
          if (writtenAt(place)?.text === text) drop(place);
          wrote();
        } catch (problem) {
          setRefusal(problem);
        }
      },
      text,
    );
  };
  return html`<${Card} title=${t("request.course")}>
    ${mayWrite() &&
    html`<form class="progress-form" onSubmit=${send} onKeyDown=${byCtrlEnter(send)}>
      <div class="field">
        <label for="progress">${t("request.progress")}</label>
        <textarea class="input" id="progress" dir="auto" rows="2" maxlength="20000" value=${text} onInput=${(event) => write(place, { text: event.target.value, touched: event.target.value !== "" })}></textarea>
      </div>
      <${Refused} refusal=${refusal} id="progress-wrong" />
      <button class="button" disabled=${!text.trim() || !online()} aria-busy=${pending(place)}>${t("request.write_down")}</button>
    </form>`}
    ${found.state === "trouble"
      ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${reload}>${t("action.again")}</button></div>`
      : html`<ol class="timeline course">${found.items.map((step) => html`<${Step} key=${step.seq} step=${step} />`)}</ol>`}
    ${found.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
  <//>`;
}

/** What is to be done later for it. */
function FollowupsOf({ one }) {
  const [items, setItems] = useState(null);
  const load = () => get(`/api/followups?request=${encodeURIComponent(one.id)}&limit=50`).then((page) => setItems(page.items), () => setItems((before) => before ?? []));
  useEffect(() => {
    load();
  }, [one.id, changedFollowups.value]);
  useNews((hint) => (hint.kind === "followup" && (!hint.id || hint.customer === one.customer) ? "now" : null), load);
  const add = mayFollowUp() && html`<${NewFollowupButton} kind="small-button" place=${`followup request ${one.id}`} from=${{ request: one }} />`;
  return html`<${Card} title=${t("nav.followups")} aside=${add}>
    ${!items?.length
      ? html`<p class="empty">${t(items ? "followups.none" : "history.loading")}</p>`
      : html`<ul class="past">
          ${items.map((each) => html`<li key=${each.id}>
            <a href=${followupAddress(each)} dir="auto">${each.title}</a>
            <span class="line small"><${Due} moment=${each.due_at} /><bdi class="quiet">${whose(each)}</bdi></span>
            <${Recurs} recurrence=${each.recurrence} />
          </li>`)}
        </ul>`}
  <//>`;
}

function OtherCustomer({ one, took, closed }) {
  const choose = (close) => async (customer) => {
    if (!customer) return;
    const changed = await changeRequest(one, { customer: customer.id });
    if (changed) took(changed);
    close();
  };
  return html`<${Dialog} kind="other-customer" id="other-customer-title" title=${t("request.other_customer")} closed=${closed}>
    ${(close) => html`<${CustomerChoice} id="other-customer" autofocus value=${null} except=${one.customer} choose=${choose(close)} />`}
  <//>`;
}

export function RequestPage({ id }) {
  usePeople();
  const fields = useFields("request");
  const [found, setFound] = useState({ state: "loading" });
  const [again, setAgain] = useState(0);
  const [choosing, setChoosing] = useState(false);
  const asked = useRef(0);
  const load = async () => {
    const mine = ++asked.current;
    try {
      const one = await get(`/api/requests/${encodeURIComponent(id)}`);
      if (mine !== asked.current) return;
      setFound({ state: "here", one });
      setAgain((times) => times + 1);
    } catch (refusal) {
      if (mine === asked.current) setFound((before) => (before.one && ![403, 404].includes(refusal.status) ? before : { state: "trouble", refusal }));
    }
  };
  const took = (one) => {
    asked.current++;
    setFound({ state: "here", one });
    setAgain((times) => times + 1);
  };
  useEffect(() => {
    load();
  }, [id]);
  useNews(ofRecord("request", id, found.one?.customer), load);
  useEffect(() => {
    if (changedRequests.value) load();
  }, [changedRequests.value]);

  const one = found.one;
  document.title = `${one ? `${one.number} ${one.subject}` : t("request.one")} · contactcenter`;
  const back = html`<a class="button" href="/requests">${t("history.back")}</a>`;
  if (!one) {
    return html`<div class="page"><div class="page-title"><h1>${t("request.one")}</h1>${back}</div>
      ${found.state === "loading" ? html`<p class="empty" role="status">${t("history.loading")}</p>` : html`<${Trouble} refusal=${found.refusal} gone=${t("request.unknown")} again=${load} />`}
    </div>`;
  }
  const own = (name) => html`<${Own} key=${name} one=${one} name=${name} took=${took} />`;
  const plain = [
    ["request.opened_at", html`${dateTimeOf(one.opened_at)} · <bdi>${personName(one.opened_by)}</bdi>`],
    ["request.updated", dateTimeOf(one.updated_at)],
    ["request.solved_at", one.solved_at !== null && dateTimeOf(one.solved_at)],
    ["request.closed_at", one.closed_at !== null && dateTimeOf(one.closed_at)],
    ["request.from", one.interaction && html`<a href=${`/history/${encodeURIComponent(one.interaction)}`}>${t("history.one")}</a>`],
  ].filter(([, value]) => value);
  return html`<div class="page">
    <div class="page-title request-head">
      <div class="titles">
        <span class="quiet figures">${t("request.one")} ${one.number}</span>
        <h1 dir="auto">${one.subject}</h1>
        <div class="chips"><${RequestState} state=${one.state} /><${Priority} level=${one.priority} />${one.due_at !== null && html`<${Due} moment=${one.due_at} over=${DONE.includes(one.state)} />`}</div>
      </div>
      ${back}
    </div>
    <${Steps} one=${one} took=${took} />
    <div class="record-grid">
      <div class="column">
        <${Card} title=${t("request.about")}>
          <div class="body facts-of">${own("subject")}${own("problem")}${own("solution")}</div>
        <//>
        <${Course} one=${one} again=${again} wrote=${load} />
      </div>
      <div class="column">
        <${Card} title=${t("history.facts")}>
          <div class="body facts-of">
            <div class="fact">
              <span class="fact-label">${t("customer.title")}</span>
              <span class="fact-value"><${CustomerLink} id=${one.customer} name=${one.customer_name} />
                ${mayWrite() && one.state !== "closed" && html`<button type="button" class="pencil" aria-label=${t("request.other_customer")} title=${t("request.other_customer")} onClick=${() => setChoosing(true)}><${Icon} name="edit" size=${16} /></button>`}
              </span>
            </div>
            ${["owner", "team", "priority", "due_at"].map(own)}
            ${(me.value.request_kinds.length > 0 || one.kind) && own("kind")}
            ${own("queue")}
            ${fields.map((field) => html`<${Custom} key=${field.name} one=${one} field=${field} took=${took} />`)}
            ${plain.map(([key, value]) => html`<div key=${key} class="fact"><span class="fact-label">${t(key)}</span><span class="fact-value"><span>${value}</span></span></div>`)}
          </div>
        <//>
        <${FollowupsOf} one=${one} />
        ${one.customer && html`<${Card} title=${t("attachments.label")}><div class="body"><${Attachments} of=${{ request: one.id }} turn=${again} writes=${mayWrite() && one.state !== "closed"} /></div><//>`}
        <${LinkedInteractions} path=${`/api/requests/${encodeURIComponent(one.id)}/links`} writes=${mayWrite()} again=${again} changed=${load} />
      </div>
    </div>
    ${choosing && html`<${OtherCustomer} one=${one} took=${took} closed=${() => setChoosing(false)} />`}
  </div>`;
}
