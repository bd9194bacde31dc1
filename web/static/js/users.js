// Who may sign in: everybody with role and teams; a new one; and one user's page.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { followedBy, get, newKey, patch, post, put } from "./api.js";
import { change } from "./conflict.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { language, t, titled } from "./language.js";
import { agents, goOn, may, me, toast } from "./model.js";
import { Card, Dialog, queueTitle, skillTitle } from "./parts.js";
import { Several, SkillLevels, Words } from "./people_fields.js";
import { teams, teamTitle, usePeople } from "./people.js";
import { inWords } from "./refused.js";
import { RoleInWords } from "./role_words.js";
import { Table } from "./table.js";
import { drop, write, writtenAt } from "./written.js";

const PAUSE_MS = 250;
const ALL = { name: "", role: "", team: "", disabled: "" };
const SHORTEST_PASSWORD = 8;

/** The roles, once they are known: `{name, title, rights, scopes, hidden, builtin, version}`. */
export function useRoles() {
  const [roles, setRoles] = useState(null);
  useEffect(() => {
    get("/api/roles").then(({ items }) => setRoles(items), () => setRoles([]));
  }, []);
  return roles;
}

export const roleTitle = (roles, name) => titled(roles?.find((each) => each.name === name)?.title, name);

/** A password that can be read aloud: no two letters that look alike. */
function drawn() {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  const some = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => letters[byte % letters.length]);
  return [0, 4, 8, 12].map((from) => some.slice(from, from + 4).join("")).join("-");
}

function StateOf({ user }) {
  if (user.disabled) return html`<span class="state" data-state="talking"><${Icon} name="lock" size=${16} /><span>${t("users.locked")}</span></span>`;
  if (user.signed_in) return html`<span class="state" data-state="available"><${Icon} name="available" size=${16} /><span>${t("users.here")}</span></span>`;
  return html`<span class="quiet">${t("users.away")}</span>`;
}

// --- the list ---

function Filters({ filters, setFilters, roles }) {
  const set = (name) => (event) => setFilters({ ...filters, [name]: event.target.value });
  return html`<form class="filters" role="search" aria-label=${t("users.filters")} onSubmit=${(event) => event.preventDefault()}>
    <div class="field"><label for="users-name">${t("users.name_or_login")}</label>
      <input class="input" id="users-name" type="search" maxlength="64" autocomplete="off" value=${filters.name} onInput=${set("name")} /></div>
    <div class="field"><label for="users-role">${t("users.role")}</label>
      <select class="input" id="users-role" value=${filters.role} onChange=${set("role")}>
        <option value="">${t("audit.any")}</option>
        ${(roles ?? []).map((role) => html`<option key=${role.name} value=${role.name}>${titled(role.title, role.name)}</option>`)}
      </select></div>
    <div class="field"><label for="users-team">${t("users.team")}</label>
      <select class="input" id="users-team" value=${filters.team} onChange=${set("team")}>
        <option value="">${t("audit.any")}</option>
        ${[...(teams.value?.keys() ?? [])].map((name) => html`<option key=${name} value=${name}>${teamTitle(name)}</option>`)}
      </select></div>
    <div class="field"><label for="users-disabled">${t("users.may_sign_in")}</label>
      <select class="input" id="users-disabled" value=${filters.disabled} onChange=${set("disabled")}>
        <option value="">${t("audit.any")}</option>
        <option value="false">${t("settings.yes")}</option>
        <option value="true">${t("users.locked")}</option>
      </select></div>
    <button type="button" class="button" disabled=${!Object.values(filters).some(Boolean)} onClick=${() => setFilters(ALL)}>${t("audit.clear")}</button>
  </form>`;
}

