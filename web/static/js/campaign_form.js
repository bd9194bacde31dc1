// What a campaign dials by, as a form. Beside each field that the law knows stands what it says; a campaign may be
// stricter, never looser. What is typed stays until it is saved or thrown away.

import { useEffect, useState } from "preact/hooks";

import { online, pending } from "./actions.js";
import { campaignPath, lacksOf, mayManage, MODES, RESERVED } from "./campaign_parts.js";
import { fieldTitle } from "./campaign_page.js";
import { change } from "./conflict.js";
import { MomentInput } from "./due.js";
import { dayTimeOf, fine, longTime } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { language, t, word } from "./language.js";
import { Source } from "./law_sources.js";
import { me, toast } from "./model.js";
import { dispositionTitle, queueTitle } from "./parts.js";
import { PersonChoice, TeamChoice, usePeople } from "./people.js";
import { inWords, Refused } from "./refused.js";
import { baseOf, drop, write, writtenAt } from "./written.js";
import { DAYS, dayText, spansOf, WeekPicture } from "./week_picture.js";

const RULED = ["no_answer", "busy", "rejected", "machine", "message_left", "hung_up", "dropped", "congestion", "failed", "lost", "invalid"];
const KEYS = [..."0123456789*#"];
/** Asterisk's usual values, which fit most lines. */
const DETECTION = {
  total_analysis_ms: 5000, initial_silence_ms: 2500, greeting_ms: 1500, after_greeting_silence_ms: 800, between_words_silence_ms: 50,
  min_word_ms: 100, max_words: 3, silence_threshold: 256, on_machine: "hang_up",
};

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** What the law says to a field of this profile, and where it is written; null: nothing. */
function lawOf(name, profile) {
  const says = {
    drop_target: () => t("law.drop_target", { limit: fine(profile.drop_limit), target: fine(profile.drop_target) }),
    ring_s: () => t("law.ring_s", { n: profile.ring_s }),
    calls_a_day: () => t("law.calls_a_day", { n: profile.calls_a_day }),
    week: () => t("law.week"),
    message: () => t("law.message", { n: profile.clock_s }),
    on_machine: () => t(profile.hang_up_on_machines ? "law.may_hang_up" : "law.must_speak"),
    marketing: () => [profile.national_list_days === null ? "" : t("law.national_list", { n: profile.national_list_days }), t(profile.consent ? "law.consent" : "law.no_consent")].filter(Boolean).join(" "),
    rules: () => (profile.after_drop_h ? t("law.after_drop", { n: profile.after_drop_h }) : t("law.after_drop_reserved")),
  }[name];
  const source = { drop_target: "drop_limit", message: "clock_s", on_machine: "hang_up_on_machines", marketing: profile.consent ? "consent" : "national_list_days", rules: "after_drop_h" }[name] ?? name;
  return says ? { text: says(), source: profile.sources[source] ?? "" } : null;
}

function Law({ name, profile }) {
  const law = profile && lawOf(name, profile);
  if (!law) return null;
  return html`<p class="law small"><${Icon} name="law" size=${14} /><span>${law.text}${law.source && html` <${Source} source=${law.source} />`}</span></p>`;
}

/** The form's parts get `form`: `{value, set, off, profile, lacks}`. */
function Field({ form, name, label, hint = "", law = "", wide = false, looser = "", children }) {
  const id = `campaign-${name}`;
  const lacks = form.lacks.filter(({ field }) => field === name || field.startsWith(`${name}.`));
  return html`<div class="field set ${wide ? "wide" : ""} ${lacks.length || looser ? "is-wrong" : ""}">
    <label for=${id}>${label}</label>
    ${children({ id, disabled: form.off, "aria-invalid": Boolean(lacks.length || looser) || undefined, "aria-describedby": `${id}-says` })}
    <div id=${`${id}-says`}>
      ${hint && html`<p class="small quiet hint">${hint}</p>`}
      ${law && html`<${Law} name=${law} profile=${form.profile} />`}
      ${looser && html`<p class="error-text"><${Icon} name="warning" size=${14} /> ${looser}</p>`}
      <${LackWords} lacks=${lacks} />
    </div>
  </div>`;
}

