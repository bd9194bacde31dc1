// What a campaign does now: its lines against its agents, why it dials as it does, its drops against the law's limit,
// what became of its attempts, and how far its lists are.

import { useEffect, useState } from "preact/hooks";

import { online, pending } from "./actions.js";
import { get, newest } from "./api.js";
import { Bars, campaignPath, Dots, DropGauge, mayManage, refusalRows, RESERVED, Shares } from "./campaign_parts.js";
import { change } from "./conflict.js";
import { dateOf, fine, share, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { link } from "./model.js";
import { Card, Since } from "./parts.js";
import { Table } from "./table.js";

const AGAIN_MS = 5000;
const DAY_S = 86_400;

/** The last word of the pacing, in words. */
function whyOf(live) {
  if (live.state !== "running") return t(live.state === "paused" && live.why ? "pacing.bad" : "pacing.rests");
  if (!live.why) return t("pacing.begins");
  return word("pacing", live.why);
}

function Now({ campaign, live }) {
  const reserved = RESERVED.includes(campaign.mode);
  return html`<${Card} title=${t("live.now")} aside=${html`<span class="small quiet">${t("live.since")} <${Since} since=${live.since} /></span>`}>
    <dl class="dot-rows">
      ${reserved && campaign.mode !== "progressive" && html`<${Dots} name=${t("live.previewing")} n=${live.previewing} look="preview" />`}
      <${Dots} name=${t("live.ringing")} n=${live.ringing} look="ringing" hint=${live.dialling > live.ringing ? t("live.not_ringing", { n: live.dialling - live.ringing }) : ""} />
      ${!reserved && html`<${Dots} name=${t("live.answered")} n=${live.answered} look="answered" />`}
      <${Dots} name=${t("live.talking")} n=${live.talking} look="talking" />
      ${campaign.mode !== "agentless" && html`<${Dots} name=${t("live.free")} n=${live.agents_free} look="free" />`}
    </dl>
    <p class="pacing-why" role="status"><${Icon} name=${live.state === "running" ? "campaigns" : "held"} /><span>${whyOf(live)}${live.state === "running" && live.wanted > 0 ? ` ${t("pacing.placed", { n: live.wanted })}` : ""}</span></p>
    <p class="small quiet hopper">${t("live.hopper", { n: live.hopper })} · ${t("live.placed_period", { n: live.placed, count: whole(live.placed) })}</p>
  <//>`;
}

/** How many calls at once: the throttle, without a look at the settings. */
function Throttle({ campaign }) {
  const [value, setValue] = useState(campaign.most_calls);
  useEffect(() => setValue(campaign.most_calls), [campaign.most_calls]);
  if (!mayManage() || campaign.state === "archived") return null;
  const name = `throttle ${campaign.id}`;
  const words = { title: campaign.name, label: () => t("campaign_field.most_calls"), show: (_, shown) => String(shown) };
  const send = (event) => {
    event.preventDefault();
    const most = Number(value);
    if (online() && most >= 1 && most !== campaign.most_calls) change({ name, path: campaignPath(campaign.id), body: { most_calls: most }, base: campaign, words });
  };
  return html`<form class="throttle" onSubmit=${send}>
    <label for="throttle">${t("live.throttle")}</label>
    <input class="input figures" id="throttle" type="number" min="1" max="2000" value=${value} onInput=${(event) => setValue(event.target.value)} />
    <button class="button" disabled=${!online() || Number(value) === campaign.most_calls || !(Number(value) >= 1)} aria-busy=${pending(name)}>${t("live.set")}</button>
  </form>`;
}

const WIDTH = 14;
const GAP = 4;
const HEIGHT = 64;

/** The share of drops of each day of the period, with the law's limit across. */
function Days({ days, limit, startedAt }) {
  const most = Math.max(limit * 1.6, ...days.map((day) => day.share));
  const y = (value) => HEIGHT - (value / most) * HEIGHT;
  const width = days.length * (WIDTH + GAP);
  return html`<div class="day-bars">
    <svg width="100%" height=${HEIGHT} viewBox=${`0 0 ${width} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      ${days.map((day, place) => {
        const tall = day.answered ? Math.max(2, HEIGHT - y(day.share)) : 1;
        const look = !day.answered ? "none" : day.share > limit ? "over" : "under";
        return html`<rect key=${day.day} data-look=${look} x=${place * (WIDTH + GAP)} y=${HEIGHT - tall} width=${WIDTH} height=${tall} rx="1" />`;
      })}
      <line x1="0" x2=${width} y1=${y(limit)} y2=${y(limit)} />
    </svg>
    <p class="line small quiet"><span>${dateOf(startedAt + days[0].day * DAY_S)}</span><span>${t("drops.days_line", { limit: fine(limit) })}</span><span>${t("drops.today")}</span></p>
    <details class="small"><summary>${t("drops.as_table")}</summary>
      <${Table} label=${t("drops.by_day")} keyOf=${(day) => day.day} rows=${days.filter((day) => day.answered)} empty=${t("drops.none_yet")}
        columns=${[[t("drops.day"), (day) => dateOf(startedAt + day.day * DAY_S)], [t("drops.answered"), (day) => whole(day.answered), true], [t("attempt.dropped"), (day) => whole(day.dropped), true], [t("drops.share"), (day) => (day.answered ? fine(day.share) : "–"), true]]} />
    </details>
  </div>`;
}

function Drops({ campaign, figures, live }) {
  if (RESERVED.includes(campaign.mode)) return html`<${Card} title=${t("drops.title")}><p class="empty">${t("drops.reserved")}</p><//>`;
  const { drop_target: target, drop_limit: limit } = campaign.terms;
  const counted = (one) => ({ share: one.share, answered: one.answered, target, limit });
  const period = live ? { share: live.drop_share, answered: live.connected + live.dropped, target, limit } : counted(figures.period);
  return html`<${Card} title=${t("drops.title")}>
    <div class="body stack">
      <${DropGauge} counted=${counted(figures.today)} label=${t("drops.today")} />
      <${DropGauge} counted=${period} label=${t("drops.period_n", { n: figures.period_days })} />
      <${DropGauge} counted=${counted(figures.window)} label=${t("drops.window_n", { n: figures.period_days })} />
      <p class="small quiet">${t("drops.bound")}</p>
      ${figures.days.length > 1 && html`<${Days} days=${figures.days} limit=${limit} startedAt=${figures.started_at} />`}
    </div>
  <//>`;
}

/** Every list as one bar: reached, given up, still due. */
function Lists({ lists }) {
  if (!lists.length) return html`<p class="empty">${t("live.no_lists")}</p>`;
  return html`<ul class="penetration">
    ${lists.map((one) => {
      const parts = [["done", one.closed], ["going", one.leased], ["due", one.due], ["held", one.held]];
      const all = parts.reduce((sum, [, n]) => sum + n, 0);
      return html`<li key=${one.list}>
        <div class="line"><strong dir="auto">${one.name}</strong><span class="small figures">${t("live.reached", { share: all ? share(one.closed / all) : "–", n: all, count: whole(all) })}</span></div>
        <div class="shares-bar" aria-hidden="true">${parts.map(([look, n]) => n > 0 && html`<i key=${look} data-lead=${look} style=${{ flexGrow: n }}></i>`)}</div>
        <p class="small quiet lead-parts">${parts.map(([look, n]) => html`<span key=${look}><i data-lead=${look} aria-hidden="true"></i>${t(`lead_part.${look}`)} <b class="figures">${whole(n)}</b></span>`)}</p>
      </li>`;
    })}
  </ul>`;
}

export function CampaignLive({ campaign }) {
  const [found, setFound] = useState({ figures: null, trouble: false });
  useEffect(() => {
    const ask = newest(() => get(campaignPath(campaign.id, "figures")), (figures) => setFound({ figures, trouble: false }));
    const load = () => ask().catch(() => setFound((before) => ({ ...before, trouble: true })));
    load();
    const timer = setInterval(() => link.value.up && !document.hidden && load(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [campaign.id, campaign.state]);
  const { figures, trouble } = found;
  const live = campaign.live ?? null;
  return html`<div class="campaign-live">
    <div class="column">
      ${live ? html`<${Now} campaign=${campaign} live=${live} />` : html`<${Card} title=${t("live.now")}><p class="empty">${t(`live.${campaign.state === "draft" ? "never" : "rests"}`)}</p><//>`}
      <${Throttle} campaign=${campaign} />
      ${trouble && !figures && html`<div class="empty" role="alert"><p>${t("error.load")}</p></div>`}
      ${figures && html`<${Card} title=${t("live.lists")}><div class="body"><${Lists} lists=${figures.lists} /></div><//>`}
    </div>
    <div class="column">
      ${figures && html`<${Drops} campaign=${campaign} figures=${figures} live=${live} />
        <${Card} title=${t("live.outcomes")} aside=${html`<span class="small quiet">${t("live.in_period")}</span>`}><div class="body"><${Shares} counts=${figures.outcomes} label=${t("live.outcomes")} empty=${t("live.no_attempts")} /></div><//>
        `}
      ${live && html`<${Card} title=${t("live.refusals")} aside=${html`<span class="small quiet">${t("live.since_start")}</span>`}><div class="body"><${Bars} rows=${refusalRows(live.refusals)} label=${t("live.refusals")} empty=${t("live.no_refusals")} /></div><//>`}
    </div>
  </div>`;
}
