// Roles: what their users may do, whose records they see, and what stays hidden from them. What is being changed
// outlives a look at another page; what is saved acts at once, also on pages that are open.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, put, call } from "./api.js";
import { change } from "./conflict.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { language, t, titled } from "./language.js";
import { go, may, route, toast } from "./model.js";
import { Card, Dialog } from "./parts.js";
import { Words } from "./people_fields.js";
import { inWords } from "./refused.js";
import { fieldTitle, GROUPS, KINDS, RoleInWords, rightTitle, SCOPES } from "./role_words.js";

const PARTS = ["title", "rights", "scopes", "hidden"];
const NAME = "[a-z][a-z0-9_]*";

/** Role -> what of it is changed here and not saved, `{base, parts}`; `base` is the role as it was then. */
const drafts = signal(new Map());

addEventListener("beforeunload", (event) => {
  if (drafts.peek().size) event.preventDefault();
});

const sorted = (names) => [...names].sort();
const bodyOf = (role) => Object.fromEntries(PARTS.map((part) => [part, role[part]]));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Keep what is changed; what is as it was is no change. */
function keep(base, draft) {
  const parts = Object.fromEntries(PARTS.filter((part) => part in draft && !same(draft[part], base[part])).map((part) => [part, draft[part]]));
  const next = new Map(drafts.value);
  if (Object.keys(parts).length) next.set(base.name, { base, parts });
  else next.delete(base.name);
  drafts.value = next;
}

// --- the parts of the form ---

/** One right, with its words. */
function Right({ right, has, toggle, disabled, bare = false }) {
  return html`<label class="check ${bare ? "" : "choice"}"><input type="checkbox" data-right=${right} checked=${has} disabled=${disabled} onChange=${() => toggle(right)} />
    ${bare ? html`<span>${rightTitle(right)}</span>` : html`<span><strong>${rightTitle(right)}</strong> <span class="quiet small">${t(`right_about.${right}`)}</span></span>`}</label>`;
}

/** Kind by kind: may they see it, whose, may they change it, what else. */
function Matrix({ role, toggle, setScope, disabled }) {
  const has = new Set(role.rights);
  const box = (right, label) => html`<input type="checkbox" data-right=${right} aria-label=${label} checked=${has.has(right)} disabled=${disabled} onChange=${() => toggle(right)} />`;
  return html`<div class="table-wrap"><table class="table matrix" aria-label=${t("roles.matrix")}>
    <thead><tr>
      <th scope="col">${t("roles.what")}</th><th scope="col">${t("roles.see")}</th><th scope="col">${t("roles.whose")}</th><th scope="col">${t("roles.change")}</th><th scope="col">${t("roles.more")}</th>
    </tr></thead>
    <tbody>
      ${Object.entries(KINDS).map(([kind, { see, change: write, more }]) => {
        const title = t(`scoped.${kind}`);
        const sees = has.has(see);
        const here = SCOPES.find((scope) => role.scopes[kind] === scope) ?? "own";
        return html`<tr key=${kind} data-kind=${kind} class=${sees ? "" : "unseen-kind"}>
          <th scope="row">${title}</th>
          <td data-label=${t("roles.see")}><span class="check">${box(see, t("roles.see_of", { what: title, how: rightTitle(see) }))}</span></td>
          <td data-label=${t("roles.whose")}>
            <div class="scopes" role="radiogroup" aria-label=${t("roles.whose_of", { what: title })}>
              ${SCOPES.map((scope) => html`<label key=${scope} class="scope"><input type="radio" name=${`scope-${kind}`} value=${scope} checked=${here === scope} disabled=${disabled} onChange=${() => setScope(kind, scope)} /><span>${t(`scope.${scope}`)}</span></label>`)}
            </div>
            <p class="small quiet scope-words">${sees ? t(`scope_of.${kind}.${here}`) : t("roles.not_seen")}</p>
          </td>
          <td data-label=${t("roles.change")}>${write ? html`<span class="check">${box(write, t("roles.change_of", { what: title }))}</span>` : html`<span class="quiet">–</span>`}</td>
          <td data-label=${t("roles.more")}>${more.length ? html`<div class="more-rights">${more.map((right) => html`<${Right} key=${right} right=${right} bare has=${has.has(right)} toggle=${toggle} disabled=${disabled} />`)}</div>` : html`<span class="quiet">–</span>`}</td>
        </tr>`;
      })}
    </tbody>
  </table></div>`;
}