const LackWords = ({ lacks }) => lacks.map(({ field, text, lang }) => html`<p key=${field + text} class="error-text" lang=${lang}><${Icon} name="warning" size=${14} /> ${text}</p>`);

function Text({ form, name, area = false, most = 200, ...rest }) {
  const put = (event) => form.set(name, event.target.value);
  return html`<${Field} form=${form} name=${name} ...${rest}>
    ${(more) => (area ? html`<textarea class="input" ...${more} dir="auto" rows="4" maxlength=${most} value=${form.value(name)} onInput=${put}></textarea>` : html`<input class="input" ...${more} dir="auto" maxlength=${most} autocomplete="off" value=${form.value(name)} onInput=${put} />`)}
  <//>`;
}

/** A number with its unit; `empty` is what an empty field means. `most` and `least` are the law's. */
function Amount({ form, name, unit = "", scale = 1, empty = undefined, least = null, most = null, words = String, ...rest }) {
  const value = form.value(name);
  const shown = typeof value === "number" ? Math.round(value * scale * 1000) / 1000 : (value ?? "");
  const put = (event) => {
    const text = event.target.value.trim().replace(",", ".");
    const number = Number(text);
    form.set(name, text === "" ? (empty === undefined ? "" : empty) : Number.isNaN(number) ? text : number / scale);
  };
  const number = typeof value === "number" ? value : null;
  const looser = number === null ? "" : most !== null && number > most ? t("law.at_most", { value: words(most) }) : least !== null && number < least ? t("law.at_least", { value: words(least) }) : "";
  return html`<${Field} form=${form} name=${name} looser=${looser} ...${rest}>
    ${(more) => html`<span class="with-unit"><input class="input figures" ...${more} inputmode="decimal" autocomplete="off" value=${shown} onInput=${put} />${unit && html`<span class="quiet small">${unit}</span>`}</span>`}
  <//>`;
}

function Choice({ form, name, options, ...rest }) {
  const value = form.value(name) ?? "";
  const known = options.some(([each]) => each === value);
  return html`<${Field} form=${form} name=${name} ...${rest}>
    ${(more) => html`<select class="input" ...${more} value=${value} onChange=${(event) => form.set(name, event.target.value)}>
      ${!known && html`<option value=${value}>${value || t("campaign.choose")}</option>`}
      ${options.map(([each, title]) => html`<option key=${each} value=${each}>${title}</option>`)}
    </select>`}
  <//>`;
}

function Switch({ form, name, label, hint = "", law = "" }) {
  const id = `campaign-${name}`;
  return html`<div class="field set switch-field">
    <label class="check" for=${id}><input type="checkbox" id=${id} disabled=${form.off} checked=${Boolean(form.value(name))} onChange=${(event) => form.set(name, event.target.checked)} /><span>${label}</span></label>
    ${hint && html`<p class="small quiet hint">${hint}</p>`}
    ${law && html`<${Law} name=${law} profile=${form.profile} />`}
    <${LackWords} lacks=${form.lacks.filter(({ field }) => field === name)} />
  </div>`;
}

const Group = ({ id, title, hint = "", children }) => html`<section class="card form-group" id=${id} aria-labelledby=${`${id}-title`}>
  <header><h2 id=${`${id}-title`}>${title}</h2></header>
  <div class="body">${hint && html`<p class="small quiet">${hint}</p>`}${children}</div>
</section>`;

