// What people write down about a customer: the pinned ones first, then the newest.

import { useEffect, useRef, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { call, post } from "./api.js";
import { change } from "./conflict.js";
import { dateTimeOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { usePages } from "./list_pages.js";
import { toast } from "./model.js";
import { personName } from "./people.js";
import { Refused } from "./refused.js";
import { baseOf, drop, keyFor, write, writtenAt } from "./written.js";

const LONGEST = 20_000;

const words = () => ({
  title: t("note.one"),
  label: (field) => (field === "text" ? t("note.text") : field === "pinned" ? t("note.pinned") : null),
  show: (field, value) => (field === "pinned" ? t(value ? "value.yes" : "value.no") : value),
});

const byKeys = (send, close) => (event) => {
  const composing = event.isComposing || event.keyCode === 229;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !composing) send(event);
  else if (event.key === "Escape" && close && !composing) {
    event.stopPropagation();
    close();
  }
};

function Writer({ customer, added }) {
  const place = `note of ${customer.id}`;
  const draft = writtenAt(place) ?? { text: "", pinned: false };
  const [refusal, setRefusal] = useState(null);
  const set = (to) => write(place, { ...draft, ...to, touched: true });
  const send = async (event) => {
    event.preventDefault();
    if (!draft.text.trim()) return;
    setRefusal(null);
    const body = { text: draft.text, pinned: draft.pinned };
    const work = async () => {
      try {
        await post(`/api/customers/${encodeURIComponent(customer.id)}/notes`, body, { key: keyFor(place, body) });
      } catch (refused) {
        if (![413, 422].includes(refused.status)) throw refused;
        setRefusal(refused);
        return;
      }
      if (writtenAt(place)?.text === body.text) drop(place);
      added();
    };
    await act(`note ${customer.id}`, work, JSON.stringify(body));
  };
  return html`<form class="note-writer" onSubmit=${send} onKeyDown=${byKeys(send)}>
    <label class="unseen" for="note-new">${t("note.write")}</label>
    <textarea class="input" id="note-new" dir="auto" rows="3" maxlength=${LONGEST} placeholder=${t("note.write")} value=${draft.text} onInput=${(event) => set({ text: event.target.value })}></textarea>
    <${Refused} refusal=${refusal} id="note-wrong" />
    <div class="note-actions">
      <label class="check"><input type="checkbox" checked=${draft.pinned} onChange=${() => set({ pinned: !draft.pinned })} />${t("note.pin")}</label>
      <span class="spacer"></span>
      ${draft.text.length > LONGEST - 1000 && html`<span class="small quiet figures">${LONGEST - draft.text.length}</span>`}
      <button class="button strong" disabled=${!online() || !draft.text.trim()} aria-busy=${pending(`note ${customer.id}`)}>${t("note.save")}</button>
    </div>
  </form>`;
}

function Note({ note, writable, changed }) {
  const place = `note ${note.id}`;
  const draft = writtenAt(place);
  const base = baseOf(place, note);
  const [refusal, setRefusal] = useState(null);
  const field = useRef(null);
  const path = `/api/notes/${encodeURIComponent(note.id)}`;
  useEffect(() => {
    if (draft && !draft.touched) field.current?.focus();
  }, [draft !== null]);
  const put = (body) => change({ name: `note ${note.id}`, path, body, base, words: words(), wrong: setRefusal });
  const save = async (event) => {
    event.preventDefault();
    setRefusal(null);
    const { text } = draft;
    if (!(await put({ text }))) return;
    if (writtenAt(place)?.text === text) drop(place);
    changed();
  };
  const pin = async () => {
    if (await put({ pinned: !note.pinned })) changed();
  };
  const away = () =>
    act(`note ${note.id}`, async () => {
      await call("DELETE", path, undefined, { "If-Match": `"${note.version}"` });
      changed();
      const again = () => act(`note ${note.id}`, async () => {
        await post(`/api/customers/${encodeURIComponent(note.customer)}/notes`, { text: note.text, pinned: note.pinned, request: note.request, interaction: note.interaction });
        changed();
      });
      toast(t("note.removed"), { action: { label: t("action.undo"), run: again } });
    });
  const button = (icon, label, run, pressed) => html`<button type="button" class="pencil" title=${label} aria-label=${label} aria-pressed=${pressed} onClick=${run}><${Icon} name=${icon} size=${16} /></button>`;
  return html`<li class=${note.pinned ? "pinned" : ""}>
    <div class="note-head">
      <strong>${personName(note.created_by)}</strong>
      <span class="small quiet figures">${dateTimeOf(note.created_at)}${note.updated_at > note.created_at && html` · ${t("note.changed", { name: personName(note.updated_by) })}`}</span>
      <span class="spacer"></span>
      ${note.pinned && html`<span class="small good-mark"><${Icon} name="star" size=${14} />${t("note.pinned")}</span>`}
      ${writable && !draft && html`<span class="acts">
        ${button("star", t("note.pin"), pin, note.pinned)} ${button("edit", t("note.edit"), () => write(place, { text: note.text, touched: false }))} ${button("close", t("note.remove"), away)}
      </span>`}
    </div>
    ${draft
      ? html`<form onSubmit=${save} onKeyDown=${byKeys(save, () => drop(place))}>
          <textarea class="input" ref=${field} dir="auto" rows="4" maxlength=${LONGEST} aria-label=${t("note.text")} value=${draft.text} onInput=${(event) => write(place, { text: event.target.value, touched: true })}></textarea>
          <${Refused} refusal=${refusal} id=${`note-wrong-${note.id}`} />
          <div class="fact-actions">
            <button class="button small-button strong" disabled=${!online() || !draft.text.trim()} aria-busy=${pending(`note ${note.id}`)}>${t("record.save")}</button>
            <button type="button" class="button small-button plain" onClick=${() => drop(place)}>${t("action.cancel")}</button>
          </div>
        </form>`
      : html`<p class="written" dir="auto">${note.text}</p>`}
  </li>`;
}

/** All notes of a customer, and a field for a new one. `changed` runs when there is another. */
export function Notes({ customer, turn, writable, changed }) {
  const { pages, more, again } = usePages(`/api/customers/${encodeURIComponent(customer.id)}/notes`, "", { turn });
  const sorted = [...pages.items].sort((a, b) => b.pinned - a.pinned);
  return html`<div class="notes-pane">
    ${writable && html`<${Writer} customer=${customer} added=${changed} />`}
    ${pages.state === "trouble" && html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`}
    ${pages.state === "here" && sorted.length === 0 && html`<p class="empty">${t("note.none")}</p>`}
    <ol class="note-list">${sorted.map((note) => html`<${Note} key=${note.id} note=${note} writable=${writable} changed=${changed} />`)}</ol>
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
  </div>`;
}