function Group({ group, rights, role, toggle, disabled }) {
  return html`<fieldset class="rights-group">
    <legend class="legend">${t(`right_group.${group}`)}</legend>
    ${rights.map((right) => html`<${Right} key=${right} right=${right} has=${role.rights.includes(right)} toggle=${toggle} disabled=${disabled} />`)}
  </fieldset>`;
}

function Hidden({ role, fields, custom, set, disabled }) {
  const all = [...new Set([...fields, ...custom.map((each) => `${each.kind}.custom.${each.name}`), ...role.hidden])];
  const kinds = [...new Set(all.map((name) => name.split(".")[0]))];
  const toggle = (name) => set(sorted(role.hidden.includes(name) ? role.hidden.filter((each) => each !== name) : [...role.hidden, name]));
  return html`<div class="hidden-fields">
    ${kinds.map(
      (kind) => html`<fieldset key=${kind} class="field set">
        <legend class="legend">${t(`scoped.${kind}`)}</legend>
        <div class="checks">
          ${all.filter((name) => name.startsWith(`${kind}.`)).map((name) => html`<label key=${name} class="check"><input type="checkbox" data-hidden=${name} checked=${role.hidden.includes(name)} disabled=${disabled} onChange=${() => toggle(name)} />${fieldTitle(name, custom)}</label>`)}
        </div>
      </fieldset>`,
    )}
  </div>`;
}

// --- one role ---

/** What the dialog of two versions says. */
const words = (role, custom) => ({
  title: titled(role.title, role.name),
  label: (part) => (PARTS.includes(part) ? t(`role_part.${part}`) : null),
  show: (part, value) => {
    if (part === "title") return `${value.zh} / ${value.en}`;
    if (part === "scopes") return Object.entries(value).map(([kind, scope]) => `${t(`scoped.${kind}`)}: ${t(`scope.${scope}`)}`).join(" · ");
    return value.map((name) => (part === "rights" ? rightTitle(name) : fieldTitle(name, custom))).join(t("roles.comma")) || "–";
  },
});

