// How a campaign kept the law, period by period: a page to print and to keep. The figures are the server's; the words
// are made here, so that they are in the language of whoever reads.

import { useEffect, useState } from "preact/hooks";

import { get } from "./api.js";
import { Bars, campaignPath, DropGauge, refusalRows, Shares } from "./campaign_parts.js";
import { dateTimeOf, fine, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { Source } from "./law_sources.js";
import { Card } from "./parts.js";
import { inWords } from "./refused.js";
import { Table } from "./table.js";

const seconds = (value) => (value === null ? "–" : t("time.seconds", { n: value.toFixed(2) }));
const days = (value) => (value === null ? "–" : t("report.days", { n: value.toFixed(1) }));

/** What a rule is judged by, in words. */
const SAYS = {
  drops: (one) => ({ share: fine(one.share), limit: fine(one.limit), dropped: whole(one.dropped), answered: whole(one.connected + one.dropped), misjudged: one.misjudged.toFixed(1), machines: whole(one.machines) }),
  clock: (one) => ({ n: whole(one.waits_too_long), longest: seconds(one.longest_wait_s) }),
  hours: (one) => ({ n: whole(one.outside_hours), earliest: one.earliest || "–", latest: one.latest || "–" }),
  message: (one) => ({ n: whole(one.no_message) }),
  ring: (one) => ({ n: whole(one.rings_too_short), shortest: seconds(one.shortest_ring_s) }),
  do_not_call: (one) => ({ asked: whole(one.opt_outs), slowest: seconds(one.slowest_opt_out_s), later: whole(one.called_after_opt_out) }),
  caps: (one) => ({ n: whole(one.calls_too_many), most: whole(one.most_calls_a_day) }),
  after_drop: (one) => ({ n: whole(one.redialled_too_early) }),
  national_list: (one) => ({ n: whole(one.list_too_old), oldest: days(one.oldest_list_days) }),
  consent: (one) => ({ n: whole(one.consent_missing), placed: whole(one.consent_due) }),
  records: (one) => ({ n: whole(one.incomplete), open: whole(one.open), lost: whole(one.lost) }),
};

const saysOf = (rule, period) => (rule === "do_not_call" && !period.opt_outs ? t("report_says.nobody_asked") : t(`report_says.${rule}`, SAYS[rule](period)));

function Verdicts({ period }) {
  const columns = [
    [t("report.rule"), (one) => html`<strong>${t(`report_rule.${one.rule}`)}</strong>`],
    [t("report.kept"), (one) => html`<span class="verdict-word" data-kept=${one.kept}><${Icon} name=${one.kept ? "check" : "warning"} size=${16} />${t(one.kept ? "report.yes" : "report.no")}</span>`],
    [t("report.figures"), (one) => saysOf(one.rule, period)],
    [t("report.source"), (one) => html`<${Source} source=${one.source} look="small quiet" />`],
  ];
  return html`<${Table} label=${t("report.rules")} columns=${columns} rows=${period.verdicts} keyOf=${(one) => one.rule} empty="" />`;
}

const usedColumns = (what) => [
  [what, (one) => html`<bdi>${one.name}</bdi>`],
  [t("report.calls"), (one) => whole(one.calls), true],
  [t("report.first"), (one) => html`<span class="figures">${dateTimeOf(one.first_at)}</span>`],
  [t("report.last"), (one) => html`<span class="figures">${dateTimeOf(one.last_at)}</span>`],
];

function Period({ period, report }) {
  const broken = period.verdicts.filter(({ kept }) => !kept).length;
  const facts = [
    ["report.placed", whole(period.placed)], ["report.reserved", whole(period.reserved)], ["report.connected", whole(period.connected)],
    ["report.dropped", whole(period.dropped)], ["report.hung_up", whole(period.hung_up)], ["report.late", whole(period.late)],
    ["report.machines", whole(period.machines)], ["report.heard", t("report.heard_of", { heard: whole(period.heard), persons: whole(period.persons) })],
  ];
  const title = t(report.made_at < period.ends_at ? "report.period_runs" : "report.period", { n: period.number });
  return html`<${Card} title=${title} aside=${html`<span class="verdict-word" data-kept=${!broken}><${Icon} name=${broken ? "warning" : "check"} size=${16} />${broken ? t("report.broken", { n: broken }) : t("report.all_kept")}</span>`}>
    <div class="body stack">
      <p class="small quiet">${dateTimeOf(period.begins_at)} – ${dateTimeOf(period.ends_at)}</p>
      <${DropGauge} label=${t("report_rule.drops")} counted=${{ share: period.share, target: period.target, limit: period.limit, answered: period.connected + period.dropped }} />
      <dl class="report-facts">${facts.map(([key, value]) => html`<div key=${key}><dt>${t(key)}</dt><dd class="figures">${value}</dd></div>`)}</dl>
    </div>
    <${Verdicts} period=${period} />
    <div class="report-pair">
      <div class="body"><h3>${t("live.outcomes")}</h3><${Shares} counts=${period.outcomes} label=${t("live.outcomes")} empty=${t("live.no_attempts")} /></div>
      <div class="body"><h3>${t("live.refusals")}</h3><${Bars} rows=${refusalRows(period.refusals)} label=${t("live.refusals")} empty=${t("live.no_refusals")} /></div>
    </div>
    <div class="report-pair">
      <${Table} label=${t("report.messages")} columns=${usedColumns(t("report.messages"))} rows=${period.messages} keyOf=${(one) => one.name} empty=${t("report.no_messages")} />
      <${Table} label=${t("report.shown")} columns=${usedColumns(t("report.shown"))} rows=${period.caller_ids} keyOf=${(one) => one.name} empty=${t("report.no_shown")} />
    </div>
  <//>`;
}

export function CampaignReport({ campaign }) {
  const [found, setFound] = useState({ report: null, refusal: null });
  const load = async () => {
    try {
      setFound({ report: await get(campaignPath(campaign.id, "compliance")), refusal: null });
    } catch (refusal) {
      setFound({ report: null, refusal });
    }
  };
  useEffect(() => {
    load();
  }, [campaign.id, campaign.sample.heard, campaign.sample.persons]);
  const { report, refusal } = found;
  if (refusal) return html`<div class="empty" role="alert"><p>${inWords(refusal).text}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div>`;
  if (!report) return html`<p class="empty" role="status">${t("history.loading")}</p>`;
  return html`<div class="campaign-report stack">
    <div class="report-head">
      <div><p>${t("report.about", { profile: t(`profile.${report.profile}`), n: report.period_days })}</p>
        <p class="small quiet">${t("report.made", { at: dateTimeOf(report.made_at) })}${report.started_at !== null ? ` · ${t("report.started", { at: dateTimeOf(report.started_at) })}` : ""}</p></div>
      <button type="button" class="button no-print" onClick=${() => print()}><${Icon} name="print" />${t("report.print")}</button>
    </div>
    ${report.periods.length ? [...report.periods].reverse().map((period) => html`<${Period} key=${period.number} period=${period} report=${report} />`) : html`<${Card} title=${t("campaign_part.report")}><p class="empty">${t("live.no_attempts")}</p><//>`}
    <p class="small quiet">${t("report.no_advice")}</p>
  </div>`;
}
