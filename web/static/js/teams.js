// Teams: who works together, and sees each other's records.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { call, get, patch, put } from "./api.js";
import { change } from "./conflict.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, titled } from "./language.js";
import { may, toast } from "./model.js";
import { Card, Dialog } from "./parts.js";
import { Words } from "./people_fields.js";
import { people, personName, usePeople } from "./people.js";
import { inWords } from "./refused.js";

const NAME = "[a-z][a-z0-9_]*";
const TRIES = 3;

/** Let somebody be in a team, or not; whatever else changed of him meanwhile stays. */
async function belong(login, team, belongs) {
  for (let tries = 1; ; tries++) {
    const user = await get(`/api/users/${login}`);
    const others = user.teams.filter((each) => each !== team);
    try {
      await patch(`/api/users/${login}`, { teams: belongs ? [...others, team] : others }, { version: user.version });
      return;
    } catch (refusal) {
      if (refusal.status !== 412 || tries === TRIES) throw refusal;
    }
  }
}

function Naming({ team, taken, closed, saved }) {
  const [body, setBody] = useState({ name: team?.name ?? "", zh: team?.title.zh ?? "", en: team?.title.en ?? "" });
  const [wrong, setWrong] = useState("");
  const set = (part) => (value) => (setBody({ ...body, [part]: value }), setWrong(""));
  const title = { zh: body.zh, en: body.en };
  const words = {
    title: team ? titled(team.title, team.name) : "",
    label: (field) => (field === "title" ? t("role_part.title") : null),
    show: (field, value) => `${value.zh} / ${value.en}`,
  };
  const submit = (close) => async (event) => {
    event.preventDefault();
    if (!team && taken.includes(body.name)) {
      setWrong(t("settings.name_taken"));
      return;
    }
    const path = `/api/teams/${body.name}`;
    const send = (wish, before) => put(path, wish, { "If-Match": `"${before.version}"` });
    const found = await change({ name: "team", path, body: { title }, base: team ?? { version: 0 }, words, wrong: (refusal) => setWrong(inWords(refusal).text), send });
    if (!found) return;
    close();
    saved(found);
  };
  return html`<${Dialog} kind="user-dialog" id="team-title" title=${team ? t("teams.rename_of", { title: titled(team.title, team.name) }) : t("teams.new")} closed=${closed}>
    ${(close) => html`<form class="stack" onSubmit=${submit(close)}>
      <${Words} id="team-zh" label=${t("settings.in_language", { what: t("role_part.title"), language: t("language.zh") })} value=${body.zh} set=${set("zh")} maxlength="60" required autofocus />
      <${Words} id="team-en" label=${t("settings.in_language", { what: t("role_part.title"), language: t("language.en") })} value=${body.en} set=${set("en")} maxlength="60" required />
      ${!team && html`<${Words} id="team-name" label=${t("settings.new_code")} value=${body.name} set=${set("name")} wrong=${wrong} maxlength="32" pattern=${NAME} required />`}
      ${team && wrong && html`<p class="error-text" role="alert">${wrong}</p>`}
      <div class="dialog-actions"><button type="button" class="button" onClick=${close}>${t("action.cancel")}</button><button class="button primary" disabled=${!online()} aria-busy=${pending("team")}>${t(team ? "settings.save" : "teams.make")}</button></div>
    </form>`}
  <//>`;
}

function Team({ team, load, rename }) {
  const [wrong, setWrong] = useState(null);
  const writes = may("users.write");
  const title = titled(team.title, team.name);
  const name = `team ${team.name}`;
  const left = [...(people.value?.values() ?? [])].filter(({ login }) => !team.members.includes(login));
  const move = async (login, belongs) => {
    await act(name, () => belong(login, team.name, belongs), `${login} ${belongs}`);
    load();
  };
  const remove = () =>
    act(name, async () => {
      try {
        await call("DELETE", `/api/teams/${team.name}`, undefined, { "If-Match": `"${team.version}"` });
        toast(t("teams.deleted", { title }));
      } catch (refusal) {
        if (refusal.code === "offline") throw refusal;
        setWrong(inWords(refusal));
        return;
      }
      load();
    }, "delete");
  const aside = html`<code class="quiet small">${team.name}</code>
    ${writes &&
    html`<button type="button" class="button plain" onClick=${rename} aria-label=${t("teams.rename_of", { title })}>${t("teams.rename")}</button>
      <button type="button" class="button plain icon-only" disabled=${!online()} title=${t("roles.delete")} aria-label=${t("teams.delete_of", { title })} onClick=${remove}><${Icon} name="trash" /></button>`}`;
  return html`<${Card} title=${title} aside=${aside} data-team=${team.name}>
    <div class="body stack">
      <ul class="members" aria-label=${t("teams.members_of", { title })}>
        ${team.members.map(
          (login) => html`<li key=${login} class="chip member">
            ${may("users.read") ? html`<a href=${`/users/${login}`}><bdi>${personName(login)}</bdi></a>` : html`<bdi>${personName(login)}</bdi>`}
            ${writes && html`<button type="button" class="chip-remove" disabled=${!online()} aria-label=${t("teams.take_out", { name: personName(login), title })} onClick=${() => move(login, false)}><${Icon} name="close" size=${14} /></button>`}
          </li>`,
        )}
        ${!team.members.length && html`<li class="quiet">${t("teams.empty")}</li>`}
      </ul>
      ${writes &&
      html`<select class="input add" aria-label=${t("teams.add_to", { title })} value="" disabled=${!online() || !left.length} onChange=${(event) => move(event.target.value, true)}>
        <option value="">${t("teams.add")}</option>
        ${left.map(({ login, name: shown }) => html`<option key=${login} value=${login}>${`${shown} (${login})`}</option>`)}
      </select>`}
      ${wrong && html`<p class="error-text" role="alert" lang=${wrong.lang}>${wrong.text}</p>`}
    </div>
  <//>`;
}

export function Teams() {
  document.title = `${t("nav.teams")} · contactcenter`;
  usePeople();
  const [all, setAll] = useState(null);
  const [trouble, setTrouble] = useState(false);
  const [naming, setNaming] = useState(null);
  const load = async () => {
    try {
      setAll((await get("/api/teams")).items);
      setTrouble(false);
    } catch {
      setTrouble(true);
    }
  };
  useEffect(() => {
    load();
  }, []);
  const title = html`<div class="page-title"><h1>${t("nav.teams")}</h1>
    ${may("users.write") && html`<button type="button" class="button primary" disabled=${!online() || !all} onClick=${() => setNaming({ team: null })}><${Icon} name="plus" />${t("teams.new")}</button>`}</div>`;
  if (trouble && !all) return html`<div class="page">${title}<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div></div>`;
  return html`<div class="page">
    ${title}
    <p class="quiet">${t("teams.hint")}</p>
    ${!all && html`<p class="empty">${t("history.loading")}</p>`}
    ${all && !all.length && html`<${Card} title=${t("nav.teams")}><p class="empty">${t("teams.none")}</p><//>`}
    <div class="teams">${(all ?? []).map((team) => html`<${Team} key=${team.name} team=${team} load=${load} rename=${() => setNaming({ team })} />`)}</div>
    ${naming && html`<${Naming} key=${naming.team?.name ?? ""} team=${naming.team} taken=${(all ?? []).map(({ name }) => name)} closed=${() => setNaming(null)} saved=${load} />`}
  </div>`;
}
