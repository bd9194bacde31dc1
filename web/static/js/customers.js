// The list of customers: filtered, sorted, in the columns that one wants.

import { signal } from "@preact/signals";

import { plainSpec, useSpecs } from "./customer_fields.js";
import { FilterBar, queryOf, SavedViews, useFilters } from "./filters.js";
import { dateTimeOf } from "./format.js";
import { ExportButtons } from "./export_button.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { Shown } from "./inputs.js";
import { t, word } from "./language.js";
import { usePages } from "./list_pages.js";
import { go, may, me } from "./model.js";
import { ofRows } from "./news.js";
import { Menu, PhoneNumber } from "./parts.js";
import { usePeople } from "./people.js";
import { inWords } from "./refused.js";
import { steered } from "./rows.js";
import { Table } from "./table.js";

const PAUSE_MS = 250;
const FILTERS = ["name", "kind", "owner", "team", "tag", "tier", "category", "phone", "email", "number", "where"];
const COLUMNS = ["number", "phones", "company", "category", "tags", "tier", "language", "balance", "owner", "team", "updated"];
const AT_FIRST = ["number", "phones", "company", "tags", "owner", "updated"];
const KEPT = "contactcenter.customers.columns";

const columnsOpen = signal(false);

function keptColumns() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT));
    return Array.isArray(kept) && kept.every((each) => typeof each === "string") ? kept : AT_FIRST;
  } catch {
    return AT_FIRST; // written by nobody, or by somebody else
  }
}

const chosenColumns = signal(keptColumns());

function chooseColumns(to) {
  chosenColumns.value = to;
  localStorage.setItem(KEPT, JSON.stringify(to));
}

const row = signal("");
const openRow = steered(row, (one) => one.id, (one) => ({ Enter: () => go(`/customers/${encodeURIComponent(one.id)}`) }));

const plainTitle = (key) => (key === "phones" ? t("customer.phones") : key === "updated" ? t("customer.updated") : plainSpec(key).label);

function cellOf(key) {
  if (key === "phones") return (one) => html`<${Phones} numbers=${one.phones} />`;
  if (key === "updated") return (one) => html`<span class="figures">${dateTimeOf(one.updated_at)}</span>`;
  if (key === "number") return (one) => html`<bdi class="figures">${one.number}</bdi>`;
  return (one) => (one[key] === "" || one[key].length === 0 ? "" : html`<${Shown} spec=${plainSpec(key)} value=${one[key]} />`);
}

function Phones({ numbers }) {
  const [first, ...others] = numbers;
  if (!first) return null;
  return html`<${PhoneNumber} number=${first} />${others.length > 0 && html` <span class="small quiet">+${others.length}</span>`}`;
}

/** Who it is: a sign of the kind, the name as the way to the record, and what must be known before anything else. */
function Name({ one }) {
  return html`<span class="name-cell">
    <${Icon} name=${one.kind === "organisation" ? "building" : "user"} size=${16} />
    <a href=${`/customers/${encodeURIComponent(one.id)}`} tabindex="-1"><bdi>${one.name}</bdi></a>
    ${one.do_not_contact.includes("any") && html`<span class="chip refused" title=${t("consent.do_not_contact")}><${Icon} name="forbidden" size=${14} /><span class="unseen">${t("consent.do_not_contact")}</span></span>`}
  </span>`;
}

function Columns({ titles }) {
  const chosen = chosenColumns.value;
  const toggle = (key) => chooseColumns(chosen.includes(key) ? chosen.filter((each) => each !== key) : [...titles.keys()].filter((each) => each === key || chosen.includes(each)));
  const button = html`<button type="button" class="button" aria-haspopup="true" aria-expanded=${columnsOpen.value} onClick=${() => (columnsOpen.value = !columnsOpen.value)}>
    <${Icon} name="settings" size=${16} />${t("customers.columns")}
  </button>`;
  return html`<${Menu} open=${columnsOpen} button=${button} label=${t("customers.columns")} end>
    ${[...titles].map(([key, title]) => html`<button key=${key} type="button" class="menu-item" role="menuitemcheckbox" aria-checked=${chosen.includes(key)} onClick=${() => toggle(key)}>
      <span class="tick">${chosen.includes(key) && html`<${Icon} name="check" size=${16} />`}</span>${title}
    </button>`)}
  <//>`;
}

function Sorting({ name, title, sort, set }) {
  const chosen = (sort || "name") === name;
  return html`<button type="button" class="sorting" aria-pressed=${chosen} onClick=${() => set(name === "name" ? "" : name)}>
    ${title}${chosen && html`<${Icon} name="down" size=${12} />`}<span class="unseen">${t("customers.sort")}</span>
  </button>`;
}

