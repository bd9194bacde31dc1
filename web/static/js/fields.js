// The parts of forms that change the configuration: each knows its key, shows its value, and says what is wrong.

import { useState } from "preact/hooks";

import { draft, errors, keyOf, setAt, valueAt } from "./drafted.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { language, t, titled } from "./language.js";
import { inWords } from "./remarks.js";

const idOf = (path) => `set-${path.join("-")}`;
const NAME = /^[a-z][a-z0-9_]{0,31}$/;
export const LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** What is wrong with this key; with `deep` also with whatever lies below it. */
export function wrongWith(path, deep = false) {
  const key = keyOf(path);
  return [...errors.value].filter(([where]) => where === key || (deep && where.startsWith(`${key}.`))).flatMap(([, says]) => says);
}

/** How many keys at or below this path are wrong. */
export const countWrong = (path) => wrongWith(path, true).length;

export function Wrong({ path, deep = false, id }) {
  const found = wrongWith(path, deep);
  return html`<div id=${id} class="wrong" aria-live="polite">
    ${found.map((says) => {
      const { text, lang } = inWords(says);
      return html`<p key=${says} class="error-text" lang=${lang}><${Icon} name="warning" size=${14} />${text}</p>`;
    })}
  </div>`;
}

/** One field with its label, its hint and its error; `control` makes the input of `{id, describedBy, invalid}`. */
export function Field({ path, label, hint = "", deep = false, wide = false, children }) {
  const id = idOf(path);
  const wrong = wrongWith(path, deep).length > 0;
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined;
  return html`<div class="field set ${wide ? "wide" : ""} ${wrong ? "is-wrong" : ""}">
    <label for=${id}>${label}</label>
    ${children({ id, "aria-describedby": described, "aria-invalid": wrong || undefined })}
    ${hint && html`<p class="small quiet hint" id=${`${id}-hint`}>${hint}</p>`}
    <${Wrong} path=${path} deep=${deep} id=${`${id}-wrong`} />
  </div>`;
}

export function Text({ path, wide, ...words }) {
  return html`<${Field} path=${path} wide=${wide} ...${words}>
    ${(rest) => html`<input class="input" ...${rest} autocomplete="off" value=${valueAt(path) ?? ""} onInput=${(event) => setAt(path, event.target.value)} />`}
  <//>`;
}

/** A number with its unit. What is no number is sent as it stands, and the server says so. */
export function Amount({ path, unit = "", scale = 1, empty = undefined, ...words }) {
  const value = valueAt(path);
  const shown = typeof value === "number" ? Math.round(value * scale * 1000) / 1000 : (value ?? "");
  const put = (event) => {
    const text = event.target.value.trim();
    const number = Number(text.replace("−", "-"));
    setAt(path, text === "" ? (empty === undefined ? "" : empty) : Number.isNaN(number) ? text : number / scale);
  };
  return html`<${Field} path=${path} ...${words}>
    ${(rest) => html`<span class="with-unit"><input class="input figures" ...${rest} inputmode="decimal" autocomplete="off" value=${shown} onInput=${put} />${unit && html`<span class="quiet small">${unit}</span>`}</span>`}
  <//>`;
}

export function Choice({ path, options, ...words }) {
  return html`<${Field} path=${path} ...${words}>
    ${(rest) => html`<select class="input" ...${rest} value=${valueAt(path) ?? ""} onChange=${(event) => setAt(path, event.target.value)}>
      ${options.map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}
    </select>`}
  <//>`;
}

export function Switch({ path, label, hint = "" }) {
  const id = idOf(path);
  return html`<div class="field set switch">
    <label class="check" for=${id}><input type="checkbox" id=${id} checked=${Boolean(valueAt(path))} aria-describedby=${hint ? `${id}-hint` : undefined}
      onChange=${(event) => setAt(path, event.target.checked)} /><span>${label}</span></label>
    ${hint && html`<p class="small quiet hint" id=${`${id}-hint`}>${hint}</p>`}
    <${Wrong} path=${path} />
  </div>`;
}

