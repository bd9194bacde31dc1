// The fields of forms about people.

import { html } from "./html.js";
import { Icon } from "./icons.js";
import { LEVELS } from "./fields.js";
import { t } from "./language.js";
import { me } from "./model.js";
import { skillTitle } from "./parts.js";

/** A line of text; `set` gets it, `wrong` is what is wrong with it. */
export function Words({ id, label, hint = "", value, set, wrong = "", ...rest }) {
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined;
  return html`<div class="field ${wrong ? "is-wrong" : ""}">
    <label for=${id}>${label}</label>
    <input class="input" id=${id} autocomplete="off" spellcheck=${false} dir="auto" value=${value} aria-invalid=${wrong ? true : undefined} aria-describedby=${described}
      onInput=${(event) => set(event.target.value)} ...${rest} />
    ${hint && html`<p class="small quiet hint" id=${`${id}-hint`}>${hint}</p>`}
    ${wrong && html`<p class="error-text" id=${`${id}-wrong`} role="alert">${wrong}</p>`}
  </div>`;
}

/** Several of a list, in the order in which they were chosen: `options` are `[value, title]`. */
export function Several({ label, hint = "", values, options, set, disabled = false, wrong = "" }) {
  const toggle = (value) => set(values.includes(value) ? values.filter((each) => each !== value) : [...values, value]);
  return html`<fieldset class="field set ${wrong ? "is-wrong" : ""}" disabled=${disabled}>
    <legend class="legend">${label}</legend>
    <div class="checks">
      ${options.map(([value, title]) => html`<label key=${value} class="check"><input type="checkbox" checked=${values.includes(value)} onChange=${() => toggle(value)} />${title}</label>`)}
      ${!options.length && html`<span class="quiet small">${t("settings.none_yet")}</span>`}
    </div>
    ${hint && html`<p class="small quiet hint">${hint}</p>`}
    ${wrong && html`<p class="error-text" role="alert">${wrong}</p>`}
  </fieldset>`;
}

/** Skills with their levels. */
export function SkillLevels({ skills, set, disabled = false }) {
  const left = me.value.skill_titles.filter(({ code }) => !(code in skills));
  const without = (skill) => Object.fromEntries(Object.entries(skills).filter(([name]) => name !== skill));
  return html`<fieldset class="field set" disabled=${disabled}>
    <legend class="legend">${t("users.skills")}</legend>
    ${Object.entries(skills).map(
      ([skill, level]) => html`<div class="pair-row" key=${skill}>
        <span>${skillTitle(skill)}</span>
        <select class="input" aria-label=${t("settings.level_of", { skill: skillTitle(skill) })} value=${level} onChange=${(event) => set({ ...skills, [skill]: Number(event.target.value) })}>
          ${LEVELS.map((each) => html`<option key=${each} value=${each}>${t("settings.level", { level: each })}</option>`)}
        </select>
        <button type="button" class="button plain icon-only" title=${t("settings.remove")} aria-label=${t("settings.remove_what", { what: skillTitle(skill) })} onClick=${() => set(without(skill))}><${Icon} name="close" /></button>
      </div>`,
    )}
    ${left.length > 0 &&
    html`<select class="input add" aria-label=${t("settings.add_skill_to", { what: t("users.skills") })} value="" onChange=${(event) => set({ ...skills, [event.target.value]: 5 })}>
      <option value="">${t("settings.add_skill")}</option>
      ${left.map(({ code }) => html`<option key=${code} value=${code}>${skillTitle(code)}</option>`)}
    </select>`}
    ${!Object.keys(skills).length && !left.length && html`<span class="quiet small">${t("change.no_skills")}</span>`}
  </fieldset>`;
}