/** Which lists are dialled, and how many of each come in turn. */
function Lists({ form, lists }) {
  const chosen = form.value("lists");
  const left = lists.filter((one) => !chosen.some(({ list }) => list === one.id));
  const nameOf = (id) => lists.find((one) => one.id === id)?.name ?? id;
  const all = chosen.reduce((sum, { weight }) => sum + (Number(weight) || 0), 0);
  const put = (place, change) => form.set("lists", chosen.flatMap((each, at) => (at !== place ? [each] : change ? [{ ...each, ...change }] : [])));
  return html`<div class="rows-of">
    ${chosen.map(({ list, weight }, place) => html`<div key=${list} class="list-row">
      <span dir="auto">${nameOf(list)}</span>
      <span class="with-unit"><input class="input figures" type="number" min="1" max="1000" disabled=${form.off} aria-label=${t("campaign.weight_of", { name: nameOf(list) })} value=${weight} onInput=${(event) => put(place, { weight: Number(event.target.value) })} /></span>
      <span class="weight" aria-hidden="true"><i style=${{ inlineSize: all ? `${(100 * weight) / all}%` : "0%" }}></i></span>
      <span class="small quiet figures">${all ? t("campaign.of_all", { n: Math.round((100 * weight) / all) }) : "–"}</span>
      <button type="button" class="button plain icon-only" disabled=${form.off} aria-label=${t("settings.remove_what", { what: nameOf(list) })} onClick=${() => put(place, null)}><${Icon} name="close" /></button>
    </div>`)}
    ${!chosen.length && html`<p class="quiet small">${t("campaign.no_lists")}</p>`}
    ${left.length > 0 && html`<select class="input add" disabled=${form.off} aria-label=${t("campaign.add_list")} value="" onChange=${(event) => form.set("lists", [...chosen, { list: event.target.value, weight: 1 }])}>
      <option value="">${t("campaign.add_list")}</option>${left.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}</select>`}
    <${LackWords} lacks=${form.lacks.filter(({ field }) => field.split(".")[0] === "lists")} />
  </div>`;
}

/** The numbers that are shown to who is called: of the verified ones. */
function CallerIds({ form, callerIds }) {
  const chosen = form.value("caller_ids");
  const offered = [...new Set([...callerIds, ...chosen])];
  const toggle = (number) => form.set("caller_ids", chosen.includes(number) ? chosen.filter((each) => each !== number) : [...chosen, number]);
  return html`<fieldset class="field set">
    <legend class="legend">${t("campaign_field.caller_ids")}</legend>
    <div class="checks">${offered.map((number) => html`<label key=${number} class="check"><input type="checkbox" disabled=${form.off} checked=${chosen.includes(number)} onChange=${() => toggle(number)} /><bdi class="phone-number">${number}</bdi></label>`)}
      ${!offered.length && html`<span class="quiet small">${t("campaign.no_caller_ids")}</span>`}</div>
    <p class="small quiet hint">${t("campaign.caller_ids_hint")}</p>
    <${LackWords} lacks=${form.lacks.filter(({ field }) => field.split(".")[0] === "caller_ids")} />
  </fieldset>`;
}