/** Several of a list: `options` are `[value, title]`. */
export function Several({ path, options, label, hint = "" }) {
  const values = valueAt(path) ?? [];
  const toggle = (value) => setAt(path, values.includes(value) ? values.filter((each) => each !== value) : [...values, value]);
  return html`<fieldset class="field set">
    <legend class="legend">${label}</legend>
    <div class="checks">
      ${options.map(([value, title]) => html`<label key=${value} class="check"><input type="checkbox" checked=${values.includes(value)} onChange=${() => toggle(value)} />${title}</label>`)}
      ${!options.length && html`<span class="quiet small">–</span>`}
    </div>
    ${hint && html`<p class="small quiet hint">${hint}</p>`}
    <${Wrong} path=${path} deep />
  </fieldset>`;
}

/** A name in both languages, that of this page first. */
export function Title({ path, label }) {
  const order = language.value === "zh" ? ["zh", "en"] : ["en", "zh"];
  return html`<fieldset class="title-pair">
    <legend class="unseen">${label}</legend>
    ${order.map((code) => html`<${Text} key=${code} path=${[...path, code]} label=${t("settings.in_language", { what: label, language: t(`language.${code}`) })} />`)}
    <${Wrong} path=${path} />
  </fieldset>`;
}

const skillOptions = () => Object.entries(draft.value.skills ?? {}).map(([code, title]) => [code, titled(title, code)]);

/** Skills with their levels: rows of a skill, a level, and a button that takes the row away. */
export function Levels({ path, label, hint = "" }) {
  const table = valueAt(path) ?? {};
  const left = skillOptions().filter(([code]) => !(code in table));
  const known = Object.fromEntries(skillOptions());
  return html`<fieldset class="field set">
    <legend class="legend">${label}</legend>
    ${Object.entries(table).map(
      ([skill, level]) => html`<div class="pair-row" key=${skill}>
        <span>${known[skill] ?? skill}</span>
        <select class="input" aria-label=${t("settings.level_of", { skill: known[skill] ?? skill })} value=${level}
          onChange=${(event) => setAt([...path, skill], Number(event.target.value))}>
          ${LEVELS.map((each) => html`<option key=${each} value=${each}>${t("settings.level", { level: each })}</option>`)}
        </select>
        <${TakeAway} path=${[...path, skill]} what=${known[skill] ?? skill} />
      </div>`,
    )}
    ${left.length > 0 &&
    html`<select class="input add" aria-label=${t("settings.add_skill_to", { what: label })} value="" onChange=${(event) => setAt([...path, event.target.value], 1)}>
      <option value="">${t("settings.add_skill")}</option>
      ${left.map(([code, title]) => html`<option key=${code} value=${code}>${title}</option>`)}
    </select>`}
    ${hint && html`<p class="small quiet hint">${hint}</p>`}
    <${Wrong} path=${path} deep />
  </fieldset>`;
}

export function TakeAway({ path, what }) {
  return html`<button type="button" class="button plain icon-only" title=${t("settings.remove")} aria-label=${t("settings.remove_what", { what })}
    onClick=${() => setAt(path, undefined)}><${Icon} name="close" /></button>`;
}

/** A field and a button that add a named thing; `add` gets the name. */
export function AddNamed({ label, taken, add, rule = NAME, id }) {
  const [name, setName] = useState("");
  const [wrong, setWrong] = useState("");
  const submit = (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (!rule.test(name)) setWrong(t("settings.name_rule"));
    else if (taken.includes(name)) setWrong(t("settings.name_taken"));
    else {
      add(name);
      setName("");
      setWrong("");
    }
  };
  return html`<form class="add-named" onSubmit=${submit}>
    <div class="field">
      <label for=${id}>${label}</label>
      <input class="input" id=${id} autocomplete="off" maxlength="32" value=${name} aria-invalid=${Boolean(wrong)} aria-describedby=${`${id}-wrong`}
        onInput=${(event) => (setName(event.target.value), setWrong(""))} />
      <p class="error-text" id=${`${id}-wrong`} role="status">${wrong}</p>
    </div>
    <button class="button">${t("settings.add")}</button>
  </form>`;
}