function NewUser({ roles, closed }) {
  const [body, setBody] = useState({ login: "", name: "", role: "agent", password: drawn(), teams: [] });
  const [wrong, setWrong] = useState({});
  const [key] = useState(newKey);
  const set = (name) => (value) => setBody({ ...body, [name]: value });
  const submit = (close) => async (event) => {
    event.preventDefault();
    setWrong({});
    await act("new user", async () => {
      try {
        const made = await post("/api/users", body, { key: `${key}-${hash(body)}` });
        close();
        toast(t("users.made", { name: made.name }));
        goOn("/users", `/users/${made.login}`);
      } catch (refusal) {
        if (!refusal.field && refusal.code !== "taken") throw refusal;
        const field = refusal.code === "taken" ? "login" : refusal.field.split(".")[0];
        setWrong({ [field]: refusal.code === "taken" ? t("users.taken") : inWords(refusal).text });
      }
    });
  };
  return html`<${Dialog} kind="user-dialog" id="new-user-title" title=${t("users.new")} closed=${closed}>
    ${(close) => html`<form class="stack" onSubmit=${submit(close)}>
      <${Words} id="new-login" label=${t("users.login")} hint=${t("users.login_hint")} value=${body.login} set=${set("login")} wrong=${wrong.login} autofocus maxlength="32" required pattern="[a-z0-9][a-z0-9._\\-]*" />
      <${Words} id="new-name" label=${t("users.name")} value=${body.name} set=${set("name")} wrong=${wrong.name} maxlength="120" required />
      <div class="field ${wrong.role ? "is-wrong" : ""}"><label for="new-role">${t("users.role")}</label>
        <select class="input" id="new-role" value=${body.role} onChange=${(event) => set("role")(event.target.value)}>
          ${(roles ?? []).map((role) => html`<option key=${role.name} value=${role.name}>${titled(role.title, role.name)}</option>`)}
        </select>
        ${wrong.role && html`<p class="error-text" role="alert">${wrong.role}</p>`}</div>
      <${Several} label=${t("users.teams")} values=${body.teams} options=${[...(teams.value?.keys() ?? [])].map((name) => [name, teamTitle(name)])} set=${set("teams")} />
      <${Words} id="new-password" label=${t("users.password")} hint=${t("users.password_hint")} value=${body.password} set=${set("password")} wrong=${wrong.password} minlength=${SHORTEST_PASSWORD} maxlength="256" required />
      <div class="dialog-actions">
        <button type="button" class="button" onClick=${close}>${t("action.cancel")}</button>
        <button class="button primary" disabled=${!online()} aria-busy=${pending("new user")}>${t("users.make")}</button>
      </div>
    </form>`}
  <//>`;
}

/** Something short that is the same for the same text: a corrected form is another request. */
const hash = (body) => [...JSON.stringify(body)].reduce((sum, each) => (sum * 31 + each.codePointAt(0)) >>> 0, 7).toString(36);

export function Users() {
  document.title = `${t("nav.users")} · contactcenter`;
  usePeople();
  const roles = useRoles();
  const [filters, setFilters] = useState(ALL);
  const [pages, setPages] = useState({ items: [], next: "", state: "loading" });
  const [making, setMaking] = useState(false);
  const load = async (cursor, isLate = () => false) => {
    const asked = Object.entries({ ...filters, cursor }).filter(([, value]) => value !== "");
    try {
      const page = await get(`/api/users?${new URLSearchParams([["who", "all"], ["limit", "100"], ...asked])}`);
      if (!isLate()) setPages(followedBy(page, cursor));
    } catch {
      if (!isLate()) setPages((before) => ({ ...before, state: "trouble" }));
    }
  };
  useEffect(() => {
    let late = false;
    const waiting = setTimeout(() => load("", () => late), PAUSE_MS);
    return () => {
      late = true;
      clearTimeout(waiting);
    };
  }, [filters]);
  const chips = (names, title) => html`<span class="chips">${names.map((name) => html`<span key=${name} class="chip">${title(name)}</span>`)}${!names.length && html`<span class="quiet">–</span>`}</span>`;
  const columns = [
    [t("users.name"), (user) => html`<a class="person-link" href=${`/users/${user.login}`}><bdi>${user.name}</bdi></a> <span class="quiet small">${user.login}</span>`],
    [t("users.role"), (user) => roleTitle(roles, user.role)],
    [t("users.teams"), (user) => chips(user.teams, teamTitle)],
    [t("users.queues"), (user) => chips(user.queues, queueTitle)],
    [t("users.state"), (user) => html`<${StateOf} user=${{ ...user, signed_in: user.signed_in || agents.value.has(user.login) }} />`],
  ];
  const add = may("users.write") && html`<button type="button" class="button primary" disabled=${!online()} onClick=${() => setMaking(true)}><${Icon} name="plus" />${t("users.new")}</button>`;
  return html`<div class="page">
    <div class="page-title"><h1>${t("nav.users")}</h1>${add}</div>
    <${Filters} filters=${filters} setFilters=${setFilters} roles=${roles} />
    <${Card} title=${t("users.all")}>
      ${pages.state === "trouble"
        ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${() => load("")}>${t("action.again")}</button></div>`
        : html`<${Table} label=${t("nav.users")} columns=${columns} rows=${pages.items} keyOf=${(user) => user.login}
            empty=${pages.state === "loading" ? t("history.loading") : t("users.none")} />`}
      ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${() => load(pages.next)}>${t("history.more")}</button></div>`}
    <//>
    ${making && html`<${NewUser} roles=${roles} closed=${() => setMaking(false)} />`}
  </div>`;
}

