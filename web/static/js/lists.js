// Lists of leads: what there is, how far each is, and a new one.

import { useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { post } from "./api.js";
import { momentOf, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { listAddress, STATES } from "./lead_parts.js";
import { usePages } from "./list_pages.js";
import { go, may } from "./model.js";
import { Card, Dialog } from "./parts.js";
import { usePeople, whose } from "./people.js";
import { Trouble } from "./record.js";
import { Refused } from "./refused.js";
import { Table } from "./table.js";
import { drop, keyFor, write, writtenAt } from "./written.js";

const PLACE = "new list";

function NewList({ close }) {
  const draft = { name: "", consent: "", ...writtenAt(PLACE) };
  const set = (field) => (event) => write(PLACE, { [field]: event.target.value, touched: true });
  const [refusal, setRefusal] = useState(null);
  const over = () => {
    drop(PLACE);
    close();
  };
  const make = async () => {
    const body = { name: draft.name.trim(), consent: draft.consent.trim() };
    try {
      const made = await post("/api/lists", body, { key: keyFor(PLACE, body) });
      over();
      go(listAddress(made));
    } catch (problem) {
      setRefusal(problem);
    }
  };
  const send = (event) => {
    event.preventDefault();
    if (draft.name.trim() && online()) act(PLACE, make, JSON.stringify(draft));
  };
  return html`<form class="new-form" onSubmit=${send}>
    <div class="field"><label for="new-list-name">${t("campaign.name")}</label>
      <input class="input" id="new-list-name" autofocus required maxlength="120" autocomplete="off" dir="auto" value=${draft.name} onInput=${set("name")} /></div>
    <div class="field"><label for="new-list-consent">${t("lists.consent")}</label>
      <input class="input" id="new-list-consent" maxlength="500" autocomplete="off" dir="auto" value=${draft.consent} onInput=${set("consent")} aria-describedby="new-list-hint" />
      <p class="small quiet hint" id="new-list-hint">${t("lists.consent_hint")}</p></div>
    <${Refused} refusal=${refusal} id="new-list-wrong" />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${over}>${t("action.discard")}</button>
      <button class="button primary" disabled=${!online() || !draft.name.trim()} aria-busy=${pending(PLACE)}>${t("lists.make")}</button>
    </div>
  </form>`;
}

export function Lists() {
  document.title = `${t("nav.lists")} · contactcenter`;
  usePeople();
  const [making, setMaking] = useState(false);
  const { pages, more, again } = usePages("/api/lists", "");
  const columns = [
    [t("campaign.name"), (one) => html`<a class="strong" href=${listAddress(one)} dir="auto">${one.name}</a>`],
    ...Object.keys(STATES).map((state) => [t(`lead_state.${state}`), (one) => whole(one.counts[state]), true]),
    [t("campaign.whose"), (one) => html`<bdi class="whole">${whose(one)}</bdi>`],
    [t("request.updated"), (one) => html`<span class="figures">${momentOf(one.updated_at)}</span>`],
  ];
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.lists")}</h1>
      <div class="page-actions">${may("leads.import") && html`<button type="button" class="button strong" disabled=${!online()} onClick=${() => setMaking(true)}><${Icon} name="plus" />${t("lists.new")}</button>`}</div>
    </div>
    <${Card} title=${t("lists.every")}>
      ${pages.state === "trouble"
        ? html`<${Trouble} refusal=${pages.refusal} gone=${t("error.load")} again=${again} />`
        : html`<${Table} label=${t("nav.lists")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} empty=${t(pages.state === "loading" ? "history.loading" : "lists.none")} />`}
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
    <//>
    ${making && html`<${Dialog} kind="wide-dialog" id="new-list-title" title=${t("lists.new")} closed=${() => setMaking(false)}>${(close) => html`<${NewList} close=${close} />`}<//>`}
  </div>`;
}
