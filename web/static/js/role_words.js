// What a role means, in plain words.

import { html } from "./html.js";
import { t, word } from "./language.js";

/** The kinds of records, each with the right to see it and to change it, and what else may be done with it. */
export const KINDS = {
  customer: { see: "customers.read", change: "customers.write", more: ["customers.merge", "customers.import", "customers.export"] },
  request: { see: "requests.read", change: "requests.write", more: ["requests.export"] },
  followup: { see: "followups.read", change: "followups.write", more: [] },
  interaction: { see: "interactions.read", change: "", more: ["interactions.export", "callbacks.read"] },
  recording: { see: "recordings.play", change: "", more: [] },
  lead: { see: "leads.read", change: "leads.write", more: ["leads.import"] },
};

/** Everything else, in groups. */
export const GROUPS = {
  calls: ["calls.take", "floor.watch", "calls.monitor", "monitors.end", "calls.steer", "agents.steer"],
  outgoing: ["campaigns.read", "campaigns.manage", "appointments.read", "appointments.write", "do_not_call.read", "do_not_call.write", "do_not_call.manage"],
  center: ["configuration.read", "configuration.write", "fields.write", "users.read", "users.write", "roles.write"],
  watching: ["audit.read", "audit.export", "outbox.read", "backup"],
};

export const SCOPES = ["own", "team", "all"];

/** A right's name in words; of one that is younger than this page, the name. */
export const rightTitle = (right) => word("right", right);

/** A field that can be hidden, in words; custom ones by their titles. */
export function fieldTitle(name, custom = []) {
  const known = word("hidden_field", name);
  if (known !== name) return known;
  const [kind, , own] = name.split(".");
  const field = custom.find((each) => each.kind === kind && each.name === own);
  return field?.title_here ?? name;
}

/** In the middle of a sentence. */
const inside = (right) => rightTitle(right).replace(/^[A-Z]/, (letter) => letter.toLowerCase());

/** What the users of a role see and may do, as sentences. */
export function RoleInWords({ role, custom = [] }) {
  const has = new Set(role.rights);
  const kinds = Object.entries(KINDS).filter(([, { see }]) => has.has(see));
  const others = Object.values(GROUPS).flat().filter((right) => has.has(right));
  return html`<div class="role-words">
    ${kinds.length > 0 &&
    html`<ul>
      ${kinds.map(([kind, { change, more }]) => {
        const also = [change, ...more].filter((right) => right && has.has(right)).map(inside);
        return html`<li key=${kind}><strong>${t(`scoped.${kind}`)}</strong>${t("roles.sees", { whose: t(`scope_of.${kind}.${role.scopes[kind]}`) })}${also.length > 0 && html` <span class="quiet">${t("roles.also", { what: also.join(t("roles.comma")) })}</span>`}</li>`;
      })}
    </ul>`}
    ${others.length > 0 && html`<p>${t("roles.may_too", { what: others.map(inside).join(t("roles.comma")) })}</p>`}
    ${role.hidden.length > 0 && html`<p>${t("roles.hides", { what: role.hidden.map((name) => fieldTitle(name, custom)).join(t("roles.comma")) })}</p>`}
    ${!role.rights.length && html`<p>${t("roles.nothing")}</p>`}
  </div>`;
}
