// One list: what it is, how far it is, which campaigns dial it, the file that fills it, and who is on it.

import { useEffect, useState } from "preact/hooks";

import { online } from "./actions.js";
import { get } from "./api.js";
import { campaignAddress, campaignPath } from "./campaign_parts.js";
import { dateTimeOf, momentOf, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { changeOne, leadAddress, LeadState, listPath, specOf, STATES } from "./lead_parts.js";
import { usePages } from "./list_pages.js";
import { go, may, me } from "./model.js";
import { NewLead } from "./new_lead.js";
import { Card, Dialog, PhoneNumber } from "./parts.js";
import { personName, usePeople } from "./people.js";
import { Fact, Trouble } from "./record.js";
import { Table } from "./table.js";
import { FilePicker, Uploads, useUploads } from "./upload.js";
import { baseOf } from "./written.js";

const FACTS = ["name", "owner", "team", "consent", "note"];

/** How far a list is, as parts of one bar with a legend. */
function Counts({ counts, label }) {
  const known = Object.keys(STATES).filter((state) => counts[state] > 0);
  if (!known.length) return html`<p class="empty">${t("lists.no_leads")}</p>`;
  return html`<figure class="shares penetration">
    <div class="shares-bar" aria-hidden="true">${known.map((state) => html`<i key=${state} data-lead=${STATES[state]} style=${{ flexGrow: counts[state] }}></i>`)}</div>
    <ul class="shares-legend" aria-label=${label}>
      ${known.map((state) => html`<li key=${state}><i data-lead=${STATES[state]} aria-hidden="true"></i><span>${t(`lead_state.${state}`)}</span><strong class="figures">${whole(counts[state])}</strong></li>`)}
    </ul>
  </figure>`;
}

/** The campaigns that dial it, by name; one that somebody does not see has none. */
function DialledBy({ ids }) {
  const [found, setFound] = useState([]);
  useEffect(() => {
    let gone = false;
    const read = ids.map((id) => get(campaignPath(id)).catch(() => null));
    Promise.all(read).then((all) => !gone && setFound(all.filter(Boolean)));
    return () => (gone = true);
  }, [ids.join(" ")]);
  if (!found.length) return html`<span class="quiet">–</span>`;
  return html`<span class="links">${found.map((one) => html`<a key=${one.id} href=${campaignAddress(one)} dir="auto">${one.name}</a>`)}</span>`;
}

function Leads({ list, added }) {
  const [state, setState] = useState("");
  const [making, setMaking] = useState(false);
  const query = new URLSearchParams({ list: list.id, ...(state && { state }) }).toString();
  const { pages, more, again } = usePages("/api/leads", query);
  const columns = [
    [t("campaign.name"), (one) => html`<a href=${leadAddress(one)}><bdi>${one.name || t("lead.nameless")}</bdi></a>`],
    [t("attempts.number"), (one) => (one.numbers[0] ? html`<${PhoneNumber} number=${one.numbers[0].number} />` : "–")],
    [t("board.state"), (one) => html`<${LeadState} one=${one} />`],
    [t("lead_field.priority"), (one) => whole(one.priority), true],
    [t("lead_field.due_at"), (one) => (one.state === "due" ? html`<span class="figures">${momentOf(one.due_at)}</span>` : "–")],
    [t("campaign.whose"), (one) => html`<bdi>${one.owner ? personName(one.owner) : "–"}</bdi>`],
  ];
  const segment = (value, title) => html`<button key=${value} type="button" class="segment" aria-pressed=${state === value} onClick=${() => setState(value)}>${title}</button>`;
  const aside = html`<div class="card-acts">
    <div class="segments many" role="group" aria-label=${t("board.state")}>${segment("", t("lists.all"))}${Object.keys(STATES).map((each) => segment(each, t(`lead_state.${each}`)))}</div>
    ${may("leads.write") && (!list.consent || may("leads.import")) && html`<button type="button" class="button small-button" disabled=${!online()} onClick=${() => setMaking(true)}><${Icon} name="plus" size=${14} />${t("lead.new")}</button>`}
  </div>`;
  return html`<${Card} title=${t("lists.leads")} aside=${aside}>
    ${pages.state === "trouble"
      ? html`<${Trouble} refusal=${pages.refusal} gone=${t("error.load")} again=${again} />`
      : html`<${Table} label=${t("lists.leads")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} empty=${t(pages.state === "loading" ? "history.loading" : state ? "lists.none_so" : "lists.no_leads")} />`}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
    ${making && html`<${Dialog} kind="wide-dialog" id="new-lead-title" title=${t("lead.new")} closed=${() => setMaking(false)}>${(close) => html`<${NewLead} list=${list} close=${close} made=${() => { again(); added(); }} />`}<//>`}
  <//>`;
}

export function ListPage({ id }) {
  usePeople();
  const [list, setList] = useState(null);
  const [trouble, setTrouble] = useState(null);
  const load = () => get(listPath(id)).then(setList, setTrouble);
  useEffect(() => void load(), []);
  const uploads = useUploads({
    pathOf: (file) => `${listPath(id)}/imports?${new URLSearchParams({ name: file.name })}`,
    most: me.value.import_bytes,
    sent: (one) => go(`/imports/${one.id}`),
  });
  document.title = `${list?.name ?? t("nav.lists")} · contactcenter`;
  if (trouble) return html`<div class="page"><div class="page-title"><h1>${t("nav.lists")}</h1></div><${Trouble} refusal=${trouble} gone=${t("lists.gone")} again=${load} /></div>`;
  if (!list) return html`<div class="page"><p class="empty" role="status">${t("history.loading")}</p></div>`;
  const writable = may("leads.import");
  const sending = uploads.items.some((item) => item.state !== "refused");
  const fact = (key) => {
    const place = `fact list ${list.id} ${key}`;
    const base = baseOf(place, list);
    const save = async (value, wrong) => {
      const stored = await changeOne("list", base, { [key]: value }, wrong);
      if (stored) setList(stored);
      return stored;
    };
    return html`<${Fact} key=${key} place=${place} spec=${specOf("list", key)} value=${list[key]} act=${`list ${list.id}`} locked=${writable ? "" : "role"} save=${save} />`;
  };
  return html`<div class="page">
    <div class="page-title"><h1 dir="auto">${list.name}</h1></div>
    <div class="record-grid">
      <div class="column">
        <${Card} title=${t("lists.how_far")}><div class="body"><${Counts} counts=${list.counts} label=${t("lists.how_far")} /></div><//>
        ${writable &&
        html`<${Card} title=${t("lists.fill")}>
          <div class="body stack">
            <${FilePicker} id="lead-file" label=${t("imports.choose")} hint=${t("lists.file_hint")} accept=".csv,.tsv,.txt,.xlsx" disabled=${sending} onFiles=${uploads.add} />
            <${Uploads} uploads=${uploads} />
          </div>
        <//>`}
      </div>
      <${Card} title=${t("history.facts")}>
        <div class="facts-list">
          ${FACTS.map(fact)}
          <div class="fact"><span class="fact-label">${t("lists.dialled_by")}</span><span class="fact-value"><${DialledBy} ids=${list.campaigns} /></span></div>
          <div class="fact"><span class="fact-label">${t("request.opened_at")}</span><span class="fact-value"><span>${dateTimeOf(list.created_at)} · <bdi>${personName(list.created_by)}</bdi></span></span></div>
        </div>
      <//>
    </div>
    ${may("leads.read") && html`<${Leads} list=${list} added=${load} />`}
  </div>`;
}