/** When a lead is dialled again, outcome by outcome. What no rule names is closed. */
function Rules({ form }) {
  const rules = form.value("rules");
  const words = (code) => (RULED.includes(code) ? t(`attempt.${code}`) : dispositionTitle(code));
  const codes = [...RULED, ...me.value.dispositions.map(({ code }) => code)].filter((code) => !(code in rules));
  const put = (code, change) => {
    const { [code]: rule, ...others } = rules;
    form.set("rules", change ? { ...rules, [code]: { ...rule, ...change } } : others);
  };
  const number = (code, key, label, scale, rest) => html`<span class="with-unit"><input class="input figures" type="number" step="any" disabled=${form.off} aria-label=${t("campaign.rule_part", { outcome: words(code), part: label })} value=${rules[code][key] / scale} onInput=${(event) => put(code, { [key]: Number(event.target.value) * scale })} ...${rest} /></span>`;
  const check = (code, key, label) => html`<label class="check"><input type="checkbox" disabled=${form.off} checked=${rules[code][key]} onChange=${(event) => put(code, { [key]: event.target.checked })} /><span>${label}</span></label>`;
  return html`<div class="rows-of">
    ${Object.keys(rules).length > 0 &&
    html`<div class="table-wrap"><table class="table rules-table" aria-label=${t("campaign_field.rules")}>
      <thead><tr><th scope="col">${t("campaign.rule_outcome")}</th><th scope="col">${t("campaign.rule_after")}</th><th scope="col">${t("campaign.rule_limit")}</th><th scope="col">${t("campaign.rule_how")}</th><th scope="col">${t("settings.remove")}</th></tr></thead>
      <tbody>${Object.keys(rules).map((code) => html`<tr key=${code}>
        <td data-label=${t("campaign.rule_outcome")}><strong>${words(code)}</strong><${LackWords} lacks=${form.lacks.filter(({ field }) => field === `rules.${code}`)} /></td>
        <td data-label=${t("campaign.rule_after")}>${number(code, "after_s", t("campaign.rule_after"), 60, { min: 1 })} <span class="small quiet">${longTime(rules[code].after_s || 0)}</span></td>
        <td data-label=${t("campaign.rule_limit")}>${number(code, "limit", t("campaign.rule_limit"), 1, { min: 1, max: 100, step: 1 })}</td>
        <td data-label=${t("campaign.rule_how")}><span class="checks">${check(code, "next_number", t("campaign.rule_next"))}${check(code, "other_time", t("campaign.rule_other"))}</span></td>
        <td data-label=${t("settings.remove")}><button type="button" class="button plain icon-only" disabled=${form.off} aria-label=${t("settings.remove_what", { what: words(code) })} onClick=${() => put(code, null)}><${Icon} name="close" /></button></td>
      </tr>`)}</tbody>
    </table></div>`}
    <select class="input add" disabled=${form.off} aria-label=${t("campaign.add_rule")} value="" onChange=${(event) => put(event.target.value, { after_s: 3600, limit: 3, next_number: false, other_time: false })}>
      <option value="">${t("campaign.add_rule")}</option>${codes.map((code) => html`<option key=${code} value=${code}>${words(code)}</option>`)}</select>
    <p class="small quiet">${t("campaign.rules_hint")}</p>
    <${Law} name="rules" profile=${form.profile} />
  </div>`;
}

function Detection({ form }) {
  const detection = form.value("detection");
  const id = "campaign-detection";
  const fields = Object.keys(DETECTION).filter((key) => key !== "on_machine");
  return html`<div class="stack">
    <label class="check" for=${id}><input type="checkbox" id=${id} disabled=${form.off} checked=${detection !== null} onChange=${(event) => form.set("detection", event.target.checked ? DETECTION : null)} /><span>${t("campaign.detects")}</span></label>
    <p class="small quiet">${t("campaign.detects_hint")}</p>
    ${detection &&
    html`<div class="fields">
      <${Choice} form=${form} name="detection.on_machine" label=${t("campaign.on_machine")} law="on_machine" options=${["hang_up", "leave_message"].map((code) => [code, t(`on_machine.${code}`)])} />
      ${detection.on_machine === "leave_message" && html`<${Text} form=${form} name="machine_message" area most=${1000} label=${t("campaign_field.machine_message")} />`}
    </div>
    <p class="small quiet">${t("campaign.heard_hint")}</p>
    <details><summary class="small">${t("campaign.detection_values")}</summary>
      <div class="fields">${fields.map((key) => html`<${Amount} key=${key} form=${form} name=${`detection.${key}`} label=${t(`detection_value.${key}`)} unit=${key.endsWith("_ms") ? t("unit.milliseconds") : ""} />`)}</div>
    </details>`}
  </div>`;
}