// --- one user ---

const LABELS = { name: "users.name", role: "users.role", teams: "users.teams", queues: "users.queues", phone: "users.phone", language: "users.language", disabled: "users.locked" };

/** What the dialog of two versions says of a user. */
const words = (user, roles) => ({
  title: user.name,
  label: (field) => (LABELS[field] ? t(LABELS[field]) : null),
  show: (field, value) => {
    if (field === "role") return roleTitle(roles, value);
    if (field === "teams") return value.map(teamTitle).join(", ") || "–";
    if (field === "queues") return value.map(queueTitle).join(", ") || "–";
    if (field === "disabled") return t(value ? "settings.yes" : "settings.no");
    if (field === "language") return value ? t(`language.${value}`) : t("users.language_own");
    return String(value || "–");
  },
});

function Account({ user, roles, saved }) {
  const writes = may("users.write");
  const place = `account of ${user.login}`;
  const { typed = {}, base = user } = writtenAt(place) ?? {};
  const [wrong, setWrong] = useState({});
  const now = { ...user, ...typed };
  const set = (name) => (value) => {
    setWrong({});
    write(place, { typed: { ...typed, [name]: value }, base, touched: true });
  };
  const discard = () => {
    drop(place);
    setWrong({});
  };
  const same = (name) => JSON.stringify(typed[name]) === JSON.stringify(user[name]);
  const body = Object.fromEntries(Object.entries(typed).filter(([name]) => !same(name)));
  const changed = Object.keys(body).length > 0;
  const takesCalls = roles?.find((role) => role.name === now.role)?.rights.includes("calls.take");
  const refused = (refusal) => {
    const field = refusal.code === "locked_out" ? "role" : refusal.field.split(".")[0]; // the rights are the role's
    setWrong({ [field || "name"]: inWords(refusal).text });
  };
  const save = async (event) => {
    event.preventDefault();
    const found = await change({ name: `user ${user.login}`, path: `/api/users/${user.login}`, body, base, words: words(user, roles), wrong: refused });
    if (!found) return;
    // What was typed while it was on its way has not been sent: it stays.
    const left = Object.fromEntries(Object.entries(writtenAt(place)?.typed ?? {}).filter(([name, value]) => value !== typed[name]));
    if (Object.keys(left).length) write(place, { typed: left, base: found, touched: true });
    else drop(place);
    toast(t("users.saved", { name: found.name }));
    saved(found);
  };
  return html`<${Card} title=${t("users.account")}>
    <form class="body stack" onSubmit=${save}>
      <div class="fields">
        <${Words} id="user-name" label=${t("users.name")} value=${now.name} set=${set("name")} wrong=${wrong.name} maxlength="120" required disabled=${!writes} />
        <div class="field ${wrong.role ? "is-wrong" : ""}"><label for="user-role">${t("users.role")}</label>
          <select class="input" id="user-role" disabled=${!writes} value=${now.role} onChange=${(event) => set("role")(event.target.value)}>
            ${(roles ?? []).map((role) => html`<option key=${role.name} value=${role.name}>${titled(role.title, role.name)}</option>`)}
          </select>
          ${wrong.role ? html`<p class="error-text" role="alert">${wrong.role}</p>` : body.role && html`<p class="small quiet">${t("users.role_signs_out")}</p>`}</div>
        <div class="field"><label for="user-phone">${t("users.phone")}</label>
          <select class="input" id="user-phone" disabled=${!writes} value=${now.phone} onChange=${(event) => set("phone")(event.target.value)}>
            <option value="">${t("users.no_phone")}</option>
            ${[...new Set([...me.value.phones, now.phone])].filter(Boolean).map((phone) => html`<option key=${phone} value=${phone}>${phone}</option>`)}
          </select></div>
        <div class="field"><label for="user-language">${t("users.language")}</label>
          <select class="input" id="user-language" disabled=${!writes} value=${now.language} onChange=${(event) => set("language")(event.target.value)}>
            <option value="">${t("users.language_own")}</option>
            ${["zh", "en"].map((code) => html`<option key=${code} value=${code}>${t(`language.${code}`)}</option>`)}
          </select></div>
      </div>
      <${Several} label=${t("users.teams")} values=${now.teams} disabled=${!writes} wrong=${wrong.teams} options=${[...(teams.value?.keys() ?? [])].map((name) => [name, teamTitle(name)])} set=${set("teams")} />
      ${now.teams.length > 1 &&
      html`<div class="field narrow"><label for="user-home">${t("users.home")}</label>
        <select class="input" id="user-home" disabled=${!writes} value=${now.teams[0]} onChange=${(event) => set("teams")([event.target.value, ...now.teams.filter((name) => name !== event.target.value)])}>
          ${now.teams.map((name) => html`<option key=${name} value=${name}>${teamTitle(name)}</option>`)}
        </select></div>`}
      ${roles && !takesCalls &&
      html`<${Several} label=${t("users.limited_to")} hint=${t("users.limited_hint")} values=${now.queues} disabled=${!writes} wrong=${wrong.queues} options=${me.value.queue_titles.map(({ code }) => [code, queueTitle(code)])} set=${set("queues")} />`}
      ${writes &&
      html`<div class="form-end">
        <span class="small quiet" role="status">${changed ? t("settings.changed", { n: Object.keys(body).length }) : ""}</span>
        <span class="spacer"></span>
        ${changed && html`<button type="button" class="button" onClick=${discard}>${t("settings.discard")}</button>`}
        <button class="button primary" disabled=${!online() || !changed} aria-busy=${pending(`user ${user.login}`)}>${t("settings.save")}</button>
      </div>`}
    </form>
  <//>`;
}

