// One lead: by which numbers and when he is dialled, what the list says of him, and everything that was with him.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, post } from "./api.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { LeadCourse } from "./lead_course.js";
import { LeadOwnFields } from "./lead_fields.js";
import { LeadNumbers } from "./lead_numbers.js";
import { changeOne, leadPath, LeadState, listAddress, listPath, specOf } from "./lead_parts.js";
import { link, may } from "./model.js";
import { Card } from "./parts.js";
import { usePeople } from "./people.js";
import { Fact, Trouble } from "./record.js";
import { baseOf } from "./written.js";

/** Who dials a lead does not say that he agreed to it. */
const PROOF = ["consent", "consent_at"];
const FACTS = ["name", "priority", "due_at", "owner", "language", "consent", "consent_at"];
const AGAIN_MS = 15_000;

/** The list that he is on, by name; the bare word where it is not seen. */
function OnList({ id }) {
  const [list, setList] = useState(null);
  useEffect(() => {
    let gone = false;
    get(listPath(id)).then((found) => !gone && setList(found), () => {});
    return () => (gone = true);
  }, [id]);
  return list ? html`<a href=${listAddress(list)} dir="auto">${list.name}</a>` : html`<span class="quiet">–</span>`;
}

export function LeadPage({ id }) {
  usePeople();
  const [lead, setLead] = useState(null);
  const [trouble, setTrouble] = useState(null);
  const newer = (one) => setLead((before) => (before && before.version > one.version ? before : one));
  const load = () => get(leadPath(id)).then((one) => { newer(one); setTrouble(null); }, (refusal) => setTrouble(refusal));
  useEffect(() => {
    load();
    const timer = setInterval(() => link.value.up && !document.hidden && get(leadPath(id)).then(newer, () => {}), AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  document.title = `${lead?.name || t("lists.leads")} · contactcenter`;
  if (trouble && !lead) return html`<div class="page"><div class="page-title"><h1>${t("lists.leads")}</h1></div><${Trouble} refusal=${trouble} gone=${t("lead.gone")} again=${load} /></div>`;
  if (!lead) return html`<div class="page"><p class="empty" role="status">${t("history.loading")}</p></div>`;
  const writable = may("leads.write");
  const hidden = (key) => lead.hidden.includes(key);
  const step = (name) => act(`lead ${id}`, async () => setLead(await post(leadPath(id, name), {})), name);
  const over = lead.state === "closed" || lead.state === "held";
  const button = (name) => html`<button type="button" class="button" disabled=${!online()} aria-busy=${pending(`lead ${id}`)} onClick=${() => step(name)}>${t(`lead_step.${name}`)}</button>`;
  const fact = (key) => {
    const place = `fact lead ${lead.id} ${key}`;
    const base = baseOf(place, lead);
    const save = async (value, wrong) => {
      const stored = await changeOne("lead", base, { [key]: value }, wrong);
      if (stored) newer(stored);
      return stored;
    };
    return html`<${Fact} key=${key} place=${place} spec=${specOf("lead", key)} value=${lead[key]} act=${`lead ${lead.id}`} hidden=${hidden(key)} locked=${writable && (may("leads.import") || !PROOF.includes(key)) ? "" : "role"} save=${save} />`;
  };
  const plain = (label, value) => html`<div key=${label} class="fact"><span class="fact-label">${label}</span><span class="fact-value"><span>${value}</span></span></div>`;
  return html`<div class="page">
    <div class="page-title"><h1 dir="auto">${lead.name || t("lead.nameless")}</h1>
      <div class="page-actions">
        ${writable && button(over ? "reopen" : "close")}
      </div>
    </div>
    <div class="record-grid">
      <div class="column">
        <${LeadNumbers} lead=${lead} writable=${writable && !hidden("numbers")} took=${newer} />
        <${LeadCourse} lead=${lead} />
      </div>
      <div class="column">
        <${Card} title=${t("history.facts")}>
          <div class="facts-list">
            ${plain(t("board.state"), html`<${LeadState} one=${lead} />`)}
            ${plain(t("lead.list"), html`<${OnList} id=${lead.list} />`)}
            ${lead.customer && may("customers.read") && plain(t("lead.customer"), html`<a href=${`/customers/${encodeURIComponent(lead.customer)}`}><bdi>${lead.customer_name || t("lead.customer")}</bdi></a>`)}
            ${FACTS.filter((key) => key !== "due_at" || lead.state === "due").map(fact)}
          </div>
        <//>
        ${!hidden("fields") && html`<${LeadOwnFields} lead=${lead} writable=${writable} took=${newer} />`}
      </div>
    </div>
  </div>`;
}
