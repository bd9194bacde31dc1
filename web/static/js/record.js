// A record's page: its facts, each changed where it stands, and panes of what belongs to it.

import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { online, pending } from "./actions.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { draftOf, Input, Shown, valueOf } from "./inputs.js";
import { t } from "./language.js";
import { Refused } from "./refused.js";
import { drop, write, writtenAt } from "./written.js";

/** One fact, changed in place. What is typed is kept under `place` until it is saved or thrown away, whatever page
 * is looked at meanwhile. `save(value, wrong)` answers what was stored, or null; `act` is the name that it has in
 * `actions.js`. `locked` says why it can't be changed; empty: it can. */
export function Fact({ place, spec, value, locked = "", hidden = false, save, act }) {
  const draft = writtenAt(place);
  const [refusal, setRefusal] = useState(null);
  const again = useRef(null);
  const box = useRef(null);
  const back = useRef(false);
  const open = draft !== null;
  const opened = useRef(open);
  const id = `fact-${place.replace(/[^\w-]/g, "-")}`;

  useLayoutEffect(() => {
    if (open && !opened.current) box.current?.querySelector("input, select, textarea")?.focus();
    if (!open && back.current) again.current?.focus();
    opened.current = open;
    back.current = false;
  }, [open]);

  const begin = () => write(place, { value: draftOf(spec, value), touched: false });
  const close = () => {
    back.current = box.current?.contains(document.activeElement); // who went on meanwhile is left where he is
    setRefusal(null);
    drop(place);
  };
  const keep = async (event) => {
    event.preventDefault();
    const sent = draft.value;
    setRefusal(null);
    if ((await save(valueOf(spec, sent), setRefusal)) === null) return;
    if (writtenAt(place)?.value === sent) close();
  };
  const keys = (event) => {
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key === "Escape" && !composing) {
      event.stopPropagation();
      close();
    } else if (event.key === "Enter" && composing) event.preventDefault();
    else if (event.key === "Enter" && event.target.tagName === "TEXTAREA" && (event.ctrlKey || event.metaKey)) keep(event);
  };
  if (open) {
    return html`<div class="fact open" ref=${box}>
      <form onSubmit=${keep} onKeyDown=${keys}>
        <label class="fact-label" for=${id}>${spec.label}</label>
        <${Input} spec=${spec} value=${draft.value} set=${(to) => write(place, { value: to, touched: true })} id=${id}
          aria-invalid=${refusal ? true : undefined} aria-describedby=${refusal ? `${id}-wrong` : undefined} />
        ${spec.hint && html`<p class="small quiet hint">${spec.hint}</p>`}
        <${Refused} refusal=${refusal} id=${`${id}-wrong`} />
        <div class="fact-actions">
          <button class="button small-button strong" disabled=${!online()} aria-busy=${pending(act)}>${t("record.save")}</button>
          <button type="button" class="button small-button plain" onClick=${close}>${t("action.cancel")}</button>
        </div>
      </form>
    </div>`;
  }
  return html`<div class="fact">
    <span class="fact-label" id=${id}>${spec.label}</span>
    <span class="fact-value">
      ${hidden ? html`<span class="chip">${t("record.hidden")}</span>` : html`<${Shown} spec=${spec} value=${value} />`}
      ${!hidden && !locked &&
      html`<button type="button" class="pencil" ref=${again} aria-label=${t("record.change", { what: spec.label })} title=${t("record.change", { what: spec.label })} onClick=${begin}>
        <${Icon} name="edit" size=${16} />
      </button>`}
    </span>
  </div>`;
}

/** Panes under a row of tabs: arrows go from tab to tab. `panes` are `{name, title, count, shows}`. */
export function Panes({ label, panes, chosen, choose }) {
  const list = useRef(null);
  const shown = panes.find(({ name }) => name === chosen) ?? panes[0];
  const keys = (event) => {
    const at = panes.indexOf(shown);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: panes.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = panes.at(to % panes.length);
    choose(next.name);
    list.current.querySelector(`#pane-tab-${next.name}`).focus();
  };
  return html`<section class="card panes">
    <div class="pane-tabs" role="tablist" aria-label=${label} ref=${list} onKeyDown=${keys}>
      ${panes.map(
        ({ name, title, count }) => html`<button key=${name} type="button" role="tab" id=${`pane-tab-${name}`} class="pane-tab"
          aria-selected=${name === shown.name} aria-controls="pane" tabindex=${name === shown.name ? 0 : -1} onClick=${() => choose(name)}>
          ${title}${count > 0 && html` <span class="count figures">${count}</span>`}
        </button>`,
      )}
    </div>
    <div class="pane" id="pane" role="tabpanel" aria-labelledby=${`pane-tab-${shown.name}`}>${shown.shows()}</div>
  </section>`;
}

/** What stands where something can't be shown: with a button where it helps to try again. */
export function Trouble({ refusal, gone, again }) {
  const over = [403, 404].includes(refusal.status);
  return html`<div class="empty" role="alert">
    <p>${over ? gone : t("error.load")}</p>
    ${!over && html`<button type="button" class="button" onClick=${again}>${t("action.again")}</button>`}
  </div>`;
}
