// What can be done with a talk: hold it, send it on, ask somebody beside it. The buttons follow what the center
// says of the call; a button that is not possible now is not there.

import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { consult, consultStep, hangUp, hold, online, pending, resume, transfer } from "./actions.js";
import { get } from "./api.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { draftOf, face, me, myCall, myself } from "./model.js";
import { queueTitle } from "./parts.js";
import { RecordingNow } from "./recording.js";

const NOTE_MOST = 1000;

/** Whether the form for sending the caller on is open. */
export const sendingOn = signal(false);

/** Whether the call is this agent's own: not one that he was only asked into. */
const isMine = () => myCall.value?.agent === me.value.user;

/** Hold, or take back. */
export function toggleHold() {
  const call = myCall.value;
  if (!call || !isMine()) return;
  if (call.state === "held") resume(call.id);
  else hold(call.id);
}

/** Open or close the form; the caller hears nothing of it. */
export function toggleSendingOn() {
  if (isMine() && !myCall.value.consult) sendingOn.value = !sendingOn.value;
}

function Button({ name, icon, children, onClick, kind = "", shortcut = "" }) {
  return html`<button type="button" class="button ${kind}" data-action=${name} disabled=${!online()} aria-busy=${pending(name)} onClick=${onClick}>
    ${icon && html`<${Icon} name=${icon} />`}${children}${shortcut && html`<kbd>${shortcut}</kbd>`}
  </button>`;
}

/** Whom the caller is to go to, and what the next one should know. */
function SendOn({ call }) {
  const form = useRef(null);
  const [kind, setKind] = useState("agent");
  /** Who is free is asked for each time: those of the last time may be busy by now. */
  const [colleagues, setColleagues] = useState([]);

  useLayoutEffect(() => form.current.querySelector("input:checked").focus(), []);
  useEffect(() => {
    get("/api/colleagues").then(({ items }) => setColleagues(items), () => {});
  }, []);

  /** What was written down so far goes along, unless it is changed here. */
  const [begun] = useState(() => draftOf(call.interaction).note.slice(0, NOTE_MOST));
  const enter = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send(consult);
  };

  const body = () => {
    const data = new FormData(form.current);
    const to = String(data.get("to") ?? "").trim();
    return { to: { [kind]: to }, note: String(data.get("note") ?? "") };
  };
  const send = async (how) => {
    if (!form.current.reportValidity()) return;
    if (await how(call.id, body())) sendingOn.value = false;
  };
  const submit = (event) => {
    event.preventDefault();
    send(consult);
  };
  const kinds = ["agent", "queue", "number"];
  return html`<form ref=${form} class="send-on" onSubmit=${submit} aria-label=${t("control.send_on")}
    onKeyDown=${(event) => event.key === "Escape" && (sendingOn.value = false)}>
    <fieldset class="kinds">
      <legend class="unseen">${t("control.to")}</legend>
      ${kinds.map(
        (each) => html`<label key=${each} class="kind">
          <input type="radio" name="kind" value=${each} checked=${kind === each} onChange=${() => setKind(each)} />
          <span>${word("target", each)}</span>
        </label>`,
      )}
    </fieldset>
    <div class="field">
      <label for="send-on-to">${word("target", kind)}</label>
      ${kind === "agent" &&
      html`<select key="agent" class="input" id="send-on-to" name="to" required>
        ${colleagues.map(
          (each) => html`<option key=${each.login} value=${each.login} disabled=${!each.available}>
            ${each.available ? each.name : t("control.not_free", { name: each.name })}
          </option>`,
        )}
      </select>`}
      ${kind === "queue" &&
      html`<select key="queue" class="input" id="send-on-to" name="to" required>
        ${me.value.queue_titles.map((each) => html`<option key=${each.code} value=${each.code}>${queueTitle(each.code)}</option>`)}
      </select>`}
      ${kind === "number" &&
      html`<input key="number" class="input phone-number" id="send-on-to" name="to" type="tel" inputmode="tel" required
        pattern="[0-9]{1,15}" maxlength="15" autocomplete="off" />`}
    </div>
    <div class="field wide">
      <label for="send-on-note">${t("control.note")}</label>
      <textarea class="input" id="send-on-note" name="note" dir="auto" maxlength=${NOTE_MOST} rows="2" defaultValue=${begun} onKeyDown=${enter}></textarea>
    </div>
    <div class="row">
      <button class="button primary" disabled=${!online()} aria-busy=${pending("consult")}>${t("control.consult")}<kbd>⏎</kbd></button>
      <${Button} name="transfer" onClick=${() => send(transfer)}>${t("control.transfer")}<//>
      <${Button} name="close" onClick=${() => (sendingOn.value = false)}>${t("action.close")}<//>
    </div>
  </form>`;
}

/** Somebody is asked beside the call: who, and what can be done with him. */
function Beside({ call }) {
  const { agent, number, state, blind, by } = call.consult;
  const name = agent || number;
  if (!isMine()) {
    return html`<p class="beside" role="status">${t("control.asked_by", { by })}</p>`;
  }
  const step = (what) => () => consultStep(call.id, what);
  const answered = ["held", "talking", "together"].includes(state);
  const said = blind ? t("control.on_the_way", { name }) : t("control.beside", { name, state: word("consult", state) });
  return html`<div class="beside">
    <p role="status">${said}</p>
    <div class="row">
      ${!blind && answered && state !== "together" &&
      html`<${Button} key="toggle" name="toggle" onClick=${step("toggle")}>${t(state === "talking" ? "control.to_caller" : "control.to_other", { name })}<//>
        <${Button} key="conference" name="conference" icon="barge" onClick=${step("conference")}>${t("control.conference")}<//>`}
      ${!blind && html`<${Button} key="complete" name="complete" kind="primary" onClick=${step("complete")}>${t("control.complete")}<//>`}
      <${Button} key="drop" name="drop" onClick=${step("drop")}>${t(blind ? "control.take_back" : "control.drop")}<//>
    </div>
  </div>`;
}

/** The row of buttons below a caller with whom the agent talks. */
export function TalkControls() {
  const call = myCall.value;
  const own = call && isMine();
  const held = call?.state === "held";
  const asked = call?.consult ?? null;
  const open = own && !asked && sendingOn.value;
  useEffect(() => () => (sendingOn.value = false), [call?.id]);
  return html`<div class="controls">
      ${own && !(asked && held) &&
      html`<${Button} key="hold" name="hold" icon="held" shortcut="F2" onClick=${toggleHold}>
        ${t(held ? "control.resume" : "control.hold")}
      <//>`}
      ${own && !asked &&
      html`<button key="send-on" type="button" class="button" data-action="send-on" aria-expanded=${open} disabled=${!online()} onClick=${toggleSendingOn}>
        <${Icon} name="user" />${t("control.send_on")}<kbd>⇧F2</kbd>
      </button>`}
      <button key="hang-up" type="button" class="button hang-up" disabled=${!online()} aria-busy=${pending("hang-up")}
        onClick=${({ detail }) => detail < 2 && hangUp(myself.value.call) /* a double click on Answer must not end the call */}>
        <${Icon} name="hang_up" />${t("action.hang_up")}<kbd>F4</kbd>
      </button>
      ${face.value === "held" && html`<p class="quiet">${t("idle.held")}</p>`}
      ${own && html`<${RecordingNow} />`}
    </div>
    ${asked && html`<${Beside} call=${call} />`}
    ${open && html`<${SendOn} call=${call} />`}`;
}