/** The hours: as a picture, and as text where the campaign has its own. */
function Hours({ form }) {
  const own = form.value("window.week");
  const law = form.profile.week;
  const [texts, setTexts] = useState(() => own?.map(dayText) ?? law.map(dayText));
  useEffect(() => {
    // Somebody else's, or thrown away: what is typed here and means the same stays as it is typed.
    if (own && !same(texts.map(spansOf), own)) setTexts(own.map(dayText));
  }, [own]);
  const put = (day) => (event) => {
    const next = texts.map((text, place) => (place === day ? event.target.value : text));
    setTexts(next);
    const spans = next.map(spansOf);
    if (spans.every(Boolean)) form.set("window.week", spans);
  };
  return html`<div class="hours-form">
    <${WeekPicture} law=${law} own=${own} />
    <div class="stack">
      <label class="check"><input type="checkbox" id="campaign-own-week" disabled=${form.off} checked=${own !== null} onChange=${(event) => form.set("window.week", event.target.checked ? law.map((spans) => spans.map(([from, to]) => [from.slice(0, 5), to.slice(0, 5)])) : null)} /><span>${t("campaign.own_hours")}</span></label>
      ${own && html`<p class="small quiet">${t("settings.hours_hint")}</p><div class="fields week">${DAYS.map((day, place) => html`<div key=${day} class="field ${spansOf(texts[place]) ? "" : "is-wrong"}"><label for=${`campaign-week-${day}`}>${t(`day.${day}`)}</label>
        <input class="input figures" id=${`campaign-week-${day}`} autocomplete="off" disabled=${form.off} aria-invalid=${!spansOf(texts[place]) || undefined} value=${texts[place]} onInput=${put(place)} /></div>`)}</div>`}
      <${Law} name="week" profile=${form.profile} />
      ${Object.keys(form.profile.regions).length > 0 && html`<p class="small quiet">${t("campaign.regions", { names: Object.keys(form.profile.regions).join(", ") })}</p>`}
      <${LackWords} lacks=${form.lacks.filter(({ field }) => field === "window.week")} />
    </div>
  </div>`;
}

const at = (path, from) => path.split(".").reduce((value, name) => value?.[name], from);

/** `record` with this at the path: a new one, down to there. */
function withAt(record, path, value) {
  const [name, ...rest] = path.split(".");
  return { ...record, [name]: rest.length ? withAt(record[name], rest.join("."), value) : value };
}