function Editor({ now, known, users, saved, removed }) {
  const [wrong, setWrong] = useState(null);
  const [deleting, setDeleting] = useState(false);
  const { base, parts: draft } = drafts.value.get(now.name) ?? { base: now, parts: {} };
  const role = { ...base, ...draft };
  const disabled = !may("roles.write");
  const set = (part, value) => {
    setWrong(null);
    keep(base, { ...draft, [part]: value });
  };
  const toggle = (right) => set("rights", sorted(role.rights.includes(right) ? role.rights.filter((each) => each !== right) : [...role.rights, right]));
  const setScope = (kind, scope) => set("scopes", { ...role.scopes, [kind]: scope });
  const others = known.rights.filter((right) => ![...Object.values(KINDS).flatMap(({ see, change: write, more }) => [see, write, ...more]), ...Object.values(GROUPS).flat()].includes(right));
  const n = Object.keys(draft).length;
  const name = `role ${base.name}`;
  const save = async (event) => {
    event.preventDefault();
    const send = (wish, before) => put(`/api/roles/${base.name}`, { ...bodyOf(before), ...wish }, { "If-Match": `"${before.version}"` });
    const found = await change({ name, path: "", body: draft, base, words: words(base, known.custom), wrong: (refusal) => setWrong(inWords(refusal)), send });
    if (!found) return;
    // What was changed while it was on its way has not been sent: it stays.
    const left = Object.entries(drafts.peek().get(base.name)?.parts ?? {}).filter(([part, value]) => value !== draft[part]);
    keep(found, Object.fromEntries(left));
    toast(t("roles.saved", { title: titled(found.title, found.name), n: users }));
    saved(found);
  };
  const clash = role.rights.includes("calls.take") && role.rights.includes("calls.monitor");
  return html`<form onSubmit=${save} class="stack role-form">
    <${Card} title=${titled(role.title, role.name)} aside=${html`<code class="quiet small">${role.name}</code><span class="chip">${t("roles.users", { n: users })}</span>${!base.builtin && !disabled && html`<button type="button" class="button plain danger" onClick=${() => setDeleting(true)}>${t("roles.delete")}</button>`}`}>
      <div class="body stack">
        <div class="title-pair">
          ${["zh", "en"].map((code) => html`<${Words} key=${code} id=${`role-title-${code}`} label=${t("settings.in_language", { what: t("role_part.title"), language: t(`language.${code}`) })} value=${role.title[code]} set=${(text) => set("title", { ...role.title, [code]: text })} maxlength="60" required disabled=${disabled} />`)}
        </div>
        <details class="in-words" open><summary>${t("roles.in_words")}</summary><${RoleInWords} role=${role} custom=${known.custom} /></details>
      </div>
    <//>
    <${Card} title=${t("roles.matrix")}><${Matrix} role=${role} toggle=${toggle} setScope=${setScope} disabled=${disabled} /><//>
    <${Card} title=${t("roles.other_rights")}>
      <div class="body rights-groups">
        ${Object.entries(GROUPS).map(([group, rights]) => html`<${Group} key=${group} group=${group} rights=${rights.filter((right) => known.rights.includes(right))} role=${role} toggle=${toggle} disabled=${disabled} />`)}
        ${others.length > 0 && html`<fieldset class="rights-group"><legend class="legend">${t("right_group.others")}</legend>${others.map((right) => html`<${Right} key=${right} right=${right} bare has=${role.rights.includes(right)} toggle=${toggle} disabled=${disabled} />`)}</fieldset>`}
      </div>
      ${clash && html`<p class="body error-text" role="alert"><${Icon} name="warning" size=${16} /> ${t("because.take_and_listen")}</p>`}
    <//>
    <${Card} title=${t("roles.hidden")}><div class="body stack"><p class="quiet">${t("roles.hidden_hint")}</p><${Hidden} role=${role} fields=${known.fields} custom=${known.custom} set=${(value) => set("hidden", value)} disabled=${disabled} /></div><//>
    ${n > 0 &&
    html`<div class="save-bar" role="group" aria-label=${t("settings.save_bar")}>
      <div class="said" role="status"><strong>${t("roles.changed", { parts: Object.keys(draft).map((part) => t(`role_part.${part}`)).join(t("roles.comma")) })}</strong>
        ${wrong ? html`<span class="small error-text" role="alert" lang=${wrong.lang}>${wrong.text}</span>` : html`<span class="small quiet">${t("roles.at_once", { n: users })}</span>`}</div>
      <button type="button" class="button" onClick=${() => (keep(base, {}), setWrong(null))}>${t("settings.discard")}</button>
      <button class="button primary" disabled=${!online() || clash} aria-busy=${pending(name)}>${t("settings.save")}</button>
    </div>`}
    ${deleting && html`<${Delete} role=${now} closed=${() => setDeleting(false)} removed=${removed} />`}
  </form>`;
}

function Delete({ role, closed, removed }) {
  const [wrong, setWrong] = useState(null);
  const run = async (close) => {
    const done = await act(`delete ${role.name}`, async () => {
      try {
        await call("DELETE", `/api/roles/${role.name}`, undefined, { "If-Match": `"${role.version}"` });
      } catch (refusal) {
        if (refusal.code === "offline") throw refusal;
        setWrong(inWords(refusal));
        return;
      }
      close();
      removed(role);
    });
    return done;
  };
  return html`<${Dialog} kind="ask-dialog" id="delete-role-title" title=${t("roles.delete_title", { title: titled(role.title, role.name) })} closed=${closed}>
    ${(close) => html`<p>${t("roles.delete_text")}</p>${wrong && html`<p class="error-text" role="alert" lang=${wrong.lang}>${wrong.text}</p>`}
      <div class="dialog-actions"><button type="button" class="button" onClick=${close}>${t("action.cancel")}</button><button type="button" class="button danger" disabled=${!online()} onClick=${() => run(close)}>${t("roles.delete")}</button></div>`}
  <//>`;
}

