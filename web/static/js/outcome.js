// The outcome form. What is written stays in memory until the center has it: over a lost link, over a new call.

import { moreTime, online, pending, sendOutcome } from "./actions.js";
import { beat } from "./clock.js";
import { html } from "./html.js";
import { t, titled } from "./language.js";
import { draftOf, face, me, myself, writeDraft } from "./model.js";

const NUMBER = "\\+?[0-9*#]{1,32}";

function Codes({ interaction, chosen }) {
  const codes = me.value.dispositions;
  const pick = (code) => writeDraft(interaction, { code });
  const byDigit = (event) => {
    const choice = codes[Number(event.key) - 1];
    if (!choice || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    pick(choice.code);
    event.currentTarget.querySelector(`[value="${CSS.escape(choice.code)}"]`).focus();
  };
  return html`<fieldset onKeyDown=${byDigit}>
    <legend class="legend">${t("outcome.code")}</legend>
    <div class="codes">
      ${codes.map(
        ({ code, title }, place) => html`<label key=${code} class="code">
          <input type="radio" name="code" value=${code} checked=${chosen === code} onChange=${() => pick(code)} />
          ${place < 9 && html`<kbd aria-hidden="true">${place + 1}</kbd>`}
          <span>${titled(title, code)}</span>
        </label>`,
      )}
    </div>
  </fieldset>`;
}

function Countdown() {
  const { since, until } = myself.value;
  const left = Math.max(0, Math.min(1, (until - beat.value) / (until - since)));
  return html`<div class="countdown" aria-hidden="true"><i style=${{ transform: `scaleX(${left})` }}></i></div>`;
}

export function Outcome({ interaction }) {
  const draft = draftOf(interaction);
  const wrapping = face.value === "wrap_up";
  const off = !online() || pending.value !== "";
  const write = (field) => (event) => writeDraft(interaction, { [field]: event.target.value });
  const done = (event) => {
    event.preventDefault();
    if (wrapping && draft.code && !off) sendOutcome(interaction);
  };
  const enter = (event) => {
    // Enter that ends the composition of a Chinese word chooses the word; it must not send the form.
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.preventDefault();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) done(event);
  };
  return html`<form class="outcome" data-state=${face.value} onSubmit=${done} onKeyDown=${enter} aria-labelledby="outcome-title">
    <div class="top">
      <h2 id="outcome-title">${t("outcome.title")}</h2>
      ${wrapping &&
      html`<button type="button" class="button" disabled=${off} onClick=${moreTime}>${t("outcome.more_time")}</button>`}
    </div>
    ${wrapping && myself.value.until && html`<${Countdown} />`}
    <${Codes} interaction=${interaction} chosen=${draft.code} />
    <div class="field">
      <label for="note">${t("outcome.note")}</label>
      <textarea class="input" id="note" maxlength="4000" value=${draft.note} onInput=${write("note")}></textarea>
    </div>
    <div class="last-row">
      <div class="field">
        <label for="callback">${t("outcome.callback_number")}</label>
        <input class="input phone-number" id="callback" type="tel" inputmode="tel" pattern=${NUMBER} maxlength="33"
          autocomplete="off" value=${draft.callback} onInput=${write("callback")} />
      </div>
      <div class="actions">
        <button class="button primary" disabled=${off || !wrapping || !draft.code} aria-describedby="outcome-hint">
          ${t("outcome.done")}<kbd>⏎</kbd>
        </button>
      </div>
    </div>
    <p class="small quiet" id="outcome-hint">
      ${wrapping ? (draft.code ? t("outcome.hint_send") : t("outcome.hint_code")) : t("outcome.hint_talking")}
    </p>
  </form>`;
}