/** What a change of this field looks like in words, when two people changed it. */
function shown(field, value) {
  if (value === null || value === undefined || value === "") return "–";
  if (field === "mode") return t(`mode.${value}`);
  if (field === "profile") return t(`profile.${value}`);
  if (field === "queue") return queueTitle(value);
  if (field === "drop_target") return fine(value);
  if (typeof value === "boolean") return t(value ? "value.yes" : "value.no");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function CampaignForm({ campaign, choices, saved }) {
  usePeople();
  const place = `campaign ${campaign.id}`;
  const base = baseOf(place, campaign);
  const typed = writtenAt(place) ?? {};
  const draft = { ...campaign, ...typed };
  const [refusal, setRefusal] = useState(null);
  const [lacks, setLacks] = useState([]);
  const off = !mayManage() || campaign.state === "archived";
  useEffect(() => {
    let gone = false;
    lacksOf(campaign).then((found) => !gone && setLacks(found));
    return () => (gone = true);
  }, [campaign.version]);
  const profile = choices.profiles.find(({ name }) => name === draft.profile);
  const wrong = refusal?.errors.map(({ field, detail }) => ({ field, ...inWords({ status: 422, code: "", message: detail }) })) ?? [];
  const form = {
    off, profile, lacks: wrong.length ? wrong : lacks,
    value: (path) => at(path, draft),
    set: (path, value) => {
      const [name] = path.split(".");
      write(place, { [name]: withAt(draft, path, value)[name], touched: true });
    },
  };
  const changes = Object.fromEntries(Object.entries(typed).filter(([name, value]) => name !== "touched" && !same(value, base[name])));
  const count = Object.keys(changes).length;
  const throwAway = () => {
    setRefusal(null);
    drop(place);
  };
  const words = { title: campaign.name, label: (field) => (field in changes ? fieldTitle(field) : null), show: shown };
  const send = async (event) => {
    event.preventDefault();
    if (!count || !online()) return;
    setRefusal(null);
    const record = await change({ name: place, path: campaignPath(campaign.id), body: changes, base, words, wrong: setRefusal });
    if (!record) return;
    drop(place);
    toast(t("campaign.saved"));
    saved(record);
  };
  const s = t("unit.seconds");
  const { mode } = draft;
  const drops = !RESERVED.includes(mode) && mode !== "agentless";
  const option = (code) => [code, code];
  return html`<form class="campaign-form" onSubmit=${send} novalidate>
    <div class="column">
    <${Group} id="group-what" title=${t("campaign_group.what")}><div class="fields">
      <${Text} form=${form} name="name" most=${80} label=${t("campaign.name")} />
      <${Choice} form=${form} name="mode" label=${t("campaign.mode")} options=${MODES.map((each) => [each, t(`mode.${each}`)])} hint=${t(`mode_about.${mode}`)} />
      <${Choice} form=${form} name="profile" label=${t("campaign.profile")} options=${choices.profiles.map(({ name }) => [name, t(`profile.${name}`)])} hint=${t("campaign.profile_hint")} />
      <${Choice} form=${form} name="queue" label=${t("campaign.queue")} options=${choices.queues.map((code) => [code, queueTitle(code)])} hint=${t("campaign.queue_hint")} />
      <${Switch} form=${form} name="marketing" label=${t("campaign_field.marketing")} hint=${t("campaign.marketing_hint")} law="marketing" />
      ${mode === "agentless" && html`<${Choice} form=${form} name="script" label=${t("campaign_field.script")} options=${choices.scripts.map(option)} hint=${t("campaign.script_hint")} />`}
      <div class="field set"><label for="campaign-owner">${t("request.owner")}</label><${PersonChoice} id="campaign-owner" disabled=${off} value=${draft.owner} onChange=${(event) => form.set("owner", event.target.value)} /></div>
      <div class="field set"><label for="campaign-team">${t("request.team")}</label><${TeamChoice} id="campaign-team" disabled=${off} value=${draft.team} onChange=${(event) => form.set("team", event.target.value)} /></div>
    </div><//>
    <${Group} id="group-lists" title=${t("campaign_group.lists")} hint=${t("campaign.lists_hint")}><${Lists} form=${form} lists=${choices.lists} /><//>
    <${Group} id="group-dialling" title=${t("campaign_group.dialling")}>
      <div class="fields">
        <${Choice} form=${form} name="trunk" label=${t("campaign_field.trunk")} options=${choices.trunks.map(option)} />
        <${Amount} form=${form} name="most_calls" label=${t("campaign_field.most_calls")} hint=${t("campaign.most_calls_hint")} />
        ${mode === "power" && html`<${Amount} form=${form} name="ratio" label=${t("campaign_field.ratio")} hint=${t("campaign.ratio_hint")} />`}
        <${Amount} form=${form} name="ring_s" unit=${s} label=${t("campaign_field.ring_s")} law="ring_s" least=${profile.ring_s} words=${(n) => t("time.seconds", { n })} />
        ${drops && html`<${Amount} form=${form} name="drop_target" unit="%" scale=${100} empty=${null} label=${t("campaign_field.drop_target")} hint=${t("campaign.empty_law")} law="drop_target" most=${profile.drop_target} words=${fine} />`}
        <${Amount} form=${form} name="calls_a_day" empty=${null} label=${t("campaign_field.calls_a_day")} hint=${t("campaign.empty_law")} law="calls_a_day" most=${profile.calls_a_day} />
        <${Amount} form=${form} name="attempts" label=${t("campaign_field.attempts")} hint=${t("campaign.attempts_hint")} />
      </div>
      <${CallerIds} form=${form} callerIds=${choices.caller_ids} />
    <//>
    <${Group} id="group-hours" title=${t("campaign_group.hours")} hint=${t("campaign.hours_by")}>
      <${Hours} form=${form} />
      <div class="fields">
        <div class="field set"><label for="campaign-window.starts_at">${t("campaign.starts_at")}</label><${MomentInput} id="campaign-window.starts_at" disabled=${off} value=${draft.window.starts_at} set=${(value) => form.set("window.starts_at", value)} /><p class="small quiet hint">${t("campaign.starts_hint")}</p></div>
        <${Field} form=${form} name="window.ends_at" label=${t("campaign.ends_at")} hint=${t("campaign.ends_hint")}>${(more) => html`<${MomentInput} ...${more} value=${draft.window.ends_at} set=${(value) => form.set("window.ends_at", value)} />`}<//>
      </div>
    <//>
    <${Group} id="group-again" title=${t("campaign_group.again")}><${Rules} form=${form} /><//>
    ${mode !== "agentless" &&
    html`<${Group} id="group-agents" title=${t("campaign_group.agents")}><div class="fields">
      <${Switch} form=${form} name="blend.inbound_first" label=${t("campaign.inbound_first")} hint=${t("campaign.inbound_first_hint")} />
      <${Amount} form=${form} name="blend.keep_free" label=${t("campaign.keep_free")} hint=${t("campaign.keep_free_hint")} />
      ${mode === "preview" && html`<${Amount} form=${form} name="preview_s" unit=${s} label=${t("campaign_field.preview_s")} hint=${t("campaign.preview_hint")} />`}
      ${mode !== "agentless" && html`<${Amount} form=${form} name="own_s" unit=${s} label=${t("campaign_field.own_s")} hint=${t("campaign.own_hint")} />`}
      ${["preview", "manual"].includes(mode) && html`<${Switch} form=${form} name="preview_skips" label=${t("campaign_field.preview_skips")} />`}
    </div>
    <div class="fields two-wide">
      <${Text} form=${form} name="talk_script" area most=${8000} label=${t("campaign_field.talk_script")} hint=${t("campaign.talk_script_hint", { name: "{name}" })} />
      <${Text} form=${form} name="form" area most=${4000} label=${t("campaign_field.form")} hint=${t("campaign.form_hint")} />
    </div><//>`}
    <${Group} id="group-message" title=${t("campaign_group.message")}><div class="fields two-wide">
      ${mode !== "agentless" && html`<${Text} form=${form} name="message" area most=${1000} label=${t("campaign_field.message")} hint=${t("campaign.message_hint")} law="message" />`}
      <${Choice} form=${form} name="opt_out_key" label=${t("campaign_field.opt_out_key")} options=${KEYS.map(option)} hint=${t("campaign.opt_out_hint")} />
    </div><//>
    <${Group} id="group-detection" title=${t("campaign_group.detection")}><${Detection} form=${form} /><//>
    </div>
    ${!off &&
    html`<div class="save-bar" data-changed=${count > 0}>
      <span role="status">${count ? t("campaign.unsaved", { n: count, names: Object.keys(changes).map(fieldTitle).join(language.value === "zh" ? "、" : ", ") }) : t("campaign.nothing_changed", { at: dayTimeOf(campaign.updated_at) })}</span>
      <${Refused} refusal=${refusal && !refusal.errors.length ? refusal : null} id="campaign-wrong" />
      <span class="spacer"></span>
      <button type="button" class="button" disabled=${!count} onClick=${throwAway}>${t("action.discard")}</button>
      <button class="button primary" disabled=${!count || !online()} aria-busy=${pending(place)}>${t("action.save")}</button>
    </div>`}
  </form>`;
}
