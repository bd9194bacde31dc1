// Leads on the agent's desk: the one that he looks at before it is dialled, with a count-down; and, in a talk, what he
// is to say, the campaign's questions, and the button for who wants no calls.

import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { act, answer, online, pending } from "./actions.js";
import { post } from "./api.js";
import { AppointmentButton } from "./appointment_form.js";
import { questionsOf } from "./answers.js";
import { beat } from "./clock.js";
import { lasting } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { campaigns, draftOf, face, may, me, myPop, myself, toast, writeDraft } from "./model.js";
import { Card, queueTitle } from "./parts.js";

const REASONS = ["later", "prepare", "known", "data"];
const LONGEST_REASON = 200;
const ROUND = 2 * Math.PI * 26;

/** The lead that this agent looks at, or null. */
export const previewed = () => (face.value === "reserved" && myPop.value?.lead?.previewing ? myPop.value.lead : null);

export const dial = (call) => act("dial", () => post("/api/me/preview/dial", { call }), call);

const skip = (call, reason) => act("skip", () => post("/api/me/preview/skip", { call, reason }), `${call} ${reason}`);

/** Whether the form with the reasons is open, for which call. */
const skipping = signal("");

/** The key for it: open the reasons, or close them. */
export function toggleSkipping() {
  const lead = previewed();
  if (lead?.may_skip) skipping.value = skipping.value ? "" : myPop.value.call;
}

/** How long one may still look, as a ring that empties. */
function CountDown({ until, since }) {
  const left = Math.max(0, until - beat.value);
  const part = Math.min(1, left / Math.max(1, until - since));
  return html`<div class="count-down" role="timer" aria-label=${t("preview.left", { time: lasting(left) })}>
    <svg width="64" height="64" viewBox="0 0 64 64" aria-hidden="true">
      <circle class="track" cx="32" cy="32" r="26" />
      <circle class="left" cx="32" cy="32" r="26" stroke-dasharray=${ROUND} stroke-dashoffset=${ROUND * (1 - part)} transform="rotate(-90 32 32)" />
    </svg>
    <strong class="figures" aria-hidden="true">${Math.ceil(left)}</strong>
  </div>`;
}

function SkipForm({ call }) {
  const [reason, setReason] = useState("");
  const box = useRef(null);
  useLayoutEffect(() => box.current.querySelector("button")?.focus(), []);
  const close = () => (skipping.value = "");
  const send = async (why) => (await skip(call, why)) && close();
  const submit = (event) => {
    event.preventDefault();
    if (reason.trim()) send(reason.trim());
  };
  return html`<form ref=${box} class="skip-form" onSubmit=${submit} onKeyDown=${(event) => event.key === "Escape" && close()} aria-label=${t("preview.skip_why")}>
    <p class="legend">${t("preview.skip_why")}</p>
    <div class="quick">${REASONS.map((code) => html`<button key=${code} type="button" class="button small-button" disabled=${!online()} onClick=${() => send(t(`skip.${code}`))}>${t(`skip.${code}`)}</button>`)}</div>
    <div class="row-of">
      <div class="field"><label for="skip-reason">${t("preview.skip_other")}</label>
        <input class="input" id="skip-reason" maxlength=${LONGEST_REASON} autocomplete="off" dir="auto" value=${reason} onInput=${(event) => setReason(event.target.value)} /></div>
      <div class="skip-send"><button class="button" disabled=${!online() || !reason.trim()} aria-busy=${pending("skip")}>${t("preview.skip")}</button></div>
    </div>
  </form>`;
}

/** What the list says of the lead besides his name. */
export function LeadFields({ lead }) {
  const rows = Object.entries(lead.fields).filter(([, value]) => value);
  if (!rows.length) return null;
  return html`<dl class="record lead-fields">${rows.map(([name, value]) => html`<dt key=${`${name}-t`}><bdi>${name}</bdi></dt><dd key=${`${name}-d`}><bdi>${value}</bdi></dd>`)}</dl>`;
}

function TalkScript({ text }) {
  return text ? html`<div class="talk-script"><h3>${t("preview.script")}</h3><p class="written" dir="auto">${text}</p></div>` : null;
}

/** Before the call: dial or skip, with what is known of him. */
export function Preview() {
  const lead = previewed();
  const call = myPop.value.call;
  useEffect(() => () => (skipping.value = ""), [call]);
  return html`<div class="lead-preview">
    <div class="preview-acts">
      ${lead.preview_until !== null && html`<${CountDown} until=${lead.preview_until} since=${myself.value.since} />`}
      <button key="dial" type="button" class="button answer" id="answer" disabled=${!online()} aria-busy=${pending("dial")} onClick=${() => dial(call)}><${Icon} name="answer" />${t("preview.dial")}<kbd>F2</kbd></button>
      ${lead.may_skip &&
      html`<button key="skip" type="button" class="button" aria-expanded=${skipping.value === call} disabled=${!online()} onClick=${toggleSkipping}><${Icon} name="skip" />${t("preview.skip")}<kbd>F4</kbd></button>`}
      <p class="small quiet">${lead.preview_until === null ? t("preview.at_will") : t("preview.by_itself")}</p>
    </div>
    ${skipping.value === call && lead.may_skip && html`<${SkipForm} call=${call} />`}
    <div class="lead-body"><${LeadFields} lead=${lead} /><${TalkScript} text=${lead.talk_script} /></div>
  </div>`;
}

