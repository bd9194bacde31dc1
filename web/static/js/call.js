// The middle: the caller and what can be done now; or, between calls, what the agent waits for.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import { answer, backToAvailable, online, pending, setState } from "./actions.js";
import { callerName, callerNumber } from "./caller.js";
import { TalkControls } from "./control.js";
import { lasting } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { acknowledge } from "./link.js";
import { face, faceWord, forms, me, myCall, myPop, myself } from "./model.js";
import { Outcome } from "./outcome.js";
import { PhoneNumber, queueTitle, reasonTitle, Since, Until } from "./parts.js";
import { ByHand, Dialling, LeadPanel, Preview } from "./preview.js";
import { chime, ring } from "./ringing.js";

const RESTING = ["offline", "available", "paused"];
const MISSED = ["no_answer", "busy", "unreachable", "line_lost", "disconnected"];

const BY_COLLEAGUES = ["transfer", "consult"];
const RULES = ["least_flexible", "longest_idle", "most_skilled", "round_robin", "fewest_calls", "ring_several", "preferred"];

/** The decision in words; a rule that this page does not know is named as it is. */
export function reasonOf(why) {
  if (BY_COLLEAGUES.includes(why.rule)) return t(`why.${why.rule}`, { by: String(why.by ?? "") });
  if (!RULES.includes(why.rule)) return t("why.other", { rule: String(why.rule ?? "") });
  const figures = { idle: lasting(why.idle_s ?? 0), taken: why.taken ?? 0, candidates: why.candidates ?? 1 };
  const alone = why.candidates === 1 && why.rule !== "preferred";
  return t(alone ? "why.alone" : `why.${why.rule}`, figures);
}

function Idle() {
  const agent = myself.value;
  const shown = face.value;
  const missed = shown === "paused" && MISSED.includes(agent.reason);
  return html`<section class="card canvas ${forms.value.length ? "" : "resting"}" data-state=${shown}>
    <div class="idle ${missed ? "missed" : ""}">
      <h1><${Icon} name=${missed ? "warning" : shown} size=${28} />${missed ? reasonTitle(agent.reason) : t(`state.${shown}`)}</h1>
      ${agent && html`<${Since} since=${agent.since} />`}
      <p>
        ${missed
          ? t(`idle.${agent.reason}`)
          : shown === "paused" && agent.reason
            ? t("idle.paused_for", { reason: reasonTitle(agent.reason) })
            : t(`idle.${shown}`)}
      </p>
      ${shown !== "available" &&
      html`<div class="actions">
        <button type="button" class="button primary" disabled=${!online()} aria-busy=${pending("state")}
          onClick=${shown === "offline" ? () => setState("available") : backToAvailable}>
          ${t(shown === "offline" ? "status.start" : "status.back")}
        </button>
      </div>`}
    </div>
  </section>`;
}

function Why({ pop }) {
  return pop ? html`<p class="why"><strong>${t("why.label")}</strong> ${reasonOf(pop.why)}</p>` : null;
}

/** What colleagues say of this caller: it came along with him. */
function Notes({ notes }) {
  if (!notes.length) return null;
  return html`<ul class="notes" aria-label=${t("control.notes")}>
    ${notes.map((note, place) => html`<li key=${place}><strong>${note.by}</strong> <bdi>${note.text}</bdi></li>`)}
  </ul>`;
}

function Waited({ pop, call }) {
  const queue = pop?.queue ?? call?.queue ?? "";
  return html`<div class="chips">
    ${queue && html`<span class="chip">${queueTitle(queue)}</span>`}
    ${pop?.lead && html`<span class="chip lead-chip"><${Icon} name="campaigns" size=${14} /><bdi>${pop.lead.campaign_name}</bdi></span>`}
    ${pop && !pop.lead && html`<span class="chip"><${Icon} name="clock" size=${14} />${t("caller.waited", { time: lasting(pop.waited_s) })}</span>`}
  </div>`;
}

function Controls({ pop }) {
  const shown = face.value;
  const call = myself.value.call;
  if (shown === "reserved" && pop?.lead?.previewing) return html`<${Preview} key=${pop.call} />`;
  if (shown === "reserved" && pop?.lead) return html`<${Dialling} />`;
  if (shown === "reserved") {
    return html`<div class="controls">
      ${me.value.answerable
        ? html`<button key="answer" type="button" class="button answer" id="answer" disabled=${!online()} aria-busy=${pending("answer")} onClick=${() => answer(call)}>
            <${Icon} name="answer" />${t("action.answer")}<kbd>F2</kbd>
          </button>`
        : html`<p>${t("action.answer_on_phone", { phone: myself.value.phone })}</p>`}
    </div>`;
  }
  return shown === "talking" || shown === "held" ? html`<${TalkControls} />` : null;
}

function AtWork() {
  const agent = myself.value;
  const shown = face.value;
  const pop = myPop.value;
  const call = myCall.value;
  const name = callerName(pop, call);
  const number = callerNumber(pop, call);
  const offer = shown === "reserved" ? pop : null;
  const seq = pop?.seq;

  useEffect(() => {
    if (!seq) return;
    // A hidden tab paints nothing: its frame would never come, and the phone would wait in vain.
    if (document.hidden) acknowledge(seq);
    else requestAnimationFrame(() => acknowledge(seq));
  }, [seq]);

  const offered = offer?.offer;
  useLayoutEffect(() => {
    if (offered && document.activeElement === document.body) document.getElementById("answer")?.focus();
  }, [offered]);
  // A lead to look at is no phone that rings: it is heard once.
  useEffect(() => (offered ? (offer.lead ? chime() : ring()) : undefined), [offered]);

  return html`<section class="card canvas" data-state=${shown} aria-labelledby="caller">
    <div class="call-head">
      <div class="who">
        <h1 id="caller">${name}</h1>
        ${number !== name && html`<${PhoneNumber} number=${number} />`}
        <${Waited} pop=${pop} call=${call} />
      </div>
      <div class="big-timer">
        <span class="state"><${Icon} name=${shown} />${t(faceWord.value)}</span>
        ${shown === "wrap_up" && agent.until ? html`<${Until} until=${agent.until} />` : html`<${Since} since=${agent.since} />`}
      </div>
    </div>
    <${Why} pop=${pop} />
    <${Notes} notes=${pop?.notes ?? []} />
    <${Controls} pop=${pop} />
    ${pop && ["talking", "held", "wrap_up"].includes(shown) && html`<${LeadPanel} pop=${pop} />`}
  </section>`;
}

/** Said once per offer, whatever else changes on the page. */
function Announcement() {
  const said = useRef({ offer: "", text: "" });
  const pop = face.value === "reserved" ? myPop.value : null;
  if (!pop) said.current = { offer: "", text: "" };
  else if (said.current.offer !== pop.offer) {
    const queue = queueTitle(pop.queue);
    const words = pop.lead ? "preview.announce" : "caller.announce";
    said.current = { offer: pop.offer, text: t(words, { caller: callerName(pop, myCall.value), queue, campaign: pop.lead?.campaign_name }) };
  }
  return html`<p class="unseen" role="alert" id="announcement">${said.current.text}</p>`;
}

export function CallCanvas() {
  // All forms in one keyed list: a form that a new call overtakes keeps its place in the document, its text
  // and its caret.
  return html`<${Announcement} />
    ${RESTING.includes(face.value) ? html`<${Idle} /><${ByHand} />` : html`<${AtWork} />`}
    ${forms.value.map((interaction) => html`<${Outcome} key=${interaction} interaction=${interaction} />`)}`;
}

