// What a customer agreed to and refused: the last word on each matter is in force, and all words are kept.

import { useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { post } from "./api.js";
import { dateTimeOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { usePages } from "./list_pages.js";
import { Card, Dialog } from "./parts.js";
import { personName } from "./people.js";
import { Refused } from "./refused.js";
import { drop, keyFor, write, writtenAt } from "./written.js";

const CHANNELS = ["any", "phone", "email", "sms", "post", "wechat"];
const PURPOSES = ["any", "marketing", "service", "recording"];
const SOURCES = ["call", "page", "letter", "email", "web", "other"];
const FRESH = { channel: "phone", purpose: "marketing", state: "granted", source: "call", evidence: "" };

function Word({ consent }) {
  const refused = consent.state === "refused";
  return html`<span class="consent-word ${refused ? "refused" : "granted"}"><${Icon} name=${refused ? "forbidden" : "check"} size=${16} />${t(`consent.state.${consent.state}`)}</span>`;
}

export const matterOf = ({ channel, purpose }) => t("consent.matter", { channel: t(`consent.channel.${channel}`), purpose: t(`consent.purpose.${purpose}`) });

function Form({ customer, place, close, given }) {
  const draft = { ...FRESH, ...writtenAt(place) };
  const [refusal, setRefusal] = useState(null);
  const set = (name) => (event) => write(place, { ...draft, [name]: event.target.value, touched: true });
  const choice = (name, codes) => html`<div class="field">
    <label for=${`consent-${name}`}>${t(`consent.${name}`)}</label>
    <select class="input" id=${`consent-${name}`} value=${draft[name]} onChange=${set(name)}>
      ${codes.map((code) => html`<option key=${code} value=${code}>${t(`consent.${name}.${code}`)}</option>`)}
    </select>
  </div>`;
  const send = async (event) => {
    event.preventDefault();
    setRefusal(null);
    const { touched: _, ...body } = draft;
    const work = async () => {
      try {
        await post(`/api/customers/${encodeURIComponent(customer.id)}/consents`, body, { key: keyFor(place, body) });
      } catch (refused) {
        if (refused.status !== 422) throw refused;
        setRefusal(refused);
        return;
      }
      drop(place);
      close();
      given();
    };
    await act(`consent ${customer.id}`, work, JSON.stringify(body));
  };
  return html`<form class="stack" onSubmit=${send}>
    <div class="form-fields">${choice("state", ["granted", "refused"])} ${choice("channel", CHANNELS)} ${choice("purpose", PURPOSES)} ${choice("source", SOURCES)}</div>
    <div class="field">
      <label for="consent-evidence">${t("consent.evidence")}</label>
      <textarea class="input" id="consent-evidence" dir="auto" rows="3" maxlength="1000" value=${draft.evidence} onInput=${set("evidence")}></textarea>
    </div>
    ${draft.channel === "any" && draft.purpose === "any" && draft.state === "refused" && html`<p class="notice"><${Icon} name="forbidden" size=${16} />${t("consent.means_nobody")}</p>`}
    <${Refused} refusal=${refusal} id="consent-wrong" />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${close}>${t("action.cancel")}</button>
      <button class="button primary" disabled=${!online()} aria-busy=${pending(`consent ${customer.id}`)}>${t("record.save")}</button>
    </div>
  </form>`;
}

/** The card. `changed` runs when something was said. */
export function Consents({ customer, turn, writable, changed }) {
  const { pages, more, again } = usePages(`/api/customers/${encodeURIComponent(customer.id)}/consents`, "", { turn: `${turn} ${customer.version}` });
  const [asking, setAsking] = useState(0);
  const place = `consent of ${customer.id}`;
  const begin = (draft) => {
    if (draft) write(place, { ...FRESH, ...draft, touched: false });
    setAsking(Date.now());
  };
  const inForce = pages.items.filter((each) => each.in_force);
  const before = pages.items.filter((each) => !each.in_force);
  const aside = writable && html`<button type="button" class="button small-button plain" onClick=${() => begin(null)}><${Icon} name="plus" size=${14} />${t("consent.add")}</button>`;
  const one = (each) => html`<li key=${each.id}>
    <span class="consent-line"><span>${matterOf(each)}</span><${Word} consent=${each} /></span>
    <span class="small quiet">${t("consent.said", { at: dateTimeOf(each.at), name: personName(each.login), source: t(`consent.source.${each.source}`) })}</span>
    ${each.evidence && html`<span class="small written" dir="auto">${each.evidence}</span>`}
  </li>`;
  return html`<${Card} title=${t("consent.title")} aside=${aside}>
    ${pages.state === "trouble" && html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`}
    ${pages.state === "here" && inForce.length === 0 && html`<p class="empty">${t("consent.none")}</p>`}
    <ul class="consents">${inForce.map(one)}</ul>
    ${(before.length > 0 || pages.next) && html`<details class="earlier"><summary>${t("consent.earlier")}</summary><ul class="consents">${before.map(one)}</ul>
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
    </details>`}
    ${writable && !customer.do_not_contact.includes("any") && html`<div class="card-foot"><button type="button" class="button small-button" onClick=${() => begin({ channel: "any", purpose: "any", state: "refused" })}><${Icon} name="forbidden" size=${16} />${t("consent.do_not_contact")}…</button></div>`}
    ${asking > 0 && html`<${Dialog} key=${asking} kind="consent" id="consent-title" title=${t("consent.add")} closed=${() => setAsking(0)}>
      ${(close) => html`<${Form} customer=${customer} place=${place} close=${close} given=${changed} />`}
    <//>`}
  <//>`;
}
