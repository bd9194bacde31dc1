// What a center wants to know of its customers and requests besides what every center does: the definitions.

import { useEffect, useRef, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { call, get, patch, post } from "./api.js";
import { change } from "./conflict.js";
import { fieldsChanged } from "./custom_fields.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, titled } from "./language.js";
import { toast } from "./model.js";
import { Dialog } from "./parts.js";
import { Refused } from "./refused.js";
import { Table } from "./table.js";
import { drop, keyFor, write, writtenAt } from "./written.js";

const KINDS = ["customer", "request"];
const TYPES = ["text", "long_text", "number", "amount", "date", "moment", "boolean", "choice", "choices", "phone", "email", "url"];
const FLAGS = ["required", "searchable", "sealed", "routing", "retired"];
const BOUNDED = ["number", "amount"];
const MEASURED = ["text", "long_text"];
const CHOSEN = ["choice", "choices"];
const FRESH_CHOICE = { value: "", title: { zh: "", en: "" }, retired: false };
const FRESH = { name: "", title: { zh: "", en: "" }, type: "text", choices: [], least: "", most: "", longest: "", required: false, searchable: false, sealed: false, routing: false, retired: false };

const addressOf = (field) => `/api/fields/${encodeURIComponent(field.id)}`;
const text = (value) => (value === null || value === undefined ? "" : String(value));
const asDraft = ({ title, type, choices, least, most, longest, ...rest }) => ({
  ...Object.fromEntries(FLAGS.map((flag) => [flag, rest[flag]])), name: rest.name, title: { ...title }, type, choices: choices.map((each) => ({ ...each, title: { ...each.title } })),
  least: text(least), most: text(most), longest: text(longest),
});

const number = (typed) => (typed.trim() === "" ? null : Number.isNaN(Number(typed)) ? typed : Number(typed));

/** What is sent of a draft: only what its type has. */
function bodyOf({ touched: _, name, least, most, longest, choices, ...rest }) {
  const bounded = BOUNDED.includes(rest.type);
  return {
    ...rest,
    choices: CHOSEN.includes(rest.type) ? choices : [],
    least: bounded ? number(least) : null,
    most: bounded ? number(most) : null,
    longest: MEASURED.includes(rest.type) ? number(longest) : null,
  };
}

const words = (field) => ({
  title: titled(field.title, field.name),
  label: (key) => (key === "version" || key === "id" || key === "place" ? null : t(`field.${key}`)),
  show: (key, value) => {
    if (key === "title") return `${value.zh} / ${value.en}`;
    if (key === "type") return t(`field.type.${value}`);
    if (key === "choices") return value.map((each) => titled(each.title, each.value)).join(", ") || "–";
    if (typeof value === "boolean") return t(value ? "value.yes" : "value.no");
    return value === null || value === "" ? "–" : String(value);
  },
});

function Choices({ draft, set, wrong }) {
  const put = (at, to) => set({ choices: draft.choices.map((each, n) => (n === at ? { ...each, ...to } : each)) });
  const move = (at, by) => {
    const next = [...draft.choices];
    [next[at], next[at + by]] = [next[at + by], next[at]];
    set({ choices: next });
  };
  const input = (at, label, value, to) => html`<input class="input" aria-label=${t("field.choice_label", { n: at + 1, what: label })} dir="auto" required maxlength="80" value=${value} onInput=${(event) => to(event.target.value)} />`;
  const button = (icon, label, run, disabled = false) => html`<button type="button" class="pencil" title=${label} aria-label=${label} disabled=${disabled} onClick=${run}><${Icon} name=${icon} size=${16} /></button>`;
  return html`<fieldset class="choices-edit">
    <legend class="legend">${t("field.choices")}</legend>
    <div class="choice-row head small quiet" aria-hidden="true"><span>${t("field.choice_value")}</span><span>${t("language.zh")}</span><span>${t("language.en")}</span><span></span></div>
    ${draft.choices.map((each, at) => html`<div key=${at} class="choice-row ${each.retired ? "retired" : ""}">
      ${input(at, t("field.choice_value"), each.value, (value) => put(at, { value }))}
      ${input(at, t("language.zh"), each.title.zh, (zh) => put(at, { title: { ...each.title, zh } }))}
      ${input(at, t("language.en"), each.title.en, (en) => put(at, { title: { ...each.title, en } }))}
      <span class="acts">
        ${button("up", t("field.choice_up", { n: at + 1 }), () => move(at, -1), at === 0)}
        <label class="check small"><input type="checkbox" checked=${each.retired} onChange=${() => put(at, { retired: !each.retired })} />${t("field.retired_short")}</label>
        ${button("close", t("field.choice_remove", { n: at + 1 }), () => set({ choices: draft.choices.filter((_, n) => n !== at) }))}
      </span>
    </div>`)}
    ${wrong("choices")}
    <button type="button" class="button small-button" onClick=${() => set({ choices: [...draft.choices, FRESH_CHOICE] })}><${Icon} name="plus" size=${14} />${t("field.choice_add")}</button>
  </fieldset>`;
}

/** The form of a definition; `field` is null for a new one. */
function FieldForm({ kind, field, place, close, saved }) {
  const first = useRef(null);
  const [refusal, setRefusal] = useState(null);
  const draft = { ...(field ? asDraft(field) : FRESH), ...writtenAt(place) };
  const set = (to) => write(place, { ...to, touched: true });
  const name = field ? `field ${field.id}` : "field new";
  useEffect(() => first.current.querySelector("input:not([disabled])").focus(), []); // once the dialog is open
  const wrongAt = refusal?.field ?? "";
  const isAt = (key) => wrongAt === key || wrongAt.startsWith(`${key}.`);
  const SHOWN = ["name", "title", "type", "choices", "least", "most", "longest", ...FLAGS];
  const wrong = (key) => isAt(key) && html`<${Refused} refusal=${refusal} id=${`field-wrong-${key}`} />`;

  const send = async (event) => {
    event.preventDefault();
    setRefusal(null);
    const body = bodyOf(draft);
    let stored = null;
    if (field) {
      const changed = Object.fromEntries(Object.entries(body).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(field[key])));
      stored = Object.keys(changed).length ? await change({ name, path: addressOf(field), body: changed, base: field, words: words(field), wrong: setRefusal }) : field;
    } else {
      const { retired: _, ...fresh } = body;
      const made = { kind, name: draft.name.trim(), ...fresh };
      await act(name, async () => {
        try {
          stored = await post("/api/fields", made, { key: keyFor(place, made) });
        } catch (refused) {
          if (![409, 422].includes(refused.status)) throw refused;
          setRefusal(refused);
        }
      }, JSON.stringify(made));
    }
    if (!stored) return;
    drop(place);
    close();
    saved();
  };
  const input = (key, label, rest = {}) => html`<div class="field ${isAt(key) ? "is-wrong" : ""}">
    <label for=${`field-${key}`}>${label}</label>
    <input class="input" id=${`field-${key}`} dir="auto" autocomplete="off" value=${draft[key]} onInput=${(event) => set({ [key]: event.target.value })} aria-invalid=${isAt(key) || undefined} ...${rest} />
    ${wrong(key)}
  </div>`;
  const title = (language) => html`<div class="field">
    <label for=${`field-title-${language}`}>${t("field.title_in", { language: t(`language.${language}`) })}</label>
    <input class="input" id=${`field-title-${language}`} dir="auto" required maxlength="80" autocomplete="off" value=${draft.title[language]} onInput=${(event) => set({ title: { ...draft.title, [language]: event.target.value } })} />
  </div>`;
  const flag = (key) => html`<div key=${key}><label class="check"><input type="checkbox" checked=${draft[key]} onChange=${() => set({ [key]: !draft[key] })} aria-describedby=${`field-hint-${key}`} /><span>${t(`field.${key}`)}</span></label>
    <p class="small quiet hint" id=${`field-hint-${key}`}>${t(`field.${key}_hint`)}</p>${wrong(key)}</div>`;
  return html`<form class="stack field-form" ref=${first} onSubmit=${send}>
    <div class="form-fields">
      ${title("zh")} ${title("en")}
      ${input("name", t("field.name"), { required: true, disabled: Boolean(field), pattern: "[a-z][a-z0-9_]{0,31}", maxlength: 32, title: t("settings.name_rule"), dir: "ltr" })}
      <div class="field ${isAt("type") ? "is-wrong" : ""}">
        <label for="field-type">${t("field.type")}</label>
        <select class="input" id="field-type" value=${draft.type} onChange=${(event) => set({ type: event.target.value })}>
          ${TYPES.map((type) => html`<option key=${type} value=${type}>${t(`field.type.${type}`)}</option>`)}
        </select>
        ${wrong("type")}
      </div>
      ${BOUNDED.includes(draft.type) && html`${input("least", t("field.least"), { inputmode: "decimal", dir: "ltr" })}${input("most", t("field.most"), { inputmode: "decimal", dir: "ltr" })}`}
      ${MEASURED.includes(draft.type) && input("longest", t("field.longest"), { inputmode: "numeric", dir: "ltr" })}
    </div>
    ${wrong("title")}
    ${CHOSEN.includes(draft.type) && html`<${Choices} draft=${draft} set=${set} wrong=${wrong} />`}
    <div class="flags">${FLAGS.filter((key) => (key !== "retired" || field) && (key !== "routing" || kind === "customer")).map(flag)}</div>
    ${refusal && !SHOWN.some(isAt) && html`<${Refused} refusal=${refusal} id="field-wrong" />`}
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${() => (drop(place), close())}>${t("action.cancel")}</button>
      <button class="button primary" disabled=${!online()} aria-busy=${pending(name)}>${t("record.save")}</button>
    </div>
  </form>`;
}

