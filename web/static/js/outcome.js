// The outcome form. What is written stays in memory until the center has it: over a lost link, over a new call.

import { moreTime, online, pending, sendOutcome } from "./actions.js";
import { beat } from "./clock.js";
import { html } from "./html.js";
import { t, titled } from "./language.js";
import { callerName } from "./caller.js";
import { draftOf, dropDraft, face, me, myCall, myPop, myself, writeDraft } from "./model.js";

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
          <input type="radio" name=${`code-${interaction}`} value=${code} checked=${chosen === code} onChange=${() => pick(code)} />
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
  const current = myself.value?.interaction === interaction;
  const shown = current ? face.value : "late";
  const ready = shown === "wrap_up" || shown === "late";
  const busy = pending(`outcome ${interaction}`);
  const id = (field) => `${field}-${interaction}`;
  const name = () => (current ? { name: callerName(myPop.value, myCall.value) } : {});
  const write = (field) => (event) => writeDraft(interaction, { [field]: event.target.value, ...name() });
  const done = (event) => {
    event.preventDefault();
    if (ready && draft.code && online()) sendOutcome(interaction);
  };
  const enter = (event) => {
    // Enter that ends the composition of a Chinese word chooses the word; it must not send the form.
    if (event.key !== "Enter") return;
    if (event.isComposing || event.keyCode === 229) event.preventDefault();
    else if (event.ctrlKey || event.metaKey) done(event);
  };
  const hint = !ready ? "outcome.hint_talking" : draft.code ? "outcome.hint_send" : "outcome.hint_code";
  return html`<form class="card outcome" data-state=${shown} onSubmit=${done} onKeyDown=${enter} aria-labelledby=${id("title")}>
    <div class="top">
      <h2 id=${id("title")}>${current ? t("outcome.title") : t("outcome.late", { caller: draft.name })}</h2>
      ${shown === "wrap_up" &&
      html`<button type="button" class="button" disabled=${!online()} aria-busy=${pending("more-time")} onClick=${moreTime}>${t("outcome.more_time")}</button>`}
      ${shown === "late" &&
      html`<button type="button" class="button" onClick=${() => dropDraft(interaction)}>${t("outcome.discard")}</button>`}
    </div>
    ${shown === "wrap_up" && myself.value.until && html`<${Countdown} />`}
    <${Codes} interaction=${interaction} chosen=${draft.code} />
    <div class="field">
      <label for=${id("note")}>${t("outcome.note")}</label>
      <textarea class="input" id=${id("note")} name="note" maxlength="4000" value=${draft.note} onInput=${write("note")}></textarea>
    </div>
    <div class="last-row">
      <div class="field">
        <label for=${id("callback")}>${t("outcome.callback_number")}</label>
        <input class="input phone-number" id=${id("callback")} name="callback" type="tel" inputmode="tel" pattern=${NUMBER}
          maxlength="33" autocomplete="off" value=${draft.callback} onInput=${write("callback")} />
      </div>
      <button class="button primary" disabled=${!online() || !ready || !draft.code} aria-busy=${busy} aria-describedby=${id("hint")}>
        ${t("outcome.done")}<kbd>⏎</kbd>
      </button>
    </div>
    <p class="small quiet" id=${id("hint")}>${t(hint)}</p>
  </form>`;
}