function NewRole({ roles, closed, made }) {
  const [body, setBody] = useState({ name: "", zh: "", en: "", like: roles.find((role) => role.name === "agent")?.name ?? roles[0].name });
  const [wrong, setWrong] = useState("");
  const set = (part) => (value) => (setBody({ ...body, [part]: value }), setWrong(""));
  const submit = (close) => async (event) => {
    event.preventDefault();
    if (roles.some((role) => role.name === body.name)) {
      setWrong(t("settings.name_taken"));
      return;
    }
    const like = roles.find((role) => role.name === body.like);
    await act("new role", async () => {
      const found = await put(`/api/roles/${body.name}`, { ...bodyOf(like), title: { zh: body.zh, en: body.en } }, { "If-Match": '"0"' });
      close();
      made(found);
    });
  };
  return html`<${Dialog} kind="user-dialog" id="new-role-title" title=${t("roles.new")} closed=${closed}>
    ${(close) => html`<form class="stack" onSubmit=${submit(close)}>
      <${Words} id="role-zh" label=${t("settings.in_language", { what: t("role_part.title"), language: t("language.zh") })} value=${body.zh} set=${set("zh")} maxlength="60" required autofocus />
      <${Words} id="role-en" label=${t("settings.in_language", { what: t("role_part.title"), language: t("language.en") })} value=${body.en} set=${set("en")} maxlength="60" required />
      <${Words} id="role-name" label=${t("settings.new_code")} value=${body.name} set=${set("name")} wrong=${wrong} maxlength="32" pattern=${NAME} required />
      <div class="field"><label for="role-like">${t("roles.like")}</label>
        <select class="input" id="role-like" value=${body.like} onChange=${(event) => set("like")(event.target.value)}>
          ${roles.map((role) => html`<option key=${role.name} value=${role.name}>${titled(role.title, role.name)}</option>`)}
        </select></div>
      <div class="dialog-actions"><button type="button" class="button" onClick=${close}>${t("action.cancel")}</button><button class="button primary" disabled=${!online()} aria-busy=${pending("new role")}>${t("roles.make")}</button></div>
    </form>`}
  <//>`;
}

// --- the page ---

async function everyUser() {
  const found = [];
  let cursor = "";
  do {
    const page = await get(`/api/users?who=all&limit=200&cursor=${encodeURIComponent(cursor)}`);
    found.push(...page.items);
    cursor = page.next;
  } while (cursor);
  return found;
}

const withTitle = (field) => ({ ...field, title_here: titled(field.title, field.name) });

export function Roles() {
  document.title = `${t("nav.roles")} · contactcenter`;
  void language.value;
  const [found, setFound] = useState(null);
  const [trouble, setTrouble] = useState(false);
  const [making, setMaking] = useState(false);
  const load = async () => {
    setTrouble(false);
    try {
      const [roles, rights, fields, users] = await Promise.all([get("/api/roles"), get("/api/rights"), get("/api/fields?limit=200"), everyUser()]);
      const counts = users.reduce((all, { role }) => all.set(role, (all.get(role) ?? 0) + 1), new Map());
      setFound({ roles: roles.items, rights: rights.rights, fields: rights.fields, customFields: fields.items, counts });
    } catch {
      setTrouble(true);
    }
  };
  useEffect(() => {
    load();
  }, []);
  const title = html`<div class="page-title"><h1>${t("nav.roles")}</h1>
    ${may("roles.write") && found && html`<button type="button" class="button" disabled=${!online()} onClick=${() => setMaking(true)}><${Icon} name="plus" />${t("roles.new")}</button>`}</div>`;
  if (trouble) return html`<div class="page">${title}<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div></div>`;
  if (!found) return html`<div class="page">${title}<p class="empty">${t("history.loading")}</p></div>`;
  const { roles, counts } = found;
  const shown = roles.find((role) => role.name === route.value.id) ?? roles[0];
  const known = { rights: found.rights, fields: found.fields, custom: found.customFields.map(withTitle) };
  const put = (role) => setFound({ ...found, roles: roles.some((each) => each.name === role.name) ? roles.map((each) => (each.name === role.name ? role : each)) : [...roles, role] });
  return html`<div class="page">
    ${title}
    <div class="settings">
      <nav class="sections" aria-label=${t("nav.roles")}><ul>
        ${roles.map((role) => html`<li key=${role.name}><a class="section-item" href=${`/roles/${role.name}`} aria-current=${role === shown ? "true" : undefined}><span>${titled(role.title, role.name)}${drafts.value.has(role.name) && html` <span class="quiet small">${t("roles.unsaved")}</span>`}</span><span class="quiet small figures">${counts.get(role.name) ?? 0}</span></a></li>`)}
      </ul></nav>
      <div class="section-body">
        <${Editor} key=${shown.name} now=${shown} known=${known} users=${counts.get(shown.name) ?? 0} saved=${put}
          removed=${(role) => (toast(t("roles.deleted", { title: titled(role.title, role.name) })), setFound({ ...found, roles: roles.filter((each) => each !== role) }), go("/roles"))} />
      </div>
    </div>
    ${making && html`<${NewRole} roles=${roles} closed=${() => setMaking(false)} made=${(role) => (put(role), go(`/roles/${role.name}`))} />`}
  </div>`;
}