export function FieldSettings() {
  document.title = `${t("nav.fields")} · contactcenter`;
  const [kind, setKind] = useState("customer");
  const [found, setFound] = useState({ items: [], state: "loading" });
  const [open, setOpen] = useState(null);
  const load = async () => {
    try {
      setFound({ items: (await get("/api/fields?limit=200")).items, state: "here" });
    } catch (refusal) {
      setFound((before) => ({ ...before, state: "trouble", refusal }));
    }
  };
  useEffect(() => {
    load();
  }, []);
  const saved = () => {
    load();
    fieldsChanged(kind);
  };
  const items = found.items.filter((field) => field.kind === kind);
  const edit = (field) => setOpen({ key: Date.now(), field, kind });
  const move = (field, by) => {
    const order = [...items];
    const at = order.indexOf(field);
    [order[at], order[at + by]] = [order[at + by], order[at]];
    const moved = order.map((each, place) => [each, place + 1]).filter(([each, place]) => each.place !== place);
    return act("field order", async () => {
      for (const [each, place] of moved) await patch(addressOf(each), { place }, { version: each.version });
      saved();
    }).then((done) => done || load());
  };
  const remove = (field) =>
    act(`field ${field.id}`, async () => {
      try {
        await call("DELETE", addressOf(field), undefined, { "If-Match": `"${field.version}"` });
        toast(t("field.removed", { title: titled(field.title, field.name) }));
        saved();
      } catch (refused) {
        if (refused.code !== "in_use") throw refused;
        const retire = { label: t("field.retire"), run: () => act(`field ${field.id}`, async () => {
          await patch(addressOf(field), { retired: true }, { version: field.version });
          saved();
        }) };
        toast(t("field.in_use", { title: titled(field.title, field.name) }), { action: field.retired ? null : retire, seconds: 20 });
      }
    });
  const button = (icon, label, run, disabled = false) => html`<button type="button" class="pencil" title=${label} aria-label=${label} disabled=${disabled || !online()} onClick=${run}><${Icon} name=${icon} size=${16} /></button>`;
  const columns = [
    [t("field.title"), (field) => html`<strong><bdi>${titled(field.title, field.name)}</bdi></strong>`],
    [t("field.name"), (field) => html`<code>${field.name}</code>`],
    [t("field.type"), (field) => html`${t(`field.type.${field.type}`)}${field.choices.length > 0 && html` <span class="small quiet">${t("field.choice_count", { n: field.choices.length })}</span>`}`],
    [t("field.flags"), (field) => html`<span class="chips inline">${FLAGS.filter((flag) => field[flag]).map((flag) => html`<span key=${flag} class="chip ${flag === "retired" ? "urgent" : ""}">${t(`field.${flag}`)}</span>`)}</span>`],
    [t("field.acts"), (field) => {
      const title = titled(field.title, field.name);
      const at = items.indexOf(field);
      return html`<span class="acts">
        ${button("up", t("field.up", { title }), () => move(field, -1), at === 0)} ${button("down", t("field.down", { title }), () => move(field, 1), at === items.length - 1)}
        ${button("edit", t("record.change", { what: title }), () => edit(field))} ${button("close", t("field.remove", { title }), () => remove(field))}
      </span>`;
    }, true],
  ];
  return html`<div class="page">
    <div class="page-title">
      <div><h1>${t("nav.fields")}</h1><p class="quiet">${t("field.explains")}</p></div>
      <button type="button" class="button primary" onClick=${() => edit(null)}><${Icon} name="plus" size=${16} />${t("field.new")}</button>
    </div>
    <section class="card">
      <header>
        <div class="list-tools" role="group" aria-label=${t("field.of")}>
          ${KINDS.map((each) => html`<button key=${each} type="button" class="choice" aria-pressed=${kind === each} onClick=${() => setKind(each)}>${t(`field.kind.${each}`)}</button>`)}
        </div>
      </header>
      ${found.state === "trouble"
        ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div>`
        : html`<${Table} label=${t("nav.fields")} columns=${columns} rows=${items} keyOf=${(field) => field.id} empty=${t(found.state === "loading" ? "history.loading" : "field.none")} />`}
    </section>
    ${open && html`<${Dialog} key=${open.key} kind="field-dialog wide-dialog" id="field-head" title=${open.field ? titled(open.field.title, open.field.name) : t("field.new")} closed=${() => setOpen(null)}>
      ${(close) => html`<${FieldForm} kind=${open.kind} field=${open.field} place=${open.field ? `field ${open.field.id}` : `field new ${open.kind}`} close=${close} saved=${saved} />`}
    <//>`}
  </div>`;
}
