// The right column: who the caller is and how sure that is, what is to be done for him, and what was before.

import { signal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { act, chooseCustomer, online, pending } from "./actions.js";
import { get, post } from "./api.js";
import { callerName, callerNumber } from "./caller.js";
import { CustomerChoice } from "./customer_choice.js";
import { Due, Priority } from "./due.js";
import { changedFollowups, followupAddress, mayFollowUp, Recurs } from "./followup_parts.js";
import { FollowupForm } from "./followup_form.js";
import { customerAddress } from "./followups.js";
import { amount, momentOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { candidates, customer, may, myCall, myPop, reminders, said, toast } from "./model.js";
import { useNews } from "./news.js";
import { Card, dispositionTitle, PhoneNumber, queueTitle } from "./parts.js";
import { usePeople, whose } from "./people.js";
import { Refused } from "./refused.js";
import { changedRequests, mayWrite, RequestState } from "./request_parts.js";
import { requestAddress, RequestForm } from "./request_form.js";
import { drop, keyFor, placesOf, write, writtenAt } from "./written.js";

/** The interaction whose caller is being looked for among the customers. */
const looking = signal("");

const requestPlace = (interaction) => `request of ${interaction}`;
const followupPlace = (interaction) => `followup of ${interaction}`;
const customerPlace = (interaction) => `customer of ${interaction}`;

/** Begin a request of this caller, or go on with it; by the key, too. */
export function beginRequest() {
  const pop = myPop.value;
  if (!pop || !mayWrite()) return;
  if (!customer.value) {
    document.querySelector(".choose .match, .choose input")?.focus();
    return;
  }
  const place = requestPlace(pop.interaction);
  if (writtenAt(place) === null) write(place, { caller: callerName(pop, myCall.value) });
  else document.querySelector("#desk-request form input, #desk-request form textarea")?.focus();
}

/** How sure it is, in words. */
export function sureness(confidence) {
  const level = confidence >= 0.95 ? "certain" : confidence >= 0.8 ? "likely" : confidence > 0.5 ? "maybe" : "unsure";
  return t(`sure.${level}`);
}

function Recognised() {
  const pop = myPop.value;
  const card = customer.value;
  if (!pop) return null;
  const own = said.value.interaction === pop.interaction;
  const method = own && pop.match !== "created" ? "chosen" : pop.match;
  const sure = card && !["chosen", "created", "none"].includes(method) ? ` · ${sureness(card.confidence)}` : "";
  return html`<p class="small recognised">${t(`match.${method}`)}${sure}</p>`;
}

function Record({ card }) {
  const rows = [
    ["customer.number", card.number && html`<span class="phone-number">${card.number}</span>`],
    ["customer.phones", card.phones?.length > 0 && card.phones.map((phone) => html`<div key=${phone}><${PhoneNumber} number=${phone} /></div>`)],
    ["customer.company", card.company && html`<bdi>${card.company}</bdi>`],
    ["customer.tier", card.tier && word("tier", card.tier)],
    ["customer.language", card.language && word("language", card.language)],
    ["customer.balance", card.balance && html`<span class="figures">${amount(card.balance)}</span>`],
  ].filter(([, value]) => value);
  return html`<div class="body">
    <div class="customer-name"><h3><a href=${customerAddress(card.id)} dir="auto">${card.name}</a></h3></div>
    <${Recognised} />
    ${rows.length > 0 && html`<dl class="record">${rows.map(([key, value]) => html`<dt key=${`${key}-t`}>${t(key)}</dt><dd key=${`${key}-d`}>${value}</dd>`)}</dl>`}
    ${card.note && html`<p class="note" dir="auto">${card.note}</p>`}
  </div>`;
}

/** Those whom the caller was taken for, any other by search, or a new record. */
function Choose({ interaction, cards, others, done }) {
  const creating = writtenAt(customerPlace(interaction)) !== null;
  const pick = (card) => {
    done();
    chooseCustomer(card);
  };
  if (creating) return html`<${NewCustomer} interaction=${interaction} done=${done} />`;
  const create = may("customers.write") ? (name) => write(customerPlace(interaction), { name, touched: true }) : null;
  return html`<div class="body choose">
    ${cards.length > 0 &&
    html`<p class="quiet small">${others ? t("customer.others") : t("customer.several", { n: cards.length })}</p>
      <div class="match-list" role="group" aria-label=${t("customer.choose")}>
        ${cards.map(
          (card) => html`<button key=${card.id} type="button" class="match" disabled=${!online() || !may("customers.write")} onClick=${() => pick(card)}>
            <strong dir="auto">${card.name}</strong>
            <span class="small quiet">${[card.company || card.number, card.confidence > 0 && sureness(card.confidence)].filter(Boolean).join(" · ")}</span>
          </button>`,
        )}
      </div>`}
    ${may("customers.write") &&
    html`<${CustomerChoice} id="desk-customer" label=${t("customer.search")} value=${null} choose=${({ id, name }) => pick({ id, name, phones: [], last: [], requests: [], confidence: 1 })} create=${create} />
      <button type="button" class="button small-button" onClick=${() => write(customerPlace(interaction), { name: "" })}><${Icon} name="plus" size=${16} />${t("customer.new")}</button>`}
  </div>`;
}

/** The record of a caller whom nobody knows, opened while he is there. */
function NewCustomer({ interaction, done }) {
  const place = customerPlace(interaction);
  const pop = myPop.value;
  const id = useId();
  const box = useRef(null);
  const [refusal, setRefusal] = useState(null);
  const draft = { name: "", phone: callerNumber(pop, myCall.value), company: "", note: "", ...writtenAt(place) };
  useLayoutEffect(() => box.current.querySelector("input").focus(), []);
  const set = (field) => (event) => write(place, { [field]: event.target.value, touched: true });
  const send = (event) => {
    event.preventDefault();
    if (!draft.name.trim() || !online()) return;
    setRefusal(null);
    const call = myCall.value && pop.call === myCall.value.id ? { call: pop.call } : {};
    const body = { name: draft.name.trim(), phones: draft.phone.trim() ? [draft.phone.trim()] : [], company: draft.company, note: draft.note, ...call };
    act(
      place,
      async () => {
        try {
          const made = await post("/api/customers", body, { key: keyFor(place, body) });
          drop(place);
          done();
          if (call.call) said.value = { interaction, card: { last: [], requests: [], ...made, confidence: 1 } };
          else await chooseCustomer({ last: [], requests: [], ...made, confidence: 1 });
          toast(t("customer.made", { name: made.name }));
        } catch (problem) {
          setRefusal(problem);
        }
      },
      JSON.stringify(body),
    );
  };
  const field = (key, label, rest) => html`<div class="field"><label for=${`${id}-${key}`}>${t(label)}</label><input class="input" id=${`${id}-${key}`} dir="auto" autocomplete="off" value=${draft[key]} onInput=${set(key)} ...${rest}
    onKeyDown=${(event) => event.key === "Enter" && (event.isComposing || event.keyCode === 229) && event.preventDefault()} /></div>`;
  return html`<form ref=${box} class="body new-form" onSubmit=${send} aria-label=${t("customer.new")}>
    ${field("name", "customer.name", { required: true, maxlength: 200 })}
    ${field("phone", "customer.phone", { type: "tel", maxlength: 64, dir: "ltr" })}
    ${field("company", "customer.company", { maxlength: 200 })}
    <div class="field"><label for=${`${id}-note`}>${t("customer.note")}</label><textarea class="input" id=${`${id}-note`} dir="auto" rows="2" maxlength="4000" value=${draft.note} onInput=${set("note")}></textarea></div>
    <${Refused} refusal=${refusal} id=${`${id}-wrong`} />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${() => drop(place)}>${t("action.cancel")}</button>
      <button class="button primary" disabled=${!online() || !draft.name.trim()} aria-busy=${pending(place)}>${t("customer.make")}</button>
    </div>
  </form>`;
}

function Caller() {
  const pop = myPop.value;
  const card = customer.value;
  if (!pop) return html`<${Card} title=${t("customer.title")}><p class="empty">${t("customer.nobody")}</p><//>`;
  const { interaction } = pop;
  const open = looking.value === interaction;
  const close = () => (looking.value = "");
  const aside = card && may("customers.write") && html`<button type="button" class="button plain small-button" aria-expanded=${open} disabled=${!online()} aria-busy=${pending("customer")} onClick=${() => (looking.value = open ? "" : interaction)}>${t(open ? "action.cancel" : "customer.other")}</button>`;
  const cards = candidates.value.interaction === interaction ? candidates.value.cards : pop.customers;
  const others = cards.filter(({ id }) => id !== card?.id);
  return html`<${Card} title=${t("customer.title")} aside=${aside}>
    ${card && html`<${Record} card=${card} />`}
    ${!card && !cards.length && html`<p class="empty">${t("customer.unknown")}</p>`}
    ${(open || !card) && html`<${Choose} interaction=${interaction} cards=${others} others=${Boolean(card)} done=${close} />`}
  <//>`;
}

/** What the customer wants of us, and a request opened from this call in one act. */
function RequestsOf({ card }) {
  const pop = myPop.value;
  const place = requestPlace(pop.interaction);
  const writing = writtenAt(place) !== null;
  const open = card?.requests ?? [];
  const call = myCall.value && myCall.value.id === pop.call ? pop.call : "";
  const from = { customer: card ? { id: card.id, name: card.name } : null, ...(call ? { call } : { interaction: pop.interaction }) };
  const linkTo = async (one) => {
    const body = { interaction: pop.interaction };
    if (await act(`link ${one.id}`, () => post(`/api/requests/${encodeURIComponent(one.id)}/links`, call ? { call } : body))) toast(t("request.linked", { number: one.number }));
  };
  const aside = card && mayWrite() && !writing && html`<button type="button" class="button small-button" disabled=${!online()} onClick=${beginRequest}><${Icon} name="plus" size=${16} />${t("request.new")}<kbd>⇧F8</kbd></button>`;
  return html`<${Card} title=${t("nav.requests")} aside=${aside} id="desk-request">
    ${writing && html`<div class="body"><${RequestForm} key=${place} place=${place} from=${from} short close=${() => drop(place)} /></div>`}
    ${open.length > 0
      ? html`<ul class="past">
          ${open.map(
            (one) => html`<li key=${one.id}>
              <a href=${requestAddress(one.id)} dir="auto">${one.subject}</a>
              <span class="line small"><${RequestState} state=${one.state} /><${Priority} level=${one.priority} /></span>
              <span class="line small"><span class="quiet figures">${one.number}</span>${one.due_at !== null && html`<${Due} moment=${one.due_at} />`}</span>
              ${mayWrite() && html`<span><button type="button" class="button plain tiny" disabled=${!online()} aria-busy=${pending(`link ${one.id}`)} aria-label=${t("request.link_call_of", { number: one.number })} onClick=${() => linkTo(one)}><${Icon} name="link" size=${14} />${t("request.link_call")}</button></span>`}
            </li>`,
          )}
        </ul>`
      : !writing && html`<p class="empty">${t(card ? "requests.none_open" : "requests.customer_first")}</p>`}
    ${card && html`<a class="more-of" href=${`/requests?view=list&sort=updated&customer=${encodeURIComponent(card.id)}`}>${t("requests.all_of")}</a>`}
  <//>`;
}

/** What is to be done later for the customer. */
function FollowupsOf({ card }) {
  const pop = myPop.value;
  const place = followupPlace(pop.interaction);
  const writing = writtenAt(place) !== null;
  const [items, setItems] = useState(null);
  const due = [...reminders.value.keys()].join();
  const shown = useRef(card.id);
  shown.current = card.id;
  const load = () => {
    const take = (found) => card.id === shown.current && setItems(found);
    return get(`/api/followups?customer=${encodeURIComponent(card.id)}&limit=5`).then((page) => take(page.items), () => take([]));
  };
  useEffect(() => {
    load();
  }, [card.id, changedFollowups.value, due]);
  useNews((hint) => (hint.kind === "followup" && (!hint.id || hint.customer === card.id) ? "now" : null), load);
  const call = myCall.value && myCall.value.id === pop.call;
  const from = { customer: { id: card.id, name: card.name }, ...(call ? { call: pop.call } : { interaction: pop.interaction }) };
  const aside = mayFollowUp() && !writing && html`<button type="button" class="button small-button" disabled=${!online()} onClick=${() => write(place, {})}><${Icon} name="plus" size=${16} />${t("followup.new")}</button>`;
  return html`<${Card} title=${t("nav.followups")} aside=${aside}>
    ${writing && html`<div class="body"><${FollowupForm} key=${place} place=${place} from=${from} short close=${() => drop(place)} /></div>`}
    ${items?.length
      ? html`<ul class="past">
          ${items.map((one) => html`<li key=${one.id}>
            <a href=${followupAddress(one)} dir="auto">${one.title}</a>
            <span class="line small"><${Due} moment=${one.due_at} /><bdi class="quiet">${whose(one)}</bdi></span>
            <${Recurs} recurrence=${one.recurrence} />
          </li>`)}
        </ul>`
      : !writing && html`<p class="empty">${t(items ? "followups.none" : "history.loading")}</p>`}
  <//>`;
}

function Past({ card }) {
  return html`<${Card} title=${t("history.last")}>
    ${!card.last?.length
      ? html`<p class="empty">${t("history.none")}</p>`
      : html`<ol class="past">
          ${card.last.map(
            (one) => html`<li key=${one.id}>
              <span class="line">
                <a href=${`/history/${encodeURIComponent(one.id)}`}>${one.disposition ? dispositionTitle(one.disposition) : word("outcome", one.outcome)}</a>
                <span class="small quiet figures">${momentOf(one.at)}</span>
              </span>
              <span class="small quiet">${[queueTitle(one.queue), one.agent].filter(Boolean).join(" · ")}</span>
              ${one.note && html`<span class="small" dir="auto">${one.note}</span>`}
            </li>`,
          )}
        </ol>`}
  <//>`;
}

/** Requests that a new call overtook before they were sent: nothing that was typed is lost. */
function Unsent() {
  const current = myPop.value ? requestPlace(myPop.value.interaction) : "";
  const late = placesOf(requestPlace("")).filter((place) => place !== current && writtenAt(place).touched);
  return late.map((place) => {
    const interaction = place.slice(requestPlace("").length);
    return html`<${Card} key=${place} title=${t("request.unsent", { caller: writtenAt(place).caller })}>
      <div class="body"><${RequestForm} place=${place} from=${{ interaction }} short close=${() => drop(place)} /></div>
    <//>`;
  });
}

export function CustomerPanel() {
  usePeople();
  const card = customer.value;
  const pop = myPop.value;
  return html`<aside class="column context" aria-label=${t("customer.title")}>
    <${Caller} />
    ${pop && may("requests.read") && html`<${RequestsOf} card=${card} />`}
    ${pop && card && may("followups.read") && html`<${FollowupsOf} key=${card.id} card=${card} />`}
    <${Unsent} />
    ${card && html`<${Past} card=${card} />`}
  </aside>`;
}