/** An agent's queues and skills: his session hears of them at once, so they are changed as agents are. */
function Calls({ user, saved }) {
  const writes = may("agents.steer");
  const [typed, setTyped] = useState({});
  const now = { queues: user.queues, skills: user.skills, ...typed };
  const changed = JSON.stringify(now.queues) !== JSON.stringify(user.queues) || JSON.stringify(now.skills) !== JSON.stringify(user.skills);
  const name = `calls ${user.login}`;
  const save = async (event) => {
    event.preventDefault();
    const gone = Object.keys(user.skills).filter((skill) => !(skill in now.skills));
    const skills = { ...now.skills, ...Object.fromEntries(gone.map((skill) => [skill, null])) };
    if (!(await act(name, () => patch(`/api/agents/${user.login}`, { queues: now.queues, skills })))) return;
    setTyped({});
    toast(t("users.saved", { name: user.name }));
    saved();
  };
  return html`<${Card} title=${t("users.calls")}>
    <form class="body stack" onSubmit=${save}>
      <${Several} label=${t("users.queues")} values=${now.queues} disabled=${!writes} options=${me.value.queue_titles.map(({ code }) => [code, queueTitle(code)])} set=${(queues) => setTyped({ ...typed, queues })} />
      <${SkillLevels} skills=${now.skills} disabled=${!writes} set=${(skills) => setTyped({ ...typed, skills })} />
      ${user.passing.length > 0 && html`<p class="small quiet">${t("users.passing", { names: user.passing.map(({ part, item }) => (part === "queues" ? queueTitle(item) : skillTitle(item))).join(", ") })}</p>`}
      ${writes &&
      html`<div class="form-end"><span class="small quiet">${t("change.at_once")}</span><span class="spacer"></span>
        ${changed && html`<button type="button" class="button" onClick=${() => setTyped({})}>${t("settings.discard")}</button>`}
        <button class="button primary" disabled=${!online() || !changed} aria-busy=${pending(name)}>${t("settings.save")}</button></div>`}
    </form>
  <//>`;
}

