// Which requests are shown, in which order, and as what: kept in the page's address, so that it can be sent on.

import { signal } from "@preact/signals";
import { useAddress } from "./address.js";
import { serverNow } from "./clock.js";
import { dayStart, PRIORITIES } from "./due.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { me } from "./model.js";
import { NOBODY, PersonChoice, TeamChoice } from "./people.js";
import { kindTitle, STATES } from "./request_parts.js";

const NONE = { owner: "", team: "", kind: "", priority: "", due: "", number: "", state: "", customer: "" };
export const SORTS = ["due", "updated", "opened", "number"];
const DUE = ["overdue", "today", "week"];

export const filters = signal(NONE);
export const sort = signal("due");
/** `board` or `list`. */
export const view = signal("board");

/** The filters as the API takes them. */
export function asked(chosen = filters.value) {
  const { due, ...rest } = chosen;
  const now = serverNow();
  const before = { overdue: now, today: dayStart(now, 1), week: dayStart(now, 7) }[due];
  return Object.fromEntries(Object.entries({ ...rest, due_before: before }).filter(([, value]) => value !== "" && value !== undefined));
}

/** The address says what is asked for, and the other way round. */
export function useRequestAddress() {
  const values = { ...filters.value, sort: sort.value === "due" ? "" : sort.value, view: view.value === "board" ? "" : view.value };
  useAddress("/requests", values, (given) => {
    filters.value = Object.fromEntries(Object.keys(NONE).map((name) => [name, given(name)]));
    if (SORTS.includes(given("sort"))) sort.value = given("sort");
    view.value = given("view") === "list" ? "list" : "board";
  });
}

export const isFiltered = () => Object.values(filters.value).some(Boolean);

export function Filters() {
  const set = (name) => (event) => (filters.value = { ...filters.value, [name]: event.target.value });
  const any = ["", t("requests.any")];
  const choice = (name, label, options) => html`<div class="field">
    <label for=${`requests-${name}`}>${label}</label>
    <select class="input" id=${`requests-${name}`} value=${filters.value[name]} onChange=${set(name)}>
      ${[any, ...options].map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}
    </select>
  </div>`;
  const head = [any, [NOBODY, t("people.nobody")]];
  return html`<form class="filters requests-filters" role="search" aria-label=${t("requests.filters")} onSubmit=${(event) => event.preventDefault()}>
    <div class="field">
      <label for="requests-owner">${t("request.owner")}</label>
      <${PersonChoice} id="requests-owner" value=${filters.value.owner} head=${head} onChange=${set("owner")} />
    </div>
    <div class="field">
      <label for="requests-team">${t("request.team")}</label>
      <${TeamChoice} id="requests-team" value=${filters.value.team} head=${head} onChange=${set("team")} />
    </div>
    ${choice("priority", t("request.priority"), [...PRIORITIES].reverse().map((level) => [String(level), t(`priority.${level}`)]))}
    ${me.value.request_kinds.length > 0 && choice("kind", t("request.kind"), me.value.request_kinds.map(({ code }) => [code, kindTitle(code)]))}
    ${choice("due", t("request.due"), DUE.map((code) => [code, t(`due_filter.${code}`)]))}
    ${view.value === "list" && choice("state", t("request.state"), STATES.map((code) => [code, t(`request_state.${code}`)]))}
    <div class="field">
      <label for="requests-number">${t("request.number")}</label>
      <input class="input figures" id="requests-number" maxlength="32" autocomplete="off" placeholder="2026-" value=${filters.value.number} onInput=${set("number")} />
    </div>
    <div class="field">
      <label for="requests-sort">${t("requests.sort")}</label>
      <select class="input" id="requests-sort" value=${sort.value} onChange=${(event) => (sort.value = event.target.value)}>
        ${SORTS.map((code) => html`<option key=${code} value=${code}>${t(`sort.${code}`)}</option>`)}
      </select>
    </div>
    ${filters.value.customer &&
    html`<div class="field">
      <span class="legend">${t("customer.title")}</span>
      <button type="button" class="button" onClick=${() => (filters.value = { ...filters.value, customer: "" })}>${t("requests.one_customer")}<${Icon} name="close" size=${14} /></button>
    </div>`}
    <button type="button" class="button" disabled=${!isFiltered()} onClick=${() => (filters.value = NONE)}>${t("audit.clear")}</button>
  </form>`;
}
