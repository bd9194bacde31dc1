// Who works here: people and teams, for names beside logins and for menus in which somebody is chosen.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { get } from "./api.js";
import { html } from "./html.js";
import { t, titled } from "./language.js";
import { me } from "./model.js";

const FRESH_MS = 60_000;

/** What the filters of the API call nobody's. */
export const NOBODY = "-";

/** `{login, name, teams}` by login, and `{name, title, members}` by name; null before they are known. */
export const people = signal(null);
export const teams = signal(null);

let asked = -Infinity;

async function everyone() {
  const found = [];
  let cursor = "";
  do {
    const page = await get(`/api/people?limit=200&cursor=${encodeURIComponent(cursor)}`);
    found.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return found;
}

async function load() {
  const before = asked;
  asked = performance.now();
  try {
    const [all, groups] = await Promise.all([everyone(), get("/api/teams")]);
    people.value = new Map(all.map((each) => [each.login, each]));
    teams.value = new Map(groups.items.map((each) => [each.name, each]));
  } catch {
    asked = before; // names are shown as logins until they are known: the next page asks again
  }
}

/** For a component that names people: see that they are known. */
export function usePeople() {
  useEffect(() => {
    if (performance.now() - asked > FRESH_MS) load();
  }, []);
}

/** The center itself, where it did something that nobody asked for. */
const CENTER = "center";

/** The name of who has this login, or the login. */
export const personName = (login) => people.value?.get(login)?.name || (login === CENTER ? t("people.center") : login);

/** A team's title in words. */
export const teamTitle = (name) => titled(teams.value?.get(name)?.title, name);

/** Whose something is, in words. */
export const whose = ({ owner, team }) => [owner && personName(owner), team && teamTitle(team)].filter(Boolean).join(" · ") || t("people.nobody");

/** A menu of people. `head` are further `[value, title]` above them; a value that is none of these is shown, too. */
export function PersonChoice({ value, head = [["", t("people.nobody")]], ...rest }) {
  usePeople();
  const all = [...(people.value?.values() ?? [])].map(({ login, name }) => [login, login === me.value.user ? t("people.me", { name }) : name || login]);
  all.sort(([a], [b]) => (b === me.value.user) - (a === me.value.user));
  return html`<${Options} value=${value} options=${[...head, ...all]} fallback=${personName} ...${rest} />`;
}

/** A menu of teams. */
export function TeamChoice({ value, head = [["", t("people.no_team")]], ...rest }) {
  usePeople();
  const all = [...(teams.value?.keys() ?? [])].map((name) => [name, teamTitle(name)]);
  return html`<${Options} value=${value} options=${[...head, ...all]} fallback=${teamTitle} ...${rest} />`;
}

function Options({ value, options, fallback, ...rest }) {
  const known = options.some(([each]) => each === value);
  return html`<select class="input" value=${value} ...${rest}>
    ${options.map(([each, title]) => html`<option key=${each} value=${each}>${title}</option>`)}
    ${!known && html`<option key=${value} value=${value}>${fallback(value)}</option>`}
  </select>`;
}
