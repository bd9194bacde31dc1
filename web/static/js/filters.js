// Filters of a list: in the address, so that a list can be sent to somebody and the way back leads to the same one;
// and under names of one's own.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { call, get, patch, post } from "./api.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { me, route, toast } from "./model.js";
import { Dialog, Menu } from "./parts.js";
import { NOBODY, PersonChoice, TeamChoice } from "./people.js";
import { Refused } from "./refused.js";

/** What the address asks for, of these names: `{name: "", …}` with what is given. */
function asked(names) {
  const given = new URLSearchParams(route.value.query);
  return Object.fromEntries(names.map((name) => [name, given.get(name) ?? ""]));
}

/** The filters of the list at this address, and a way to set them. */
export function useFilters(names) {
  const filters = asked(names);
  const set = (to) => {
    const query = new URLSearchParams(names.map((name) => [name, to[name] ?? ""]).filter(([, value]) => value));
    const search = query.size ? `?${query}` : "";
    history.replaceState(history.state, "", location.pathname + search);
    route.value = { ...route.value, query: search };
  };
  return [filters, set];
}

/** Those that are asked for, as a query. */
export const queryOf = (filters) => new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== "")).toString();

/** Fields of filters. `fields` are `{name, label, type, options}`: `text`, `choice` with `[value, title]`s, `person`,
 * `team`. Those that are `rare` are shown when they are used, or asked for. */
export function FilterBar({ label, fields, filters, set, children }) {
  const [all, setAll] = useState(false);
  const rare = fields.filter((field) => field.rare);
  const shown = fields.filter((field) => !field.rare || all || filters[field.name]);
  const used = fields.some(({ name }) => filters[name]);
  const one = ({ name, label: title, type, options, wide }) => {
    const id = `filter-${name}`;
    const put = (event) => set({ ...filters, [name]: event.target.value });
    const head = [["", t("filter.any")], [NOBODY, t("filter.nobody")]];
    return html`<div key=${name} class="field ${wide ? "wide" : ""}">
      <label for=${id}>${title}</label>
      ${type === "person"
        ? html`<${PersonChoice} id=${id} value=${filters[name]} head=${head} onChange=${put} />`
        : type === "team"
          ? html`<${TeamChoice} id=${id} value=${filters[name]} head=${head} onChange=${put} />`
          : type === "choice"
            ? html`<select class="input" id=${id} value=${filters[name]} onChange=${put}>
                <option value="">${t("filter.any")}</option>
                ${options.map(([value, words]) => html`<option key=${value} value=${value}>${words}</option>`)}
              </select>`
            : html`<input class="input" id=${id} dir="auto" maxlength=${wide ? 500 : 120} autocomplete="off" spellcheck="false" value=${filters[name]} onInput=${put} />`}
    </div>`;
  };
  const none = Object.fromEntries(fields.map(({ name }) => [name, ""]));
  return html`<form class="filters narrow" role="search" aria-label=${label} onSubmit=${(event) => event.preventDefault()}>
    ${shown.map(one)}
    <div class="filter-actions">
      ${rare.some((field) => !shown.includes(field)) && html`<button type="button" class="button plain" onClick=${() => setAll(true)}><${Icon} name="filter" size=${16} />${t("filter.more")}</button>`}
      ${used && html`<button type="button" class="button plain" onClick=${() => set({ ...filters, ...none })}>${t("audit.clear")}</button>`}
      ${children}
    </div>
  </form>`;
}

/** Kind of list -> its saved views, and which of them was taken last. */
const views = signal({});
const taken = signal({});
const menuOpen = signal(false);
const naming = signal(0);

async function loadViews(kind) {
  const found = await get(`/api/views?kind=${kind}&limit=200`).catch(() => null);
  if (found) views.value = { ...views.value, [kind]: found.items };
}

const same = (a, b) => JSON.stringify(Object.entries(a).filter(([, v]) => v !== "" && v !== null).sort()) === JSON.stringify(Object.entries(b).filter(([, v]) => v !== "" && v !== null).sort());

