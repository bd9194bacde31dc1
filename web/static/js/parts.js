// Small parts that several pages share.

import { useLayoutEffect, useRef } from "preact/hooks";

import { beat } from "./clock.js";
import { clock } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, titled, word } from "./language.js";
import { me } from "./model.js";

/** Counts up from `since`. Silent: a screen reader would read every second. */
export function Since({ since }) {
  return html`<span class="figures" aria-live="off">${clock(beat.value - since)}</span>`;
}

/** Counts down to `until`. */
export function Until({ until }) {
  return html`<span class="figures" aria-live="off">${clock(Math.ceil(until - beat.value))}</span>`;
}

/** A pause's reason in words: one of the agent's menu, or one that the center gives. */
export function reasonTitle(code) {
  const choice = me.value.pause_reasons.find((each) => each.code === code);
  return choice ? titled(choice.title, code) : word("reason", code);
}

/** An outcome's code in words. */
export function dispositionTitle(code) {
  const choice = me.value.dispositions.find((each) => each.code === code);
  return choice ? titled(choice.title, code) : code;
}

/** A queue's name in words. */
export function queueTitle(name) {
  const choice = me.value.queue_titles.find((each) => each.code === name);
  return titled(choice?.title, name);
}

/** A skill's name in words. */
export function skillTitle(name) {
  return titled(me.value.skill_titles.find((each) => each.code === name)?.title, name);
}

/** What a call needs, as the server has it: `en 3`, with a question mark when it is only preferred. */
export function Need({ need }) {
  const [, skill, level, preferred] = need.match(/^(.+) (\d+)(\?)?$/);
  return html`<span class="chip ${preferred ? "preferred" : ""}">${t(preferred ? "need.preferred" : "need.required", { skill: skillTitle(skill), level })}</span>`;
}

export function StateWord({ state, reason = "" }) {
  return html`<span class="state" data-state=${state}>
    <${Icon} name=${state} />
    <span>${reason ? t("state.with_reason", { state: t(`state.${state}`), reason }) : t(`state.${state}`)}</span>
  </span>`;
}

/** A number in groups, as people read it; what is not known to have groups stays as it is. */
const grouped = (number) =>
  number.replace(/^(\+86)?(1\d{2})(\d{4})(\d{4})$/, (_, ...groups) => groups.slice(0, 4).filter(Boolean).join("\u202f"));

export function PhoneNumber({ number }) {
  return number
    ? html`<bdi class="phone-number">${grouped(number)}</bdi>`
    : html`<span>${t("caller.hidden")}</span>`;
}

export function Card({ title, aside = null, children, ...rest }) {
  return html`<section class="card" ...${rest}>
    <header><h2>${title}</h2>${aside}</header>
    ${children}
  </section>`;
}

/** A dialog, open as soon as it is there: no key goes to the page below it. `closed` runs when it is closed, by
 * whatever: give each opening a `key` of its own, so that one that is closing takes no other along. */
export function Dialog({ kind, id, title, closed, children }) {
  const box = useRef(null);
  const close = () => box.current?.close(); // gone already, when what it is about is
  useLayoutEffect(() => {
    const shown = box.current;
    shown.showModal();
    return () => shown.close(); // one that goes away by itself gives the focus back, too
  }, []);
  return html`<dialog ref=${box} class=${kind} aria-labelledby=${id} onClose=${closed}>
    <div class="dialog-head">
      <h2 id=${id}>${title}</h2>
      <button type="button" class="button plain" onClick=${close}>${t("action.close")}</button>
    </div>
    ${children(close)}
  </dialog>`;
}

/** A button with a menu below it: opens by click, closes by Escape, by a choice, by a click elsewhere. */
export function Menu({ open, button, label, end = false, children }) {
  const anchor = useRef(null);
  useLayoutEffect(() => {
    if (!open.value) return undefined;
    const items = () => [...anchor.current.querySelectorAll(".menu button, .menu a, .menu select")];
    items()[0]?.focus();
    const away = (event) => {
      if (!anchor.current.contains(event.target)) open.value = false;
    };
    const keys = (event) => {
      const at = items().indexOf(document.activeElement);
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") {
        open.value = false;
        anchor.current.querySelector("button").focus();
      } else if (step && at >= 0 && document.activeElement.tagName !== "SELECT") {
        event.preventDefault();
        items().at((at + step) % items().length).focus();
      }
    };
    addEventListener("pointerdown", away);
    addEventListener("keydown", keys);
    return () => {
      removeEventListener("pointerdown", away);
      removeEventListener("keydown", keys);
    };
  }, [open.value]);
  const left = (event) => {
    if (open.value && event.relatedTarget && !anchor.current.contains(event.relatedTarget)) open.value = false;
  };
  return html`<div class="menu-anchor" ref=${anchor} onFocusOut=${left}>
    ${button}
    ${open.value && html`<div class="menu ${end ? "end" : ""}" role="group" aria-label=${label}>${children}</div>`}
  </div>`;
}
