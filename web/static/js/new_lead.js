// A lead who is entered by hand, for a list.

import { useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { post } from "./api.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { HIGHEST, kindTitle, leadAddress, NUMBER_KINDS } from "./lead_parts.js";
import { go, may } from "./model.js";
import { Refused } from "./refused.js";
import { drop, keyFor, write, writtenAt } from "./written.js";

const BLANK = { name: "", number: "", kind: "mobile", priority: "0", consent: "" };

export function NewLead({ list, close, made }) {
  const place = `new lead ${list.id}`;
  const draft = { ...BLANK, ...writtenAt(place) };
  const [refusal, setRefusal] = useState(null);
  const set = (field) => (event) => write(place, { [field]: event.target.value, touched: true });
  const over = () => {
    drop(place);
    close();
  };
  const make = async () => {
    const body = {
      list: list.id, name: draft.name.trim(), priority: Number(draft.priority), consent: draft.consent.trim(),
      numbers: [{ number: draft.number.trim(), kind: draft.kind }],
    };
    try {
      const one = await post("/api/leads", body, { key: keyFor(place, body) });
      over();
      made();
      go(leadAddress(one));
    } catch (problem) {
      setRefusal(problem);
    }
  };
  const ready = draft.number.trim() && /^\d{1,2}$/.test(draft.priority.trim());
  const send = (event) => {
    event.preventDefault();
    if (ready && online()) act(place, make, JSON.stringify(draft));
  };
  const field = (key, label, control, hint = "") => html`<div class="field"><label for=${`new-lead-${key}`}>${label}</label>${control}${hint && html`<p class="small quiet hint">${hint}</p>`}</div>`;
  return html`<form class="new-form" onSubmit=${send}>
    ${field("name", t("campaign.name"), html`<input class="input" id="new-lead-name" autofocus maxlength="120" autocomplete="off" dir="auto" value=${draft.name} onInput=${set("name")} />`)}
    <div class="row-of">
      ${field("number", t("attempts.number"), html`<input class="input phone-number" id="new-lead-number" type="tel" inputmode="tel" required maxlength="64" autocomplete="off" value=${draft.number} onInput=${set("number")} />`)}
      ${field("kind", t("lead.kind"), html`<select class="input" id="new-lead-kind" value=${draft.kind} onChange=${set("kind")}>${NUMBER_KINDS.map((each) => html`<option key=${each} value=${each}>${kindTitle(each)}</option>`)}</select>`)}
    </div>
    ${field("priority", t("lead_field.priority"), html`<input class="input figures" id="new-lead-priority" inputmode="numeric" maxlength="2" autocomplete="off" value=${draft.priority} onInput=${set("priority")} />`, t("lead.priority_hint", { most: HIGHEST }))}
    ${may("leads.import") && field("consent", t("lead_field.consent"), html`<input class="input" id="new-lead-consent" maxlength="500" autocomplete="off" dir="auto" value=${draft.consent} onInput=${set("consent")} />`, list.consent ? t("lead.consent_of_list", { text: list.consent }) : "")}
    <${Refused} refusal=${refusal} id="new-lead-wrong" />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${over}>${t("action.discard")}</button>
      <button class="button primary" disabled=${!online() || !ready} aria-busy=${pending(place)}>${t("lead.make")}</button>
    </div>
  </form>`;
}
