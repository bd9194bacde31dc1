// What several pages say of campaigns: their state and what may follow it, their mode, and pictures of shares.

import { act, online, pending } from "./actions.js";
import { get, post } from "./api.js";
import { fine, share, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { may } from "./model.js";
import { dispositionTitle } from "./parts.js";
import { inWords } from "./refused.js";

export const MODES = ["manual", "preview", "progressive", "power", "predictive", "agentless"];
export const STATES = ["running", "paused", "draft", "stopped", "archived"];
/** In these an agent is kept before the call is placed: nobody can be dropped. */
export const RESERVED = ["manual", "preview", "progressive"];

const LOOKS = { draft: "offline", running: "available", paused: "held", stopped: "offline", archived: "offline" };
const ICONS = { draft: "edit", running: "play", paused: "held", stopped: "stop", archived: "closed" };
const STEPS = { draft: ["start", "archive"], running: ["pause", "stop"], paused: ["start", "stop"], stopped: ["start", "archive"], archived: [] };
const STEP_ICONS = { start: "play", pause: "held", stop: "stop", archive: "closed" };

export const mayManage = () => may("campaigns.manage");

export const campaignAddress = ({ id }) => `/campaigns/${encodeURIComponent(id)}`;
export const campaignPath = (id, ...rest) => ["/api/campaigns", encodeURIComponent(id), ...rest].join("/");

export function CampaignState({ state }) {
  return html`<span class="state" data-state=${LOOKS[state]} data-campaign=${state}><${Icon} name=${ICONS[state]} size=${16} /><span>${t(`campaign_state.${state}`)}</span></span>`;
}

/** A step of the campaign; `wrong` gets a refusal that says what is missing. Answers the campaign as it is then. */
export async function take(campaign, step, wrong = null) {
  let after = null;
  await act(`campaign ${campaign.id}`, async () => {
    try {
      after = await post(campaignPath(campaign.id, step));
    } catch (refusal) {
      if (wrong && refusal.status === 422) await wrong(refusal);
      else throw refusal;
    }
  }, step);
  return after;
}

/** The buttons of what may follow the state. */
export function Steps({ campaign, done }) {
  if (!mayManage()) return null;
  return html`${STEPS[campaign.state].map(
    (step, place) => html`<button key=${step} type="button" class="button ${step === "start" ? "strong" : ""} ${step === "stop" ? "danger" : ""}" data-step=${step}
      disabled=${!online()} aria-busy=${pending(`campaign ${campaign.id}`)} onClick=${() => done(step)}><${Icon} name=${STEP_ICONS[step]} size=${16} />${t(`campaign_step.${step}`)}</button>`,
  )}`;
}

/** What became of an attempt, or what the agent said of it: rules are for both. */
export const outcomeTitle = (code) => (word("attempt", code) === code ? dispositionTitle(code) : t(`attempt.${code}`));

/** Why a campaign can't start, in words: `{field, text, lang}` each. `refusal` says so where the reasons can't be read. */
export async function lacksOf(campaign, refusal = null) {
  const said = (field, detail) => ({ field, ...inWords({ status: 422, code: "", message: detail }) });
  try {
    const { items } = await get(campaignPath(campaign.id, "problems"));
    if (items.length || !refusal) {
      return items.map((one) => {
        if (word("lack", one.lack) === one.lack) return said(one.field, one.says);
        const values = one.lack === "endless_rule" ? { given: outcomeTitle(one.given), wanted: inWords({ status: 422, code: "", message: one.wanted }).text } : one;
        return { field: one.field, text: t(`lack.${one.lack}`, values) };
      });
    }
  } catch {
    // what was refused is known all the same
  }
  const errors = refusal?.errors.length ? refusal.errors : refusal ? [{ field: refusal.field, detail: refusal.message }] : [];
  return errors.map(({ field, detail }) => said(field, detail));
}

/** What campaigns may name, and what the law says: asked for when a page opens. */
export const loadChoices = () => get("/api/campaigns/choices");

// --- pictures ---

/** Nearer to each other, in parts of the width, the words of aim and limit don't stand side by side. */
const ROOM = 0.18;

/** The share of drops beside what is aimed at and what the law allows. `counted` is `{share, target, limit, answered}`. */
export function DropGauge({ counted, label, small = false }) {
  const { share: value, target, limit, answered } = counted;
  const end = Math.max(limit * 1.6, value * 1.15);
  const at = (part) => `${Math.min(100, (100 * part) / end)}%`;
  const verdict = value > limit ? "over" : value > target ? "near" : "under";
  const says = answered ? t("drops.says", { label, share: fine(value), limit: fine(limit), n: whole(answered) }) : t("drops.none", { label, limit: fine(limit) });
  return html`<div class="drop-gauge ${small ? "small-gauge" : ""}" data-verdict=${answered ? verdict : "under"} role="img" aria-label=${says}>
    ${!small && html`<div class="line"><span class="small quiet">${label}</span><span class="drop-value figures">${verdict !== "under" && answered > 0 && html`<${Icon} name="warning" size=${16} />`}${answered ? fine(value) : "–"}</span></div>`}
    <span class="rule">
      <i class="filled" style=${{ inlineSize: answered ? at(value) : "0%" }}></i>
      <i class="aim" style=${{ insetInlineStart: at(target) }}></i>
      <i class="most" style=${{ insetInlineStart: at(limit) }}></i>
    </span>
    ${small
      ? html`<span class="small figures">${answered ? fine(value) : "–"} <span class="quiet">/ ${fine(limit)}</span></span>`
      : (limit - target) / end < ROOM
        ? html`<span class="small quiet" aria-hidden="true">${t("drops.target", { share: fine(target) })} · ${t("drops.limit", { share: fine(limit) })}</span>`
        : html`<span class="scale small quiet" aria-hidden="true"><span style=${{ insetInlineStart: at(target) }}>${t("drops.target", { share: fine(target) })}</span><span style=${{ insetInlineStart: at(limit) }}>${t("drops.limit", { share: fine(limit) })}</span></span>`}
  </div>`;
}

/** One dot for each: how many lines stand against how many agents is seen at once. */
export function Dots({ name, n, look, hint }) {
  const shown = Math.min(n, 60);
  return html`<div class="dot-row" data-dots=${look}>
    <dt>${name}</dt>
    <dd class="figures">${whole(n)}</dd>
    <dd class="dots" aria-hidden="true">${Array.from({ length: shown }, (_, place) => html`<i key=${place}></i>`)}${n > shown && html`<span class="small quiet">+${whole(n - shown)}</span>`}</dd>
    ${hint && html`<dd class="small quiet dot-hint">${hint}</dd>`}
  </div>`;
}

/** Outcomes, in the order in which they are shown, with the look of their part. */
const OUTCOMES = {
  connected: "talk", announced: "talk", dropped: "drop", hung_up: "hung", machine: "machine", message_left: "machine", no_answer: "quiet",
  busy: "busy", rejected: "busy", invalid: "bad", congestion: "bad", failed: "bad", lost: "bad", cancelled: "apart", skipped: "apart", refused: "apart",
};

/** What became of the attempts, as parts of one bar with a legend: `counts` by outcome. */
export function Shares({ counts, label, empty }) {
  const known = Object.keys(OUTCOMES).filter((code) => counts[code] > 0);
  const all = known.reduce((sum, code) => sum + counts[code], 0);
  if (!all) return html`<p class="empty">${empty}</p>`;
  return html`<figure class="shares">
    <div class="shares-bar" aria-hidden="true">${known.map((code) => html`<i key=${code} data-part=${OUTCOMES[code]} style=${{ flexGrow: counts[code] }}></i>`)}</div>
    <ul class="shares-legend" aria-label=${label}>
      ${known.map((code) => html`<li key=${code}><i data-part=${OUTCOMES[code]} aria-hidden="true"></i><span>${t(`attempt.${code}`)}</span><strong class="figures">${(counts[code] < all / 100 ? fine : share)(counts[code] / all)}</strong><span class="small quiet figures">${whole(counts[code])}</span></li>`)}
    </ul>
  </figure>`;
}

/** A list of counts as bars, the longest first: `rows` are `[word, count, key]`. */
export function Bars({ rows, label, empty }) {
  const shown = rows.filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
  if (!shown.length) return html`<p class="empty">${empty}</p>`;
  const most = shown[0][1];
  return html`<ul class="count-bars" aria-label=${label}>
    ${shown.map(([name, n, key]) => html`<li key=${key}><span>${name}</span><span class="count-room" aria-hidden="true"><i style=${{ inlineSize: `${(100 * n) / most}%` }}></i></span><strong class="figures">${whole(n)}</strong></li>`)}
  </ul>`;
}

/** Refusals in words, for `Bars`. */
export const refusalRows = (counts) => Object.entries(counts).map(([code, n]) => [word("refusal", code), n, code]);
