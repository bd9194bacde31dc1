// A customer, seen from all sides: who it is, how to reach him, whose he is, and everything that ever was with him.

import { useEffect, useState } from "preact/hooks";

import { get } from "./api.js";
import { Addresses } from "./addresses.js";
import { Attachments } from "./attachments.js";
import { Consents } from "./consents.js";
import { specOf } from "./custom_fields.js";
import { bodyOf, changeCustomer, plainSpec, useSpecs, valueIn } from "./customer_fields.js";
import { CustomerFollowups, CustomerLeads, CustomerRequests } from "./customer_work.js";
import { dateTimeOf } from "./format.js";
import { changedFollowups, mayFollowUp } from "./followup_parts.js";
import { NewFollowupButton } from "./followup_form.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { go, may, route } from "./model.js";
import { MergeDialog, Merged } from "./merging.js";
import { ofCustomer, useNews } from "./news.js";
import { Notes } from "./notes.js";
import { Card } from "./parts.js";
import { personName, usePeople, whose } from "./people.js";
import { Fact, Panes, Trouble } from "./record.js";
import { changedRequests, mayWrite } from "./request_parts.js";
import { NewRequestButton } from "./request_form.js";
import { Relations } from "./relations.js";
import { Timeline } from "./timeline.js";
import { baseOf } from "./written.js";

const FACTS = ["name", "kind", "number", "company", "category", "tags", "tier", "save_desk", "language", "balance", "id_number", "note"];
const OWNED = ["owner", "team"];

function Head({ customer, merge }) {
  const { do_not_contact: channels } = customer;
  const from = { customer: { id: customer.id, name: customer.name } };
  const refused = channels.includes("any") ? ["any"] : channels;
  return html`<section class="card record-head">
    <span class="record-sign"><${Icon} name=${customer.kind === "organisation" ? "building" : "user"} size=${28} /></span>
    <div class="record-who">
      <h1><bdi>${customer.name}</bdi></h1>
      <p class="quiet">
        ${[
          word("customer_kind", customer.kind),
          customer.number && html`<bdi class="figures">${customer.number}</bdi>`,
          customer.company && html`<bdi>${customer.company}</bdi>`,
          (customer.owner || customer.team) && whose(customer),
        ].filter(Boolean).map((part, place) => html`${place > 0 && " · "}<span key=${place}>${part}</span>`)}
      </p>
      <div class="chips">
        ${refused.map((channel) => html`<span key=${channel} class="chip refused"><${Icon} name="forbidden" size=${14} />${channel === "any" ? t("consent.do_not_contact") : t("consent.not_by", { channel: t(`consent.channel.${channel}`) })}</span>`)}
        ${customer.save_desk && html`<span class="chip urgent"><${Icon} name="warning" size=${14} />${t("customer.save_desk")}</span>`}
        ${customer.tier && html`<span class="chip">${word("tier", customer.tier)}</span>`}
        ${customer.category && html`<span class="chip"><bdi>${customer.category}</bdi></span>`}
        ${customer.tags.map((tag) => html`<span key=${tag} class="chip"><bdi>${tag}</bdi></span>`)}
      </div>
    </div>
    <div class="record-actions">
      ${mayWrite() && html`<${NewRequestButton} from=${from} place=${`request for ${customer.id}`} kind="" />`}
      ${mayFollowUp() && html`<${NewFollowupButton} from=${from} place=${`followup for ${customer.id}`} />`}
      ${may("customers.merge") && html`<button type="button" class="button" onClick=${merge}><${Icon} name="merge" size=${16} />${t("merge.start")}…</button>`}
    </div>
  </section>`;
}

