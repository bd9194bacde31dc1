// The rooms of the house: what can be opened, by whom, and what is shown there. A new page has its line here, its
// address in `contactcenter/http/pages.py`.

import { Appointments } from "./appointments.js";
import { Audit } from "./audit.js";
import { Board } from "./board.js";
import { CampaignPage } from "./campaign_page.js";
import { Campaigns } from "./campaigns.js";
import { CustomerPage } from "./customer_page.js";
import { Customers } from "./customers.js";
import { Desk } from "./desk.js";
import { Duplicates } from "./duplicates.js";
import { Exports, mayExport } from "./exports.js";
import { FieldSettings } from "./field_settings.js";
import { FollowupPage, Followups } from "./followups.js";
import { History, InteractionPage } from "./history.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { ImportPage } from "./import_page.js";
import { Imports, mayImport } from "./imports.js";
import { t } from "./language.js";
import { LeadPage } from "./lead.js";
import { ListPage } from "./list_page.js";
import { Lists } from "./lists.js";
import { isAgent, may, route, steersAll } from "./model.js";
import { NewCustomer } from "./new_customer.js";
import { NoCalls } from "./no_calls.js";
import { RequestPage } from "./request.js";
import { Requests } from "./requests.js";
import { Roles } from "./roles.js";
import { Settings } from "./settings.js";
import { Teams } from "./teams.js";
import { UserPage, Users } from "./users.js";

const everybody = () => true;

const CustomerRoom = ({ id }) => (id === "new" && may("customers.write") ? html`<${NewCustomer} />` : html`<${CustomerPage} id=${id} />`);

/** Room by room, in the order in which they stand; the first of a room's pages that somebody may see is its door,
 * whose title is the room's, unless the room has one. A page's `name` is the first word of its address; `all` is
 * shown there, and `one` gets the `id` that follows; one that is `inside` another has no tab. `apart`: at the end, with a
 * gap before the first. */
const ROOMS = [
  {
    icon: "desk",
    pages: [
      { name: "desk", title: () => t(isAgent.value ? "nav.desk" : "nav.board"), sees: everybody, all: () => html`<${isAgent.value ? Desk : Board} />` },
    ],
  },
  {
    icon: "customers",
    pages: [
      { name: "customers", title: () => t("nav.customers"), sees: () => may("customers.read"), all: Customers, one: CustomerRoom },
      { name: "duplicates", title: () => t("nav.duplicates"), sees: () => may("customers.merge"), all: Duplicates },
    ],
  },
  {
    icon: "requests",
    pages: [{ name: "requests", title: () => t("nav.requests"), sees: () => may("requests.read"), all: Requests, one: RequestPage }],
  },
  {
    icon: "followups",
    pages: [
      { name: "followups", title: () => t("nav.followups"), sees: () => may("followups.read"), all: Followups, one: FollowupPage },
      { name: "appointments", title: () => t("nav.appointments"), sees: () => may("appointments.read"), all: Appointments },
    ],
  },
  {
    icon: "campaigns",
    pages: [
      { name: "campaigns", title: () => t("nav.campaigns"), sees: () => may("campaigns.read"), all: Campaigns, one: CampaignPage },
      { name: "lists", title: () => t("nav.lists"), sees: () => may("campaigns.read"), all: Lists, one: ListPage },
      { name: "leads", title: () => t("nav.lists"), sees: () => may("leads.read"), all: Lists, one: LeadPage, inside: true },
      { name: "do-not-call", title: () => t("nav.no_calls"), sees: () => may("do_not_call.read"), all: NoCalls },
    ],
  },
  {
    icon: "history",
    pages: [{ name: "history", title: () => t("nav.history"), sees: everybody, all: History, one: InteractionPage }],
  },
  {
    icon: "files",
    title: () => t("nav.files"),
    pages: [
      { name: "imports", title: () => t("nav.imports"), sees: mayImport, all: Imports, one: ImportPage },
      { name: "exports", title: () => t("nav.exports"), sees: mayExport, all: Exports },
    ],
  },
  {
    icon: "people",
    apart: true,
    title: () => t("nav.people"),
    pages: [
      { name: "users", title: () => t("nav.users"), sees: () => may("users.read"), all: Users, one: UserPage },
      { name: "teams", title: () => t("nav.teams"), sees: () => may("users.read"), all: Teams },
      { name: "roles", title: () => t("nav.roles"), sees: () => may("users.read"), all: Roles },
    ],
  },
  {
    icon: "settings",
    apart: true,
    title: () => t("nav.settings"),
    pages: [
      { name: "settings", title: () => t("nav.configuration"), sees: () => steersAll.value, all: Settings },
      { name: "fields", title: () => t("nav.fields"), sees: () => may("fields.write"), all: FieldSettings },
    ],
  },
  {
    icon: "audit",
    apart: true,
    pages: [{ name: "audit", title: () => t("nav.audit"), sees: () => may("audit.read"), all: Audit }],
  },
];

const PAGES = new Map(ROOMS.flatMap(({ pages }) => pages.map((page) => [page.name, page])));
const addressOf = ({ name }) => (name === "desk" ? "/" : `/${name}`);
const open = ({ pages }) => pages.filter((page) => page.sees() && !page.inside);

/** The rooms, beside every page. */
export function Rail() {
  const here = route.value.name;
  return html`<nav class="rail" aria-label=${t("nav.label")}>
    ${ROOMS.map((room) => {
      const [door] = open(room);
      if (!door) return null;
      const current = door.name === here ? "page" : room.pages.some(({ name }) => name === here) ? "true" : undefined;
      return html`<a key=${door.name} class="rail-link ${room.apart ? "apart" : ""}" href=${addressOf(door)} aria-current=${current}>
        <${Icon} name=${room.icon} size=${20} /><span>${(room.title ?? door.title)()}</span>
      </a>`;
    })}
  </nav>`;
}

/** The pages of the room that one is in, where there are several. */
function Tabs() {
  const here = route.value.name;
  const pages = open(ROOMS.find((room) => room.pages.some(({ name }) => name === here)));
  if (pages.length < 2) return null;
  return html`<nav class="tabs" aria-label=${t("nav.room")}>
    ${pages.map((page) => html`<a key=${page.name} class="tab" href=${addressOf(page)} aria-current=${page.name === here ? "page" : undefined}>${page.title()}</a>`)}
  </nav>`;
}

/** For an address that is not this user's. */
function Forbidden() {
  document.title = `${t("forbidden.title")} · contactcenter`;
  return html`<div class="page">
    <div class="page-title"><h1>${t("forbidden.title")}</h1></div>
    <p>${t("forbidden.text")}</p>
    <p><a class="button" href="/">${t("forbidden.back")}</a></p>
  </div>`;
}

/** What is at the address. */
export function Room() {
  const { name, id } = route.value;
  const page = PAGES.get(name) ?? PAGES.get("desk");
  if (!page.sees()) return html`<${Forbidden} />`;
  return html`<${Tabs} />${id && page.one ? html`<${page.one} key=${id} id=${id} />` : html`<${page.all} />`}`;
}
