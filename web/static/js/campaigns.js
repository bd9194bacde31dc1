// The list of campaigns: which run, in which mode, and how their drops stand.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { useAddress } from "./address.js";
import { post } from "./api.js";
import { CampaignState, campaignAddress, DropGauge, loadChoices, mayManage, MODES, RESERVED, STATES } from "./campaign_parts.js";
import { momentOf, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { usePages } from "./list_pages.js";
import { campaigns, go, link } from "./model.js";
import { Card, Dialog, queueTitle } from "./parts.js";
import { usePeople, whose } from "./people.js";
import { Refused } from "./refused.js";
import { steered } from "./rows.js";
import { Table } from "./table.js";
import { drop, keyFor, write, writtenAt } from "./written.js";

const AGAIN_MS = 15_000;
const PLACE = "new campaign";

const state = signal("");
const row = signal("");
/** Grows when the list may be another one. */
const turn = signal(0);

/** A campaign as it is by now: what lives is told by the link. */
export function asOfNow(one) {
  const live = campaigns.value.get(one.id);
  return live ? { ...one, state: live.state, live } : one;
}

/** How a campaign's drops stand in its period, with its bound; null where nobody can be dropped. */
const countedOf = (one) => (one.live && !RESERVED.includes(one.mode) ? { share: one.live.drop_share, target: one.terms.drop_target, limit: one.live.drop_limit, answered: one.live.connected + one.live.dropped } : null);

function NewCampaign({ close }) {
  const [refusal, setRefusal] = useState(null);
  const [choices, setChoices] = useState(null);
  useEffect(() => {
    loadChoices().then(setChoices, setRefusal);
  }, []);
  const draft = { name: "", mode: "preview", profile: "", queue: "", ...writtenAt(PLACE) };
  const set = (field) => (event) => write(PLACE, { [field]: event.target.value, touched: true });
  const over = () => {
    drop(PLACE);
    close();
  };
  const make = async () => {
    const body = { name: draft.name.trim(), mode: draft.mode, profile: draft.profile, queue: draft.queue };
    try {
      const made = await post("/api/campaigns", body, { key: keyFor(PLACE, body) });
      over();
      go(`${campaignAddress(made)}?part=settings`);
    } catch (problem) {
      setRefusal(problem);
    }
  };
  const ready = draft.name.trim() && draft.profile && (draft.queue || draft.mode === "agentless");
  const send = (event) => {
    event.preventDefault();
    if (ready && online()) act(PLACE, make, JSON.stringify(draft));
  };
  const field = (key, label, control, hint = "") => html`<div class="field"><label for=${`new-campaign-${key}`}>${label}</label>${control}${hint && html`<p class="small quiet">${hint}</p>`}</div>`;
  const choice = (key, options) => html`<select class="input" id=${`new-campaign-${key}`} required value=${draft[key]} onChange=${set(key)}>
    <option value="">${t("campaign.choose")}</option>${options.map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}
  </select>`;
  return html`<form class="new-form" onSubmit=${send}>
    ${field("name", t("campaign.name"), html`<input class="input" id="new-campaign-name" autofocus required maxlength="80" autocomplete="off" dir="auto" value=${draft.name} onInput=${set("name")} />`)}
    <div class="row-of">
      ${field("mode", t("campaign.mode"), choice("mode", MODES.map((mode) => [mode, t(`mode.${mode}`)])), draft.mode && t(`mode_about.${draft.mode}`))}
      ${field("profile", t("campaign.profile"), choice("profile", (choices?.profiles ?? []).map(({ name }) => [name, t(`profile.${name}`)])), t("campaign.profile_hint"))}
    </div>
    ${draft.mode !== "agentless" && field("queue", t("campaign.queue"), choice("queue", (choices?.queues ?? []).map((code) => [code, queueTitle(code)])), t("campaign.queue_hint"))}
    <${Refused} refusal=${refusal} id="new-campaign-wrong" />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${over}>${t("action.discard")}</button>
      <button class="button primary" disabled=${!online() || !ready} aria-busy=${pending(PLACE)}>${t("campaign.make")}</button>
    </div>
  </form>`;
}

export function Campaigns() {
  document.title = `${t("nav.campaigns")} · contactcenter`;
  usePeople();
  const [making, setMaking] = useState(false);
  useAddress("/campaigns", { state: state.value }, (given) => (state.value = STATES.includes(given("state")) ? given("state") : ""));
  const { pages, more, again } = usePages("/api/campaigns", new URLSearchParams(state.value ? { state: state.value } : {}).toString(), { turn: turn.value });
  useEffect(() => {
    const timer = setInterval(() => link.value.up && turn.value++, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const columns = [
    [t("campaign.name"), (one) => html`<a class="strong" href=${campaignAddress(one)} dir="auto">${one.name}</a>`],
    [t("board.state"), (one) => html`<${CampaignState} state=${one.state} />`],
    [t("campaign.mode"), (one) => t(`mode.${one.mode}`)],
    [t("campaign.queue"), (one) => html`<span class="whole">${one.queue ? queueTitle(one.queue) : "–"}</span>`],
    [t("campaign.profile_short"), (one) => t(`profile.${one.profile}`)],
    [t("live.placed"), (one) => (one.live ? whole(one.live.placed) : "–"), true],
    [t("live.talking"), (one) => (one.live ? whole(one.live.talking) : "–"), true],
    [t("drops.period"), (one) => (countedOf(one) ? html`<${DropGauge} small counted=${countedOf(one)} label=${t("drops.period")} />` : html`<span class="quiet">–</span>`)],
    [t("campaign.whose"), (one) => html`<bdi class="whole">${whose(one)}</bdi>`],
    [t("request.updated"), (one) => html`<span class="figures">${momentOf(one.updated_at)}</span>`],
  ];
  const rows = pages.items.map(asOfNow);
  const segment = (value, title) => html`<button key=${value} type="button" class="segment" aria-pressed=${state.value === value} onClick=${() => (state.value = value)}>${title}</button>`;
  return html`<div class="page wide-page">
    <div class="page-title"><h1>${t("nav.campaigns")}</h1>
      <div class="page-actions">
        <div class="segments many" role="group" aria-label=${t("board.state")}>${segment("", t("campaign.all"))}${STATES.map((each) => segment(each, t(`campaign_state.${each}`)))}</div>
        ${mayManage() && html`<button type="button" class="button strong" disabled=${!online()} onClick=${() => setMaking(true)}><${Icon} name="plus" />${t("campaign.new")}</button>`}
      </div>
    </div>
    <${Card} title=${state.value ? t(`campaign_state.${state.value}`) : t("campaign.all")}>
      ${pages.state === "trouble"
        ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`
        : html`<${Table} label=${t("nav.campaigns")} columns=${columns} rows=${rows} keyOf=${(one) => one.id}
            rowProps=${steered(row, (one) => one.id, (one) => ({ Enter: () => go(campaignAddress(one)) }))}
            empty=${t(pages.state === "loading" ? "history.loading" : state.value ? "campaign.none_so" : "campaign.none")} />`}
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
    <//>
    ${making && html`<${Dialog} kind="wide-dialog" id="new-campaign-title" title=${t("campaign.new")} closed=${() => setMaking(false)}>${(close) => html`<${NewCampaign} close=${close} />`}<//>`}
  </div>`;
}
