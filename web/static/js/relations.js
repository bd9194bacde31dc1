// Who is what to whom.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, post, remove } from "./api.js";
import { CustomerChoice } from "./customer_choice.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { toast } from "./model.js";
import { Card, Dialog } from "./parts.js";
import { Refused } from "./refused.js";

const ROLES = ["employee", "contact", "decision_maker", "representative", "part", "subsidiary", "partner", "supplier", "family", "other"];

function Form({ customer, close, added }) {
  const [wish, setWish] = useState({ to: null, role: "", title: "", main: false });
  const [refusal, setRefusal] = useState(null);
  const set = (change) => setWish({ ...wish, ...change });
  const send = async (event) => {
    event.preventDefault();
    setRefusal(null);
    const body = { to: wish.to.id, role: wish.role, title: wish.title.trim(), main: wish.main };
    const work = async () => {
      try {
        await post(`/api/customers/${encodeURIComponent(customer.id)}/relations`, body);
      } catch (refused) {
        if (![404, 409, 422].includes(refused.status)) throw refused;
        setRefusal(refused);
        return;
      }
      close();
      added();
    };
    await act(`relate ${customer.id}`, work, JSON.stringify(body));
  };
  return html`<form class="stack" onSubmit=${send}>
    <p class="relation-sentence"><bdi>${customer.name}</bdi> ${t("relation.is")}</p>
    <div class="field">
      <label for="relation-role">${t("relation.role")}</label>
      <select class="input" id="relation-role" required value=${wish.role} onChange=${(event) => set({ role: event.target.value })}>
        <option value="">${t("relation.choose")}</option>
        ${ROLES.map((role) => html`<option key=${role} value=${role}>${t(`relation.role.${role}`)}</option>`)}
      </select>
    </div>
    <div class="field">
      <label for="relation-to">${t("relation.of")}</label>
      <${CustomerChoice} id="relation-to" label=${t("relation.of")} value=${wish.to} choose=${(to) => set({ to })} except=${customer.id} />
    </div>
    <div class="field">
      <label for="relation-title">${t("relation.position")}</label>
      <input class="input" id="relation-title" dir="auto" maxlength="120" autocomplete="off" value=${wish.title} onInput=${(event) => set({ title: event.target.value })} />
    </div>
    <label class="check"><input type="checkbox" checked=${wish.main} onChange=${() => set({ main: !wish.main })} />${t("relation.main")}</label>
    <${Refused} refusal=${refusal} id="relation-wrong" />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${close}>${t("action.cancel")}</button>
      <button class="button primary" disabled=${!online() || !wish.to || !wish.role} aria-busy=${pending(`relate ${customer.id}`)}>${t("record.save")}</button>
    </div>
  </form>`;
}

/** The card of a customer's relations. */
export function Relations({ customer, turn, writable }) {
  const [found, setFound] = useState({ items: [], state: "loading" });
  const [asking, setAsking] = useState(0);
  const load = async () => {
    try {
      setFound({ items: (await get(`/api/customers/${encodeURIComponent(customer.id)}/relations?limit=200`)).items, state: "here" });
    } catch {
      setFound((before) => ({ ...before, state: "trouble" }));
    }
  };
  useEffect(() => {
    load();
  }, [customer.id, turn]);
  const away = (one) =>
    act(`relation ${one.id}`, async () => {
      await remove(`/api/relations/${encodeURIComponent(one.id)}`);
      await load();
      const [from, to] = one.outward ? [customer.id, one.customer] : [one.customer, customer.id];
      const again = () => act(`relation ${one.id}`, async () => {
        await post(`/api/customers/${encodeURIComponent(from)}/relations`, { to, role: one.role, title: one.title, main: one.main, since: one.since, until: one.until });
        await load();
      });
      toast(t("relation.removed", { name: one.name }), { action: { label: t("action.undo"), run: again } });
    });
  const add = writable && html`<button type="button" class="button small-button plain" onClick=${() => setAsking(Date.now())}><${Icon} name="plus" size=${14} />${t("record.add")}</button>`;
  return html`<${Card} title=${t("relation.title_card")} aside=${add}>
    ${found.state === "trouble" && html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div>`}
    ${found.state === "here" && found.items.length === 0 && html`<p class="empty">${t("relation.none")}</p>`}
    <ul class="relations">
      ${found.items.map(
        (one) => html`<li key=${one.id}>
          <${Icon} name=${one.kind === "organisation" ? "building" : "user"} size=${18} />
          <span class="relation-text">
            <a href=${`/customers/${encodeURIComponent(one.customer)}`}><bdi>${one.name}</bdi></a>
            <span class="small quiet">${t(one.outward ? "relation.outward" : "relation.inward", { role: t(`relation.role.${one.role}`) })}${one.title && html` · <bdi>${one.title}</bdi>`}${one.main && html` · ${t("relation.is_main")}`}</span>
          </span>
          ${writable && html`<button type="button" class="pencil" title=${t("relation.remove")} aria-label=${t("relation.remove_whom", { name: one.name })} onClick=${() => away(one)}><${Icon} name="close" size=${16} /></button>`}
        </li>`,
      )}
    </ul>
    ${asking > 0 && html`<${Dialog} key=${asking} kind="relation" id="relation-title-head" title=${t("relation.add")} closed=${() => setAsking(0)}>
      ${(close) => html`<${Form} customer=${customer} close=${close} added=${load} />`}
    <//>`}
  <//>`;
}
