// One campaign: what it does now, what it dials by, what became of its attempts, and how it kept the law.

import { useEffect, useState } from "preact/hooks";

import { online } from "./actions.js";
import { get, post } from "./api.js";
import { act } from "./actions.js";
import { CampaignAttempts } from "./campaign_attempts.js";
import { CampaignForm } from "./campaign_form.js";
import { CampaignLive } from "./campaign_live.js";
import { campaignAddress, campaignPath, CampaignState, lacksOf, loadChoices, mayManage, Steps, take } from "./campaign_parts.js";
import { CampaignReport } from "./campaign_report.js";
import { CampaignSamples } from "./campaign_samples.js";
import { asOfNow } from "./campaigns.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { go, may, route } from "./model.js";
import { queueTitle } from "./parts.js";
import { inWords } from "./refused.js";
import { newKey } from "./api.js";

const PARTS = ["live", "settings", "attempts", "report"];

const partOf = (query) => {
  const given = new URLSearchParams(query).get("part");
  return PARTS.includes(given) ? given : "live";
};

/** Why it can't start: everything at once, each with the field that is to be mended. */
function Lacks({ lacks, campaign, close }) {
  return html`<section class="card lacks" role="alert" aria-labelledby="lacks-title">
    <header><h2 id="lacks-title"><${Icon} name="warning" size=${16} />${t("campaign.cant_start")}</h2>
      <button type="button" class="button plain icon-only" aria-label=${t("action.close")} onClick=${close}><${Icon} name="close" /></button></header>
    <ul>${lacks.map(({ field, text, lang }) => html`<li key=${`${field} ${text}`}><a href=${`${campaignAddress(campaign)}?part=settings`}>${fieldTitle(field)}</a><span lang=${lang}>${text}</span></li>`)}</ul>
  </section>`;
}

/** A field's name in words: of `rules.busy` and `caller_ids.0` that of the whole. */
export const fieldTitle = (field) => word("campaign_field", field.split(".")[0]);

export function CampaignPage({ id }) {
  const [found, setFound] = useState({ state: "loading" });
  const [choices, setChoices] = useState(null);
  const [lacks, setLacks] = useState(null);
  const part = partOf(route.value.query);
  const load = async () => {
    try {
      const [one, known] = await Promise.all([get(campaignPath(id)), choices ?? loadChoices()]);
      setChoices(known);
      setFound({ state: "here", one });
    } catch (refusal) {
      setFound((before) => (before.one ? before : { state: "trouble", refusal }));
    }
  };
  useEffect(() => {
    load();
  }, [id]);
  const one = found.one && asOfNow(found.one);
  useEffect(() => {
    document.title = `${one?.name ?? t("nav.campaigns")} · contactcenter`;
  }, [one?.name]);
  if (found.state === "trouble") {
    return html`<div class="page"><div class="page-title"><h1>${t("nav.campaigns")}</h1></div>
      <div class="empty" role="alert"><p>${inWords(found.refusal).text}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button> <a class="button" href="/campaigns">${t("campaign.back")}</a></div></div>`;
  }
  if (!one) return html`<div class="page"><p class="empty" role="status">${t("history.loading")}</p></div>`;
  const step = async (name) => {
    setLacks(null);
    const after = await take(one, name, async (refusal) => setLacks(await lacksOf(one, refusal)));
    if (after) setFound({ state: "here", one: after });
  };
  const copy = () => act(`copy ${id}`, async () => go(`${campaignAddress(await post(campaignPath(id, "copy"), { name: t("campaign.copy_of", { name: one.name }).slice(0, 80) }, { key: newKey() }))}?part=settings`));
  const tab = (name) => html`<a key=${name} class="tab" href=${`${campaignAddress(one)}${name === "live" ? "" : `?part=${name}`}`} aria-current=${part === name ? "page" : undefined}>${t(`campaign_part.${name}`)}</a>`;
  return html`<div class="page campaign-page" data-part=${part}>
    <div class="page-title">
      <div class="campaign-title"><h1 dir="auto">${one.name}</h1><${CampaignState} state=${one.state} />
        <span class="small quiet">${[t(`mode.${one.mode}`), t(`profile.${one.profile}`), one.queue && queueTitle(one.queue)].filter(Boolean).join(" · ")}</span></div>
      <div class="page-actions">
        <${Steps} campaign=${one} done=${step} />
        ${mayManage() && html`<button type="button" class="button" disabled=${!online()} onClick=${copy}>${t("campaign.copy")}</button>`}
      </div>
    </div>
    <nav class="tabs in-page" aria-label=${t("campaign.parts")}>${PARTS.filter((name) => name !== "attempts" || may("leads.read")).map(tab)}</nav>
    ${lacks && html`<${Lacks} lacks=${lacks} campaign=${one} close=${() => setLacks(null)} />`}
    ${part === "live" && html`<${CampaignLive} campaign=${one} />`}
    ${part === "settings" && html`<${CampaignForm} campaign=${found.one} choices=${choices} saved=${(record) => setFound({ state: "here", one: record })} />`}
    ${part === "attempts" && html`<${CampaignAttempts} campaign=${one} />`}
    ${part === "report" && html`<${CampaignReport} campaign=${one} />`}
    ${part === "report" && one.detection && html`<${CampaignSamples} campaign=${one} entered=${(record) => setFound({ state: "here", one: record })} />`}
  </div>`;
}
