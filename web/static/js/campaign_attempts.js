// The attempts of a campaign: one dial of one number each, and what became of it.

import { signal } from "@preact/signals";

import { campaignPath } from "./campaign_parts.js";
import { lasting, logTimeOf } from "./format.js";
import { html } from "./html.js";
import { t, word } from "./language.js";
import { leadAddress } from "./lead_parts.js";
import { usePages } from "./list_pages.js";
import { Card, PhoneNumber } from "./parts.js";
import { personName, usePeople } from "./people.js";
import { Table } from "./table.js";

const OUTCOMES = ["connected", "announced", "dropped", "hung_up", "machine", "message_left", "busy", "no_answer", "rejected", "invalid", "congestion", "failed", "refused", "skipped", "cancelled", "lost"];
const PAUSE_MS = 250;

const outcome = signal("");
const number = signal("");

/** What became of it, with the reason where there is one. */
export function Became({ one }) {
  if (!one.outcome) return html`<span class="quiet">${word("attempt_state", one.state)}</span>`;
  const more = one.refusal ? word("refusal", one.refusal) : one.detail;
  return html`<span data-outcome=${one.outcome}>${t(`attempt.${one.outcome}`)}</span>${more && html` <span class="small quiet"><bdi>${more}</bdi></span>`}`;
}

const talked = (one) => (one.joined_at !== null && one.ended_at !== null ? lasting(one.ended_at - one.joined_at) : "–");

export function CampaignAttempts({ campaign }) {
  usePeople();
  const query = new URLSearchParams(Object.entries({ outcome: outcome.value, number: number.value.trim() }).filter(([, value]) => value)).toString();
  const { pages, more, again } = usePages(campaignPath(campaign.id, "attempts"), query, { pause: PAUSE_MS });
  const columns = [
    [t("attempts.at"), (one) => html`<span class="figures">${logTimeOf(one.saved_at)}</span>`],
    [t("attempts.number"), (one) => (one.lead ? html`<a href=${leadAddress({ id: one.lead })}><${PhoneNumber} number=${one.number} /></a>` : html`<${PhoneNumber} number=${one.number} />`)],
    [t("attempts.became"), (one) => html`<${Became} one=${one} />`],
    [t("attempts.talked"), talked, true],
    [t("board.agent"), (one) => html`<bdi>${one.agent && personName(one.agent)}</bdi>`],
    [t("attempts.shows"), (one) => html`<${PhoneNumber} number=${one.shows} />`],
    [t("attempts.call"), (one) => one.interaction && html`<a href=${`/history/${encodeURIComponent(one.interaction)}`}>${t("attempts.look")}</a>`],
  ];
  return html`<${Card} title=${t("campaign_part.attempts")}>
    <div class="body filters narrow">
      <div class="field"><label for="attempt-outcome">${t("attempts.became")}</label>
        <select class="input" id="attempt-outcome" value=${outcome.value} onChange=${(event) => (outcome.value = event.target.value)}><option value="">${t("attempts.any")}</option>${OUTCOMES.map((code) => html`<option key=${code} value=${code}>${t(`attempt.${code}`)}</option>`)}</select></div>
      <div class="field"><label for="attempt-number">${t("attempts.number")}</label>
        <input class="input phone-number" id="attempt-number" type="tel" inputmode="tel" autocomplete="off" maxlength="33" value=${number.value} onInput=${(event) => (number.value = event.target.value)} /></div>
    </div>
    ${pages.state === "trouble"
      ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`
      : html`<${Table} label=${t("campaign_part.attempts")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} empty=${t(pages.state === "loading" ? "history.loading" : query ? "attempts.none_so" : "attempts.none")} />`}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
  <//>`;
}