/** What is said where a list would be: that it comes, that it is empty, that it could not be had. */
export function ListTrouble({ refusal, again }) {
  const wrong = [403, 422].includes(refusal.status);
  return html`<div class="empty" role="alert">
    <p>${wrong ? t("filter.wrong") : t("error.load")}</p>
    ${wrong && html`<p class="small" lang=${inWords(refusal).lang}>${inWords(refusal).text}</p>`}
    ${!wrong && html`<button type="button" class="button" onClick=${again}>${t("action.again")}</button>`}
  </div>`;
}

export function Customers() {
  document.title = `${t("nav.customers")} · contactcenter`;
  usePeople();
  const [asked, set] = useFilters([...FILTERS, "sort"]);
  const { sort, ...filters } = asked;
  const { custom } = useSpecs();
  const { pages, more, again } = usePages("/api/customers", queryOf(asked), { pause: PAUSE_MS, concerns: ofRows("customer") });
  const hidden = (name) => me.value.hidden.includes(`customer.${name}`);

  const titles = new Map([
    ...COLUMNS.filter((key) => !hidden(key)).map((key) => [key, plainTitle(key)]),
    ...custom.map((spec) => [spec.key, spec.label]),
  ]);
  const ofCustom = (spec) => (one) => {
    const value = one.custom[spec.key.slice("custom.".length)];
    return value === undefined || value === null ? "" : html`<${Shown} spec=${spec} value=${value} />`;
  };
  const setSort = (to) => set({ ...asked, sort: to });
  const columns = [
    [t("customer.name"), (one) => html`<${Name} one=${one} />`, false, html`<${Sorting} name="name" title=${t("customer.name")} sort=${sort} set=${setSort} />`],
    ...chosenColumns.value
      .filter((key) => titles.has(key))
      .map((key) => {
        const spec = custom.find((each) => each.key === key);
        const head = key === "updated" ? html`<${Sorting} name="updated" title=${titles.get(key)} sort=${sort} set=${setSort} />` : undefined;
        return [titles.get(key), spec ? ofCustom(spec) : cellOf(key), key === "balance", head];
      }),
  ];
  const fields = [
    { name: "name", label: t("customers.by_name"), type: "text" },
    { name: "kind", label: t("customer.kind"), type: "choice", options: ["person", "organisation"].map((kind) => [kind, word("customer_kind", kind)]) },
    { name: "owner", label: t("customer.owner"), type: "person" },
    { name: "team", label: t("customer.team"), type: "team" },
    { name: "tag", label: t("customers.tag"), type: "text" },
    { name: "tier", label: t("customer.tier"), type: "text", rare: true },
    { name: "category", label: t("customer.category"), type: "text", rare: true },
    { name: "phone", label: t("customers.phone"), type: "text", rare: true },
    { name: "email", label: t("address.channel.email"), type: "text", rare: true },
    { name: "number", label: t("customers.number"), type: "text", rare: true },
    { name: "where", label: t("customers.where"), type: "text", rare: true, wide: true },
  ].filter(({ name }) => !hidden({ tag: "tags", phone: "phones", email: "addresses" }[name] ?? name));
  const apply = ({ columns: kept, ...filter }) => {
    if (Array.isArray(kept)) chooseColumns(kept);
    set(filter);
  };
  const filtered = Object.values(filters).some(Boolean);
  return html`<div class="page wide-page">
    <div class="page-title">
      <h1>${t("nav.customers")}</h1>
      <div class="title-actions">
        ${may("customers.export") && html`<${ExportButtons} kind="customers" filters=${asked} />`}
        ${may("customers.write") && html`<a class="button primary" href="/customers/new"><${Icon} name="plus" size=${16} />${t("customer.create")}</a>`}
      </div>
    </div>
    <${FilterBar} label=${t("customers.filters")} fields=${fields} filters=${asked} set=${set} />
    <section class="card">
      <header>
        <h2>${t(filtered ? "customers.found" : "customers.all")}</h2>
        <div class="list-tools">
          <${SavedViews} kind="customer" filter=${{ ...asked, columns: chosenColumns.value }} apply=${apply} />
          <${Columns} titles=${titles} />
        </div>
      </header>
      ${pages.state === "trouble"
        ? html`<${ListTrouble} refusal=${pages.refusal} again=${again} />`
        : html`<${Table} label=${t("nav.customers")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} rowProps=${openRow}
            empty=${pages.state === "loading" ? t("history.loading") : t(filtered ? "customers.none_fits" : "customers.none")} />`}
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
    </section>
  </div>`;
}

