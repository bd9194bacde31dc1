// Samples of the machines: of the calls that a campaign's detection took for machines, how many somebody has listened
// to, and how many of those were persons. The share of drops is bounded by them.

import { useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { newKey, post } from "./api.js";
import { campaignPath, mayManage } from "./campaign_parts.js";
import { dateTimeOf, whole } from "./format.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { usePages } from "./list_pages.js";
import { Card } from "./parts.js";
import { personName, usePeople } from "./people.js";
import { Refused } from "./refused.js";
import { Table } from "./table.js";

const BLANK = { heard: "", persons: "", proof: "" };

function Entry({ campaign, entered }) {
  const [draft, setDraft] = useState(BLANK);
  const [refusal, setRefusal] = useState(null);
  const set = (name) => (event) => setDraft((before) => ({ ...before, [name]: event.target.value }));
  const place = `sample ${campaign.id}`;
  const send = async (event) => {
    event.preventDefault();
    setRefusal(null);
    const body = { heard: Number(draft.heard), persons: Number(draft.persons), proof: draft.proof.trim() };
    await act(place, async () => {
      try {
        const after = await post(campaignPath(campaign.id, "samples"), body, { key: newKey() });
        setDraft(BLANK);
        entered(after);
      } catch (refused) {
        if (refused.status !== 422) throw refused;
        setRefusal(refused);
      }
    });
  };
  const amount = (name, least) => html`<div class="field"><label for=${`sample-${name}`}>${t(`sample.${name}`)}</label>
    <input class="input" id=${`sample-${name}`} type="number" inputmode="numeric" required min=${least} max="100000" step="1" value=${draft[name]} onInput=${set(name)} /></div>`;
  return html`<form class="body stack no-print" onSubmit=${send}>
    <div class="fields two-wide">${amount("heard", 1)} ${amount("persons", 0)}</div>
    <div class="field"><label for="sample-proof">${t("sample.proof")}</label>
      <textarea class="input" id="sample-proof" dir="auto" rows="2" required maxlength="1000" value=${draft.proof} onInput=${set("proof")}></textarea></div>
    <${Refused} refusal=${refusal} id="sample-wrong" />
    <div><button class="button" disabled=${!online()} aria-busy=${pending(place)}>${t("sample.enter")}</button></div>
  </form>`;
}

/** The card. `entered` gets the campaign as it is when a sample was entered. */
export function CampaignSamples({ campaign, entered }) {
  usePeople();
  const { pages, again } = usePages(campaignPath(campaign.id, "samples"), "", { turn: `${campaign.sample.heard} ${campaign.version}` });
  const columns = [
    [t("sample.at"), (one) => html`<span class="figures">${dateTimeOf(one.at)}</span>`],
    [t("sample.heard"), (one) => whole(one.heard), true],
    [t("sample.persons"), (one) => whole(one.persons), true],
    [t("sample.proof"), (one) => html`<span class="written" dir="auto">${one.proof}</span>`],
    [t("sample.login"), (one) => html`<bdi>${personName(one.login)}</bdi>`],
    [t("sample.counts"), (one) => t(one.counts ? "sample.yes" : "sample.no")],
  ];
  return html`<${Card} title=${t("sample.title")}>
    <div class="body"><p class="small quiet">${t("sample.about")}</p></div>
    ${pages.state === "trouble"
      ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`
      : html`<${Table} label=${t("sample.title")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} empty=${t(pages.state === "loading" ? "history.loading" : "sample.none")} />`}
    ${mayManage() && html`<${Entry} campaign=${campaign} entered=${entered} />`}
  <//>`;
}