function NewPassword({ user, closed }) {
  const [password, setPassword] = useState(drawn);
  const [given, setGiven] = useState(false);
  const name = `password ${user.login}`;
  const submit = async (event) => {
    event.preventDefault();
    if (await act(name, () => put(`/api/users/${user.login}/password`, { password }))) setGiven(true);
  };
  return html`<${Dialog} kind="user-dialog" id="password-title" title=${t("users.password_of", { name: user.name })} closed=${closed}>
    ${(close) => html`<form class="stack" onSubmit=${submit}>
      <p>${t(given ? "users.password_given" : "users.password_text")}</p>
      <${Words} id="new-password" label=${t("users.password")} value=${password} set=${setPassword} minlength=${SHORTEST_PASSWORD} maxlength="256" required readonly=${given} autofocus />
      <div class="dialog-actions">
        ${given
          ? html`<button type="button" class="button primary" onClick=${close}>${t("users.password_told")}</button>`
          : html`<button type="button" class="button" onClick=${() => setPassword(drawn())}>${t("users.password_other")}</button>
              <button class="button primary" disabled=${!online()} aria-busy=${pending(name)}>${t("users.password_give")}</button>`}
      </div>
    </form>`}
  <//>`;
}

function Access({ user, roles, saved }) {
  const [asking, setAsking] = useState(false);
  const [wrong, setWrong] = useState("");
  const lock = async () => {
    setWrong("");
    const body = { disabled: !user.disabled };
    const refused = (refusal) => setWrong(inWords(refusal).text);
    const found = await change({ name: `lock ${user.login}`, path: `/api/users/${user.login}`, body, base: user, words: words(user, roles), wrong: refused });
    if (!found) return;
    toast(t(found.disabled ? "users.is_locked" : "users.is_unlocked", { name: found.name }));
    saved(found);
  };
  const own = user.login === me.value.user;
  return html`<${Card} title=${t("users.access")} aside=${html`<${StateOf} user=${user} />`}>
    <div class="body stack">
      <p class="quiet">${t(user.disabled ? "users.locked_text" : "users.access_text")}</p>
      ${wrong && html`<p class="error-text" role="alert">${wrong}</p>`}
      <div class="actions">
        <button type="button" class="button" disabled=${!online()} onClick=${() => setAsking(true)}><${Icon} name="key" />${t("users.password_reset")}</button>
        <button type="button" class="button ${user.disabled ? "" : "danger"}" disabled=${!online() || own} title=${own ? t("users.not_yourself") : undefined} aria-busy=${pending(`lock ${user.login}`)} onClick=${lock}>
          <${Icon} name="lock" />${t(user.disabled ? "users.unlock" : "users.lock")}</button>
      </div>
    </div>
    ${asking && html`<${NewPassword} user=${user} closed=${() => setAsking(false)} />`}
  <//>`;
}

export function UserPage({ id }) {
  usePeople();
  const roles = useRoles();
  const [user, setUser] = useState(null);
  const [trouble, setTrouble] = useState(null);
  void language.value;
  const load = async () => {
    setTrouble(null);
    try {
      setUser(await get(`/api/users/${encodeURIComponent(id)}`));
    } catch (refusal) {
      setTrouble(refusal);
    }
  };
  useEffect(() => {
    load();
  }, []);
  document.title = `${user?.name ?? t("nav.users")} · contactcenter`;
  if (trouble && !user) {
    const gone = trouble.status === 404;
    return html`<div class="page"><div class="page-title"><h1>${t("nav.users")}</h1></div><div class="empty" role="alert"><p>${t(gone ? "users.gone" : "error.load")}</p>
      ${gone ? html`<a class="button" href="/users">${t("users.back")}</a>` : html`<button type="button" class="button" onClick=${load}>${t("action.again")}</button>`}</div></div>`;
  }
  if (!user) return html`<div class="page"><p class="empty">${t("history.loading")}</p></div>`;
  const role = roles?.find((each) => each.name === user.role);
  return html`<div class="page">
    <div class="page-title"><h1><bdi>${user.name}</bdi> <span class="quiet login">${user.login}</span></h1></div>
    <div class="user-columns">
      <div class="user-column">
        <${Account} user=${user} roles=${roles} saved=${setUser} />
        ${role?.rights.includes("calls.take") && html`<${Calls} user=${user} saved=${load} />`}
      </div>
      <div class="user-column">
        ${may("users.write") && html`<${Access} user=${user} roles=${roles} saved=${setUser} />`}
        ${role &&
        html`<${Card} title=${t("users.what_he_may")} aside=${html`<a href=${`/roles/${role.name}`}>${titled(role.title, role.name)}</a>`}><div class="body"><${RoleInWords} role=${role} /></div><//>`}
      </div>
    </div>
  </div>`;
}
