// The ways to reach a customer: shown, called, changed, made sure of.

import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { online, pending } from "./actions.js";
import { dateOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { Card, PhoneNumber } from "./parts.js";
import { personName } from "./people.js";
import { Refused } from "./refused.js";
import { drop, placesOf, write, writtenAt } from "./written.js";

const CHANNELS = ["phone", "email", "post", "wechat", "other"];
const KINDS = ["main", "mobile", "home", "work", "fax", "billing", "delivery", "other"];
const ICONS = { phone: "phone", email: "mail", post: "home", wechat: "message", other: "link" };
const LONGEST = { phone: 64, email: 254, post: 500, wechat: 64, other: 200 };

/** An address as it is sent back: what is left out of one that stays, stays. */
const asSent = ({ channel, value, extension, kind }) => ({ channel, value, extension, kind });
const marks = ({ preferred, verified_at: at }) => ({ preferred, verified: at !== null });
/** Which address it is, wherever in the list it stands by now. */
const keyOf = ({ channel, value, extension }) => `${channel} ${value} ${extension}`;
const FRESH = { channel: "phone", value: "", extension: "", kind: "", preferred: false, verified_at: null };

export function Address({ address }) {
  const { channel, value, extension } = address;
  if (channel === "phone") return html`<span><${PhoneNumber} number=${value} />${extension && html` <span class="quiet">${t("address.extension_short", { extension })}</span>`}</span>`;
  if (channel === "email") return html`<bdi>${value}</bdi>`;
  return html`<span class="written" dir="auto">${value}</span>`;
}

function Reach({ address }) {
  if (address.channel === "phone") {
    return html`<a class="button small-button" href=${`tel:${address.value}${address.extension ? `;ext=${address.extension}` : ""}`} aria-label=${t("address.call_number", { number: address.value })}><${Icon} name="answer" size=${14} />${t("address.call")}</a>`;
  }
  if (address.channel === "email") return html`<a class="button small-button" href=${`mailto:${address.value}`}><${Icon} name="mail" size=${14} />${t("address.write")}</a>`;
  return null;
}

/** An address that is entered or changed. The marks that nobody touched here are as they are on `address` by now. */
function Form({ place, at, draft: written, address, save, close, act }) {
  const draft = { ...marks(address), ...written };
  const [refusal, setRefusal] = useState(null);
  const box = useRef(null);
  const id = (name) => `address-${at}-${name}`;
  const set = (change) => write(place, { ...change, touched: true });
  useLayoutEffect(() => box.current.querySelector("input").focus(), []);
  const keep = async (event) => {
    event.preventDefault();
    setRefusal(null);
    const { touched: _, ...given } = draft;
    if (await save({ ...given, value: draft.value.trim(), extension: draft.channel === "phone" ? draft.extension.trim() : "" }, setRefusal)) close();
  };
  const keys = (event) => {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      close();
    }
  };
  return html`<form class="address-form" ref=${box} onSubmit=${keep} onKeyDown=${keys}>
    <div class="address-fields">
      <div class="field">
        <label for=${id("channel")}>${t("address.channel")}</label>
        <select class="input" id=${id("channel")} value=${draft.channel} onChange=${(event) => set({ channel: event.target.value })}>
          ${CHANNELS.map((each) => html`<option key=${each} value=${each}>${t(`address.channel.${each}`)}</option>`)}
        </select>
      </div>
      <div class="field">
        <label for=${id("kind")}>${t("address.kind")}</label>
        <select class="input" id=${id("kind")} value=${draft.kind} onChange=${(event) => set({ kind: event.target.value })}>
          <option value="">${t("address.kind_auto")}</option>
          ${KINDS.map((each) => html`<option key=${each} value=${each}>${t(`address.kind.${each}`)}</option>`)}
        </select>
      </div>
      <div class="field wide">
        <label for=${id("value")}>${t(`address.channel.${draft.channel}`)}</label>
        <input class="input" id=${id("value")} required dir=${["phone", "email"].includes(draft.channel) ? "ltr" : "auto"} maxlength=${LONGEST[draft.channel]} autocomplete="off"
          inputmode=${{ phone: "tel", email: "email" }[draft.channel]} value=${draft.value} aria-invalid=${refusal ? true : undefined} aria-describedby=${`${id("wrong")}`}
          onInput=${(event) => set({ value: event.target.value })} />
      </div>
      ${draft.channel === "phone" &&
      html`<div class="field">
        <label for=${id("extension")}>${t("address.extension")}</label>
        <input class="input" id=${id("extension")} dir="ltr" inputmode="numeric" maxlength="10" autocomplete="off" value=${draft.extension} onInput=${(event) => set({ extension: event.target.value })} />
      </div>`}
    </div>
    <div class="checks">
      <label class="check"><input type="checkbox" checked=${draft.preferred} onChange=${() => set({ preferred: !draft.preferred })} />${t("address.preferred")}</label>
      <label class="check"><input type="checkbox" checked=${draft.verified} onChange=${() => set({ verified: !draft.verified })} />${t("address.verified_tick")}</label>
    </div>
    <${Refused} refusal=${refusal} id=${id("wrong")} />
    <div class="fact-actions">
      <button class="button small-button strong" disabled=${!online() || !draft.value.trim()} aria-busy=${pending(act)}>${t("record.save")}</button>
      <button type="button" class="button small-button plain" onClick=${close}>${t("action.cancel")}</button>
    </div>
  </form>`;
}

