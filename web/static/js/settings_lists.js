// Short lists of the configuration: skills, pause reasons, outcomes; opening hours; and what holds for all queues.

import { draft, keyOf, setAt, valueAt } from "./drafted.js";
import { AddNamed, Amount, Choice, Levels, Switch, TakeAway, Text, Title, Wrong, wrongWith } from "./fields.js";
import { html } from "./html.js";
import { t, titled, word } from "./language.js";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const ANY_NAME = /^[^"]{1,32}$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

const words = (key) => ({ label: t(`setting.${key}`), hint: t(`setting.${key}.hint`) });

/** Codes with a title in both languages each. */
export function Titles({ part }) {
  const table = valueAt([part]) ?? {};
  return html`
    <div class="titles">
      ${Object.entries(table).map(
        ([code, title]) => html`<div key=${code} class="title-row">
          <code>${code}</code>
          <${Title} path=${[part, code]} label=${titled(title, code) || code} />
          <${TakeAway} path=${[part, code]} what=${titled(title, code) || code} />
        </div>`,
      )}
      ${!Object.keys(table).length && html`<p class="quiet">${t("settings.none_yet")}</p>`}
    </div>
    <${Wrong} path=${[part]} />
    <${AddNamed} id=${`add-${part}`} label=${t("settings.new_code")} taken=${Object.keys(table)} add=${(code) => setAt([part, code], { zh: "", en: "" })} />`;
}

function Holidays({ path }) {
  const table = valueAt(path) ?? {};
  return html`<div class="holidays">
    ${Object.keys(table)
      .sort()
      .map(
        (date) => html`<div class="pair-row" key=${date}>
          <${Text} path=${[...path, date]} label=${date} hint="" />
          <${TakeAway} path=${[...path, date]} what=${date} />
        </div>`,
      )}
    ${!Object.keys(table).length && html`<p class="quiet small">${t("settings.no_holidays")}</p>`}
    <${AddNamed} id=${`add-${path.join("-")}`} label=${t("settings.new_date")} rule=${DATE} taken=${Object.keys(table)} add=${(date) => setAt([...path, date], "")} />
    ${wrongWith(path).length > 0 && html`<${Wrong} path=${path} />`}
  </div>`;
}

function Calendar({ name }) {
  const path = ["calendars", name];
  const emergency = valueAt([...path, "emergency"]);
  const used = Object.entries(draft.value.queues).filter(([, queue]) => queue.calendar === name).map(([code, { title }]) => titled(title, code));
  return html`<section class="group">
    <div class="group-head">
      <h3>${name}</h3>
      <span class="quiet small">${used.length ? t("settings.used_by", { names: used.join(", ") }) : t("settings.unused")}</span>
      <${TakeAway} path=${path} what=${name} />
    </div>
    <p class="small quiet">${t("settings.hours_hint")}</p>
    <div class="fields week">
      ${DAYS.map((day) => html`<${Text} key=${day} path=${[...path, day]} label=${t(`day.${day}`)} />`)}
      <${Text} path=${[...path, "zone"]} ...${words("zone")} />
    </div>
    <h4>${t("settings.holidays")}</h4>
    <${Holidays} path=${[...path, "holidays"]} />
    <label class="check"><input type="checkbox" checked=${Boolean(emergency)}
      onChange=${(event) => setAt([...path, "emergency"], event.target.checked ? { zh: "", en: "" } : null)} />
      <span><strong>${t("settings.emergency")}</strong> <span class="quiet small">${t("settings.emergency_hint")}</span></span></label>
    ${emergency && html`<${Title} path=${[...path, "emergency"]} label=${t("settings.said")} />`}
    <${Wrong} path=${path} />
  </section>`;
}

export function Calendars() {
  const names = Object.keys(valueAt(["calendars"]) ?? {});
  const empty = { zone: null, ...Object.fromEntries(DAYS.map((day) => [day, ""])), holidays: {}, emergency: null };
  return html`
    ${names.map((name) => html`<${Calendar} key=${name} name=${name} />`)}
    ${!names.length && html`<p class="quiet">${t("settings.none_yet")}</p>`}
    <${AddNamed} id="add-calendars" label=${t("settings.new_code")} taken=${names} add=${(name) => setAt(["calendars", name], empty)} />
    <${Wrong} path=${["calendars"]} />`;
}

/** What a tier, a language or the save desk asks for its callers. */
function Asking({ path, title, removable = false }) {
  return html`<section class="group">
    <div class="group-head"><h3>${title}</h3>${removable && html`<${TakeAway} path=${path} what=${title} />`}</div>
    <div class="fields">
      <${Amount} path=${[...path, "priority"]} unit=${t("unit.minutes")} ...${words("priority")} />
      <${Levels} path=${[...path, "needs"]} label=${t("setting.needs")} />
      <${Levels} path=${[...path, "prefers"]} label=${t("setting.prefers")} />
    </div>
    <${Wrong} path=${path} />
  </section>`;
}

const nothing = () => ({ priority: 0, needs: {}, prefers: {} });

export function Customers() {
  const tiers = Object.keys(valueAt(["routing", "tiers"]) ?? {});
  const languages = Object.keys(valueAt(["routing", "languages"]) ?? {});
  const missing = ["zh", "en"].filter((code) => !languages.includes(code));
  return html`
    <p class="quiet">${t("section.customers.hint")}</p>
    ${tiers.map((tier) => html`<${Asking} key=${tier} path=${["routing", "tiers", tier]} title=${t("settings.tier", { tier: word("tier", tier) })} removable />`)}
    <${AddNamed} id="add-tiers" label=${t("settings.new_tier")} rule=${ANY_NAME} taken=${tiers} add=${(tier) => setAt(["routing", "tiers", tier], nothing())} />
    ${languages.map((code) => html`<${Asking} key=${code} path=${["routing", "languages", code]} title=${t("settings.speaks", { language: t(`language.${code}`) })} removable />`)}
    ${missing.map((code) => html`<p key=${code}><button type="button" class="button" onClick=${() => setAt(["routing", "languages", code], nothing())}>${t("settings.add_language", { language: t(`language.${code}`) })}</button></p>`)}
    <${Asking} path=${["routing", "save_desk"]} title=${t("settings.save_desk")} />`;
}

/** Skills whose agents are held back, with the seconds of each. */
function Reserve() {
  const path = ["routing", "reserve"];
  const table = valueAt(path) ?? {};
  const skills = draft.value.skills ?? {};
  const left = Object.keys(skills).filter((code) => !(code in table));
  return html`<fieldset class="field set">
    <legend class="legend">${t("setting.reserve")}</legend>
    ${Object.keys(table).map((skill) => {
      const title = titled(skills[skill], skill);
      return html`<div class="pair-row" key=${skill}>
        <${Amount} path=${[...path, skill]} label=${title} unit=${t("unit.seconds")} />
        <${TakeAway} path=${[...path, skill]} what=${title} />
      </div>`;
    })}
    ${left.length > 0 &&
    html`<select class="input add" aria-label=${t("settings.add_skill_to", { what: t("setting.reserve") })} value="" onChange=${(event) => setAt([...path, event.target.value], 30)}>
      <option value="">${t("settings.add_skill")}</option>
      ${left.map((code) => html`<option key=${code} value=${code}>${titled(skills[code], code)}</option>`)}
    </select>`}
    <p class="small quiet hint">${t("setting.reserve.hint")}</p>
    <${Wrong} path=${path} key=${keyOf(path)} />
  </fieldset>`;
}

export function Everywhere() {
  const orders = ["fair", "service_level_first"].map((code) => [code, t(`setting.order.${code}`)]);
  return html`<section class="group"><div class="fields">
    <${Text} path=${["zone"]} ...${words("zone")} />
    <${Choice} path=${["routing", "order"]} options=${orders} ...${words("order")} />
    ${valueAt(["routing", "order"]) === "service_level_first" && html`<${Amount} path=${["routing", "overtaken_s"]} unit=${t("unit.seconds")} ...${words("overtaken_s")} />`}
    <${Amount} path=${["routing", "rest_s"]} unit=${t("unit.seconds")} ...${words("rest_s")} />
    <${Amount} path=${["routing", "occupancy_limit"]} scale=${100} unit="%" ...${words("occupancy_limit")} />
    <${Reserve} />
    <${Switch} path=${["supervision", "visible_to_agent"]} ...${words("visible_to_agent")} />
  </div></section>`;
}