function Record({ found, load, take }) {
  const customer = found;
  usePeople();
  const { all } = useSpecs();
  const [turn, setTurn] = useState(0);
  const [merging, setMerging] = useState(0);
  const writable = may("customers.write");
  const pane = new URLSearchParams(route.value.query).get("pane") ?? "timeline";
  const choose = (name) => {
    const query = name === "timeline" ? "" : `?pane=${name}`;
    history.replaceState(history.state, "", location.pathname + query);
    route.value = { ...route.value, query };
  };
  const act = `customer ${customer.id}`;
  const save = async (body, wrong, base) => {
    const stored = await changeCustomer(base, all, body, wrong);
    if (stored) {
      take(stored);
      setTurn((before) => before + 1);
    }
    return stored;
  };
  const fact = (spec, key = spec.key) => {
    const place = `fact ${customer.id} ${key}`;
    const base = baseOf(place, customer);
    return html`<${Fact} key=${key} place=${place} spec=${spec} value=${valueIn(customer, key)} act=${act}
      hidden=${customer.hidden.includes(key)} locked=${writable ? "" : "role"} save=${(value, wrong) => save(bodyOf(key, value), wrong, base)} />`;
  };
  const custom = all.filter((field) => !field.retired || (customer.custom[field.name] ?? null) !== null);
  const again = async () => {
    if (await load()) setTurn((before) => before + 1);
  };
  useNews(ofCustomer(customer.id), again);
  const changes = `${turn} ${changedRequests.value} ${changedFollowups.value}`;
  const panes = [
    { name: "timeline", title: t("timeline.title"), shows: () => html`<${Timeline} customer=${customer} fields=${all} turn=${changes} />` },
    may("requests.read") && { name: "requests", title: t("nav.requests"), shows: () => html`<${CustomerRequests} customer=${customer} turn=${changes} />` },
    may("followups.read") && { name: "followups", title: t("nav.followups"), shows: () => html`<${CustomerFollowups} customer=${customer} turn=${changes} />` },
    may("leads.read") && { name: "leads", title: t("nav.leads"), shows: () => html`<${CustomerLeads} customer=${customer} turn=${changes} />` },
    { name: "notes", title: t("note.title"), shows: () => html`<${Notes} customer=${customer} turn=${turn} writable=${writable} changed=${again} />` },
    { name: "files", title: t("attachments.label"), shows: () => html`<${Attachments} of=${{ customer: customer.id }} turn=${turn} writes=${writable} changed=${again} />` },
  ].filter(Boolean);
  return html`<div class="page wide-page">
    <${Head} customer=${customer} merge=${() => setMerging(Date.now())} />
    <div class="record-body">
      <div class="record-facts">
        <${Card} title=${t("customer.facts")}>
          <div class="facts-list">${FACTS.map((key) => fact(plainSpec(key)))}</div>
          ${custom.length > 0 && html`<h3 class="facts-head">${t("customer.custom")}</h3>
            <div class="facts-list">${custom.map((field) => (field.retired ? html`<${Fact} key=${field.id} place=${`fact ${customer.id} ${field.id}`} spec=${specOf(field)} value=${customer.custom[field.name]} locked="retired" />` : fact(specOf(field))))}</div>`}
        <//>
        <${Addresses} customer=${customer} writable=${writable && !customer.hidden.includes("addresses") && !customer.hidden.includes("phones")} act=${act} save=${(addresses, wrong) => save({ addresses }, wrong, customer)} />
        <${Card} title=${t("customer.whose")}><div class="facts-list">${OWNED.map((key) => fact(plainSpec(key)))}</div><//>
        <${Consents} customer=${customer} turn=${turn} writable=${writable} changed=${again} />
        <${Relations} customer=${customer} turn=${turn} writable=${writable} />
        <${Merged} customer=${customer} again=${turn} changed=${again} />
        <p class="small quiet record-foot">${t("customer.since", { at: dateTimeOf(customer.created_at), name: personName(customer.created_by) })}</p>
      </div>
      <${Panes} label=${t("customer.panes")} panes=${panes} chosen=${pane} choose=${choose} />
    </div>
    ${merging > 0 && html`<${MergeDialog} key=${merging} customer=${customer} closed=${() => setMerging(0)} merged=${(kept) => (kept === customer.id ? again() : go(`/customers/${encodeURIComponent(kept)}`))} />`}
  </div>`;
}

/** Whether an answer was overtaken by a newer one. */
const isOlder = (one, other) => one.id === other?.id && one.version < other.version;

export function CustomerPage({ id }) {
  const [found, setFound] = useState({ state: "loading" });
  /** Answers whether he is still to be seen. */
  const load = async () => {
    try {
      const one = await get(`/api/customers/${encodeURIComponent(id)}`);
      setFound((before) => (isOlder(one, before.one) ? before : { state: "here", one }));
      return true;
    } catch (refusal) {
      setFound((before) => (before.state === "here" && ![403, 404].includes(refusal.status) ? before : { state: "trouble", refusal }));
      return false;
    }
  };
  useEffect(() => {
    load();
  }, [id]);
  const take = (one) => setFound({ state: "here", one });

  document.title = `${found.one?.name ?? t("customer.title")} · contactcenter`;
  if (found.state === "here") return html`<${Record} key=${found.one.id} found=${found.one} load=${load} take=${take} />`;
  return html`<div class="page">
    <div class="page-title"><h1>${t("customer.title")}</h1><a class="button" href="/customers">${t("history.back")}</a></div>
    ${found.state === "loading" ? html`<p class="empty">${t("history.loading")}</p>` : html`<${Trouble} refusal=${found.refusal} gone=${t("customer.gone")} again=${load} />`}
  </div>`;
}
