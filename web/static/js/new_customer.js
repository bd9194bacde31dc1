// A new customer, on a page of its own.

import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, post } from "./api.js";
import { useSpecs } from "./customer_fields.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { draftOf, Input, valueOf } from "./inputs.js";
import { t } from "./language.js";
import { go, goOn, me, toast } from "./model.js";
import { Card } from "./parts.js";
import { Refused } from "./refused.js";
import { drop, keyFor, write, writtenAt } from "./written.js";

const FIELDS = ["name", "kind", "company", "category", "tags", "tier", "language", "id_number", "note", "owner", "team"];
const phoneSpec = () => ({ key: "phone", label: t("customer.main_phone"), type: "phone" });
const emailSpec = () => ({ key: "email", label: t("address.channel.email"), type: "email" });

/** What is sent. Empty is left out: the server knows whose a new record is. */
function bodyOf(draft, specs) {
  const body = { custom: {} };
  for (const spec of specs) {
    if (["phone", "email"].includes(spec.key) || !(spec.key in draft)) continue;
    const value = valueOf(spec, draft[spec.key]);
    if (value === "" || value === null || (Array.isArray(value) && !value.length)) continue;
    if (spec.key.startsWith("custom.")) body.custom[spec.key.slice("custom.".length)] = value;
    else body[spec.key] = value;
  }
  const addresses = ["phone", "email"].filter((channel) => draft[channel]?.trim()).map((channel) => ({ channel, value: draft[channel].trim() }));
  return { ...body, ...(addresses.length ? { addresses } : {}) };
}

/** Which field of the form a refusal is about. */
function fieldOf(name, draft) {
  const at = name.match(/^addresses\.(\d+)/)?.[1];
  if (at !== undefined) return ["phone", "email"].filter((channel) => draft[channel]?.trim())[Number(at)] ?? "phone";
  return name === "phones" ? "phone" : name;
}

/** Records that have this number already: perhaps it is one of them. */
function Known({ number }) {
  const [found, setFound] = useState([]);
  useLayoutEffect(() => {
    let late = false;
    const look = async () => {
      const asked = number.trim();
      const answer = asked ? await get(`/api/customers?phone=${encodeURIComponent(asked)}&limit=5&fields=id,name,company`).catch(() => ({ items: [] })) : { items: [] };
      if (!late) setFound(answer.items);
    };
    const waiting = setTimeout(look, 400);
    return () => {
      late = true;
      clearTimeout(waiting);
    };
  }, [number]);
  if (!found.length) return null;
  return html`<p class="notice" role="status"><${Icon} name="warning" size=${16} /><span>${t("customer.has_number")} ${found.map((one, place) => html`${place > 0 && ", "}<a key=${one.id} href=${`/customers/${encodeURIComponent(one.id)}`}><bdi>${one.name}</bdi></a>`)}</span></p>`;
}

/** The form. `place` keeps what is written; `made(customer)` runs when it is there. */
function CustomerForm({ place, made, cancel }) {
  const box = useRef(null);
  const [refusal, setRefusal] = useState(null);
  const { plain, custom } = useSpecs(FIELDS);
  const hidden = (key) => me.value.hidden.includes(`customer.${key}`);
  const [first, ...others] = plain.filter(({ key }) => !hidden(key));
  const specs = [first, phoneSpec(), emailSpec(), ...others, ...custom];
  const fresh = Object.fromEntries(specs.map((spec) => [spec.key, draftOf(spec, spec.key === "kind" ? "person" : undefined)]));
  const draft = { ...fresh, ...writtenAt(place) };
  const name = `create ${place}`;
  useLayoutEffect(() => box.current.querySelector("input").focus(), []);

  const wrongAt = refusal?.field ? fieldOf(refusal.field, draft) : "";
  const known = specs.some(({ key }) => key === wrongAt);
  const send = async (event) => {
    event.preventDefault();
    setRefusal(null);
    const body = bodyOf(draft, specs);
    const work = async () => {
      try {
        const one = await post("/api/customers", body, { key: keyFor(place, body) });
        drop(place);
        made(one);
      } catch (refused) {
        if (![403, 409, 422].includes(refused.status)) throw refused;
        setRefusal(refused);
      }
    };
    await act(name, work, JSON.stringify(body));
  };
  const keys = (event) => {
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && composing) event.preventDefault();
    else if (event.key === "Escape" && !composing) cancel();
  };
  const one = (spec) => {
    const id = `new-${spec.key.replace(".", "-")}`;
    const wrong = wrongAt === spec.key;
    return html`<div key=${spec.key} class="field ${spec.type === "long_text" || spec.type === "choices" ? "wide" : ""} ${wrong ? "is-wrong" : ""}">
      <label for=${id}>${spec.label}${spec.required && spec.key !== "kind" && html`<span class="needed" aria-hidden="true"> *</span>`}</label>
      <${Input} spec=${spec} id=${id} value=${draft[spec.key]} set=${(value) => write(place, { [spec.key]: value, touched: true })} required=${spec.required || undefined}
        aria-invalid=${wrong || undefined} aria-describedby=${wrong ? `${id}-wrong` : undefined} />
      ${wrong && html`<${Refused} refusal=${refusal} id=${`${id}-wrong`} />`}
      ${spec.key === "phone" && html`<${Known} number=${draft.phone} />`}
    </div>`;
  };
  return html`<form class="customer-form" ref=${box} onSubmit=${send} onKeyDown=${keys}>
    <div class="form-fields">${specs.map(one)}</div>
    ${refusal && !known && html`<${Refused} refusal=${refusal} id="new-wrong" />`}
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${() => (drop(place), cancel())}>${t("action.cancel")}</button>
      <button class="button primary" disabled=${!online() || !draft.name.trim()} aria-busy=${pending(name)}>${t("customer.create_do")}</button>
    </div>
  </form>`;
}

/** `/customers/new` */
export function NewCustomer() {
  document.title = `${t("customer.create")} · contactcenter`;
  const made = (one) => {
    toast(t("customer.created", { name: one.name }));
    goOn("/customers/new", `/customers/${encodeURIComponent(one.id)}`);
  };
  return html`<div class="page narrow-page">
    <div class="page-title"><h1>${t("customer.create")}</h1></div>
    <${Card} title=${t("customer.facts")}>
      <div class="body"><${CustomerForm} place="customer new" made=${made} cancel=${() => go("/customers")} /></div>
    <//>
  </div>`;
}

