// Keys. Function keys that no browser uses itself, so that they work while a note is being typed; letters and
// digits act only where they are not text.

import { html } from "./html.js";
import { answer, hangUp, online } from "./actions.js";
import { toggleHold, toggleSendingOn } from "./control.js";
import { beginRequest } from "./customer.js";
import { t } from "./language.js";
import { focusSearch } from "./search.js";
import { face, helpOpen, isAgent, me, myPop, myself, statusMenuOpen } from "./model.js";
import { Dialog } from "./parts.js";
import { dial, previewed, toggleSkipping } from "./preview.js";
import { goToReminders } from "./reminders.js";
import { SUPERVISOR_HELP } from "./supervision.js";

const KEYS = {
  F2: () => {
    if (previewed()) dial(myPop.value.call);
    else if (face.value === "reserved" && me.value.answerable) answer(myself.value.call);
    else if (face.value === "talking" || face.value === "held") toggleHold();
  },
  "Shift+F2": () => {
    if (face.value === "talking" || face.value === "held") toggleSendingOn();
  },
  F4: () => {
    if (previewed()) toggleSkipping();
    else if (face.value === "talking" || face.value === "held") hangUp(myself.value.call);
  },
  F8: () => {
    statusMenuOpen.value = !statusMenuOpen.value;
  },
  "Shift+F8": () => beginRequest(),
  F9: () => {
    const form = document.querySelector("form.outcome");
    (form?.querySelector("input:checked") ?? form?.querySelector("input"))?.focus();
  },
};

const HELP = [
  ["F2", "key.answer"],
  ["Shift+F2", "key.send_on"],
  ["F4", "key.hang_up"],
  ["F8", "key.status"],
  ["F9", "key.outcome"],
  ["Shift+F8", "key.new_request"],
  ["Shift+F9", "key.reminders"],
  ["1–9", "key.codes"],
  ["/", "key.search"],
  ["?", "key.help"],
  ["Esc", "key.close"],
];

const isTyping = (element) => element?.matches?.("input:not([type=radio]), textarea, select") ?? false;

export function startShortcuts() {
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.isComposing && me.value) {
      event.preventDefault();
      focusSearch();
    }
    if (event.isComposing || event.repeat || event.ctrlKey || event.metaKey || event.altKey || !me.value) return;
    const key = event.shiftKey ? `Shift+${event.key}` : event.key;
    if (key === "Shift+F9") {
      event.preventDefault();
      goToReminders();
    } else if (KEYS[key] && isAgent.value && online()) {
      event.preventDefault();
      KEYS[key]();
    } else if (event.key === "?" && !isTyping(document.activeElement)) {
      event.preventDefault();
      helpOpen.value = true;
    } else if (event.key === "/" && !isTyping(document.activeElement)) {
      event.preventDefault();
      focusSearch();
    }
  });
}

export function Help() {
  if (!helpOpen.value) return null;
  return html`<${Dialog} kind="help" id="help-title" title=${t("help.title")} closed=${() => (helpOpen.value = false)}>
    ${() => html`<dl class="keys">
      ${(isAgent.value ? HELP : SUPERVISOR_HELP).map(([key, what]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${t(what)}</dd></div>`)}
    </dl>`}
  <//>`;
}