/** The card of a customer's addresses. `save(addresses, wrong)` answers what was stored, or null. */
export function Addresses({ customer, writable, save, act }) {
  // What is written is written at this address and not at this place in the list: others come and go meanwhile.
  const all = customer.addresses;
  const known = new Set(all.map(keyOf));
  const places = `address of ${customer.id} `;
  const begin = (address) => write(places + keyOf(address), { ...asSent(address), touched: false });
  const put = (key) => (given, wrong) => save(known.has(key) ? all.map((each) => (keyOf(each) === key ? given : asSent(each))) : [...all.map(asSent), given], wrong);
  const change = (key, what) => save(all.map((each) => (keyOf(each) === key ? { ...asSent(each), ...what } : asSent(each))), null);
  const without = (key) => save(all.filter((each) => keyOf(each) !== key).map(asSent), null);
  const form = (key, at, address = FRESH) => {
    const draft = writtenAt(places + key);
    return draft && html`<${Form} key=${key} place=${places + key} at=${at} draft=${draft} address=${address} save=${put(key)} close=${() => drop(places + key)} act=${act} />`;
  };
  /** New ones, and those that a colleague took away meanwhile: saved, they are there again. */
  const apart = placesOf(places).map((place) => place.slice(places.length)).filter((key) => !known.has(key));
  const add = writable && html`<button type="button" class="button small-button plain" onClick=${() => begin(FRESH)}><${Icon} name="plus" size=${14} />${t("record.add")}</button>`;
  return html`<${Card} title=${t("address.title")} aside=${add}>
    ${apart.map((key, n) => form(key, `new-${n}`))}
    ${all.length === 0 && !apart.length && html`<p class="empty">${t("address.none")}</p>`}
    <ul class="address-list">
      ${all.map(
        (each, at) => html`<li key=${keyOf(each)}>
          ${form(keyOf(each), at, each) ??
          html`<div class="address">
              <span class="address-icon" title=${t(`address.channel.${each.channel}`)}><${Icon} name=${ICONS[each.channel]} size=${18} /><span class="unseen">${t(`address.channel.${each.channel}`)}</span></span>
              <div class="address-text">
                <${Address} address=${each} />
                <span class="small quiet address-marks">
                  <span>${word("address.kind", each.kind)}</span>
                  ${each.preferred && html`<span class="good-mark"><${Icon} name="star" size=${14} />${t("address.preferred")}</span>`}
                  ${each.verified_at !== null && html`<span class="good-mark" title=${t("address.verified_by", { name: personName(each.verified_by), at: dateOf(each.verified_at) })}><${Icon} name="verified" size=${14} />${t("address.verified")}</span>`}
                </span>
              </div>
              <${Reach} address=${each} />
              ${writable && html`<${Acts} address=${each} edit=${() => begin(each)} prefer=${() => change(keyOf(each), { preferred: !each.preferred })}
                verify=${() => change(keyOf(each), { verified: each.verified_at === null })} remove=${() => without(keyOf(each))} />`}
            </div>`}
        </li>`,
      )}
    </ul>
  <//>`;
}

function Acts({ address, edit, prefer, verify, remove }) {
  const what = address.value;
  const act = (icon, label, run, pressed) => html`<button type="button" class="pencil" title=${label} aria-label=${`${label}: ${what}`} aria-pressed=${pressed} onClick=${run}><${Icon} name=${icon} size=${16} /></button>`;
  return html`<span class="acts">
    ${act("star", t("address.prefer"), prefer, address.preferred)} ${act("verified", t("address.verify"), verify, address.verified_at !== null)}
    ${act("edit", t("address.edit"), edit)} ${act("close", t("address.remove"), remove)}
  </span>`;
}