function NameForm({ kind, filter, close }) {
  const [title, setTitle] = useState("");
  const [shared, setShared] = useState(false);
  const [refusal, setRefusal] = useState(null);
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const save = async (event) => {
    event.preventDefault();
    if (!title.trim()) return;
    setRefusal(null);
    const kept = async () => {
      try {
        const made = await post("/api/views", { kind, title: title.trim(), filter, shared });
        taken.value = { ...taken.value, [kind]: made.id };
        close();
        await loadViews(kind);
      } catch (refused) {
        if (refused.status === 0 || refused.status >= 500) throw refused;
        setRefusal(refused);
      }
    };
    await act("view", kept, title);
  };
  return html`<form class="stack" onSubmit=${save}>
    <div class="field">
      <label for="view-title">${t("views.name")}</label>
      <input class="input" id="view-title" ref=${field} dir="auto" required maxlength="80" autocomplete="off" value=${title} onInput=${(event) => setTitle(event.target.value)} />
    </div>
    <label class="check"><input type="checkbox" checked=${shared} onChange=${() => setShared(!shared)} />${t("views.shared")}</label>
    <${Refused} refusal=${refusal} id="view-wrong" />
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${close}>${t("action.cancel")}</button>
      <button class="button primary" disabled=${!title.trim() || !online()} aria-busy=${pending("view")}>${t("record.save")}</button>
    </div>
  </form>`;
}

/** A menu of saved views. `filter` is what the list shows now, all that a view keeps; `apply` shows a view's. */
export function SavedViews({ kind, filter, apply }) {
  useEffect(() => {
    loadViews(kind);
  }, []);
  const all = views.value[kind] ?? [];
  const current = all.find((view) => view.id === taken.value[kind]);
  const mine = current?.login === me.value.user;
  const differs = current && !same(current.filter, filter);
  const item = (run) => () => {
    menuOpen.value = false;
    run();
  };
  const take = (view) => {
    taken.value = { ...taken.value, [kind]: view.id };
    apply(view.filter);
  };
  const store = () => act("view", async () => {
    await patch(`/api/views/${encodeURIComponent(current.id)}`, { filter }, { version: current.version });
    await loadViews(kind);
    toast(t("views.stored", { title: current.title }));
  });
  const again = ({ title, filter: kept, shared }) => act("view", async () => {
    await post("/api/views", { kind, title, filter: kept, shared });
    await loadViews(kind);
  });
  const remove = () => act("view", async () => {
    await call("DELETE", `/api/views/${encodeURIComponent(current.id)}`, undefined, { "If-Match": `"${current.version}"` });
    taken.value = { ...taken.value, [kind]: "" };
    await loadViews(kind);
    toast(t("views.removed", { title: current.title }), {
      action: { label: t("action.undo"), run: () => again(current) },
    });
  });
  const group = (title, list) => list.length > 0 && html`<p class="menu-title">${title}</p>
    ${list.map((view) => html`<button key=${view.id} type="button" class="menu-item" aria-current=${view === current ? "true" : undefined} onClick=${item(() => take(view))}>
      <${Icon} name=${view === current ? "check" : "star"} size=${16} /><bdi>${view.title}</bdi>
    </button>`)}`;
  const button = html`<button type="button" class="button" aria-haspopup="true" aria-expanded=${menuOpen.value} onClick=${() => (menuOpen.value = !menuOpen.value)}>
    <${Icon} name="star" size=${16} />${current ? html`<bdi>${current.title}</bdi>${differs && html`<span class="quiet">${t("views.changed")}</span>`}` : t("views.title")}<${Icon} name="down" size=${14} />
  </button>`;
  const closed = () => (naming.value = 0);
  return html`<${Menu} open=${menuOpen} button=${button} label=${t("views.title")} end>
      ${group(t("views.mine"), all.filter((view) => view.login === me.value.user))}
      ${group(t("views.others"), all.filter((view) => view.login !== me.value.user))}
      ${all.length > 0 && html`<div class="menu-line"></div>`}
      <button type="button" class="menu-item" onClick=${item(() => (naming.value = Date.now()))}><${Icon} name="plus" size=${16} />${t("views.save")}</button>
      ${mine && differs && html`<button type="button" class="menu-item" onClick=${item(store)}><${Icon} name="check" size=${16} />${t("views.store", { title: current.title })}</button>`}
      ${mine && html`<button type="button" class="menu-item" onClick=${item(remove)}><${Icon} name="close" size=${16} />${t("views.remove", { title: current.title })}</button>`}
    <//>
    ${naming.value > 0 && html`<${Dialog} key=${naming.value} kind="naming" id="naming-title" title=${t("views.save")} closed=${closed}>
      ${(close) => html`<${NameForm} kind=${kind} filter=${filter} close=${close} />`}
    <//>`}`;
}