/** While it is dialled: what is known of him stays, and it can still be given up. A phone that is rung rings
 * before he is called; one that the page answers is answered here. */
export function Dialling() {
  const { call, lead } = myPop.value;
  const rung = myself.value.line === "ring";
  return html`<div class="lead-preview">
    <div class="preview-acts">
      ${rung && me.value.answerable && html`<button key="answer" type="button" class="button answer" id="answer" disabled=${!online()} aria-busy=${pending("answer")} onClick=${() => answer(call)}><${Icon} name="answer" />${t("action.answer")}<kbd>F2</kbd></button>`}
      <button type="button" class="button" disabled=${!online()} aria-busy=${pending("skip")} onClick=${() => skip(call, "")}>${t("preview.give_up")}</button>
      <p role="status" class="small quiet">${t(rung ? "preview.dialling_rings" : "preview.dialling")}</p>
    </div>
    <div class="lead-body"><${LeadFields} lead=${lead} /><${TalkScript} text=${lead.talk_script} /></div>
  </div>`;
}

/** One press, and nobody of ours calls this number again. */
function NoCalls({ call }) {
  const [done, setDone] = useState(false);
  const put = async () => {
    if (await act("no-calls", () => post("/api/me/do-not-call", { call }), call)) {
      setDone(true);
      toast(t("no_calls.done"));
    }
  };
  if (done) return html`<p class="said-no small" role="status"><${Icon} name="check" size=${16} />${t("no_calls.is")}</p>`;
  return html`<button type="button" class="button danger" disabled=${!online()} aria-busy=${pending("no-calls")} onClick=${put}><${Icon} name="no_calls" />${t("no_calls.put")}</button>`;
}

function Question({ interaction, one, place }) {
  const { answers = {} } = draftOf(interaction);
  const id = `question-${interaction}-${place}`;
  const put = (event) => writeDraft(interaction, { answers: { ...answers, [one.question]: event.target.value } });
  const value = answers[one.question] ?? "";
  return html`<div class="field">
    <label for=${id}><bdi>${one.question}</bdi></label>
    ${one.choices.length
      ? html`<select class="input" id=${id} value=${value} onChange=${put}><option value="">${t("value.none")}</option>${one.choices.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}</select>`
      : html`<input class="input" id=${id} dir="auto" maxlength="300" autocomplete="off" value=${value} onInput=${put} />`}
  </div>`;
}

/** In the talk and after it: script, fields, questions, and what can be agreed on. */
export function LeadPanel({ pop }) {
  const { lead, interaction, call } = pop;
  const questions = lead ? questionsOf(lead.form) : [];
  const noCalls = may("do_not_call.write") && pop.caller;
  const agrees = may("appointments.write") && pop.caller;
  if (!lead && !noCalls && !agrees) return null;
  return html`<div class="lead-panel">
    ${lead &&
    html`<div class="lead-body"><${TalkScript} text=${lead.talk_script} /><${LeadFields} lead=${lead} />
      ${questions.length > 0 && html`<fieldset class="questions"><legend class="legend">${t("preview.questions")}</legend>${questions.map((one, place) => html`<${Question} key=${one.question} interaction=${interaction} one=${one} place=${place} />`)}</fieldset>`}
    </div>`}
    ${(agrees || noCalls) &&
    html`<div class="lead-acts">
      ${agrees && html`<${AppointmentButton} key=${`agree ${call}`} from=${{ call, number: lead?.number || pop.caller, name: lead?.name || pop.customer?.name || "" }} />`}
      ${noCalls && html`<${NoCalls} key=${`no ${call}`} call=${call} />`}
    </div>`}
  </div>`;
}

/** Campaigns from which one takes leads oneself. */
export function ByHand() {
  const mine = [...campaigns.value.values()].filter((one) => one.mode === "manual" && one.state === "running" && myself.value?.queues.includes(one.queue));
  if (!mine.length || face.value !== "available") return null;
  return html`<${Card} title=${t("by_hand.title")}>
    <ul class="by-hand">
      ${mine.map(
        (one) => html`<li key=${one.id}><span><strong dir="auto">${one.name}</strong> <span class="small quiet">${queueTitle(one.queue)}</span></span>
          <button type="button" class="button" disabled=${!online()} aria-busy=${pending(`lead ${one.id}`)} onClick=${() => act(`lead ${one.id}`, () => post("/api/me/lead", { campaign: one.id }), one.id)}>${t("by_hand.next")}</button></li>`,
      )}
    </ul>
  <//>`;
}
