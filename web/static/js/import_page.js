// One import: how the file is read, what goes where, what checking it says, how far importing it is. Every choice is
// kept by the server as soon as it is made, so a page that is loaded anew goes on where it was.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { followedBy, get, patch, post } from "./api.js";
import { download } from "./download.js";
import { bytesOf, dateTimeOf, whole } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { asOfNow, ImportState, isBusy } from "./imports.js";
import { t, titled, word } from "./language.js";
import { imports, may, toast } from "./model.js";
import { Card } from "./parts.js";
import { PersonChoice, TeamChoice } from "./people.js";
import { Progress } from "./progress.js";
import { inPageWords } from "./reasons.js";
import { Steps } from "./steps.js";
import { Table } from "./table.js";

const ENCODINGS = ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"];
const DELIMITERS = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" };
const DUPLICATES = ["skip", "update", "create"];
const MATCHES = ["number", "id_number", "phone", "email"];
const FORM = ["encoding", "delimiter", "sheet"];
const OVER = ["done", "cancelled", "failed"];

/** Columns go into fields of the customer: `{name, title, many}` in the order in which they are offered. */
const titleOf = (targets, name) => titled(targets.find((each) => each.name === name)?.title, name);

// --- what is set up ---

function Reading({ one, set }) {
  const { form } = one;
  return html`<fieldset class="fields" aria-label=${t("imports.reading")}>
    ${form.kind === "csv" &&
    html`<div class="field">
        <label for="import-encoding">${t("imports.encoding")}</label>
        <select class="input" id="import-encoding" value=${form.encoding} onChange=${(event) => set({ encoding: event.target.value })}>
          ${ENCODINGS.map((each) => html`<option key=${each} value=${each}>${word("encoding", each.replaceAll("-", "_"))}</option>`)}
        </select>
        <p class="small quiet hint">${t("imports.encoding_hint")}</p>
      </div>
      <div class="field">
        <label for="import-delimiter">${t("imports.delimiter")}</label>
        <select class="input" id="import-delimiter" value=${form.delimiter} onChange=${(event) => set({ delimiter: event.target.value })}>
          ${Object.entries(DELIMITERS).map(([each, name]) => html`<option key=${each} value=${each}>${t(`delimiter.${name}`)}</option>`)}
        </select>
        <p class="small quiet hint">${t("imports.delimiter_hint")}</p>
      </div>`}
    ${form.kind === "xlsx" &&
    form.sheets.length > 1 &&
    html`<div class="field">
      <label for="import-sheet">${t("imports.sheet")}</label>
      <select class="input" id="import-sheet" value=${form.sheet} onChange=${(event) => set({ sheet: event.target.value })}>
        ${form.sheets.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}
      </select>
    </div>`}
    <div class="field switch">
      <label class="check"><input type="checkbox" checked=${one.header} onChange=${(event) => set({ header: event.target.checked })} /><span>${t("imports.header")}</span></label>
      <p class="small quiet hint">${t("imports.header_hint")}</p>
    </div>
  </fieldset>`;
}

/** The columns, with what the first rows have in them, and where each goes. */
function Mapping({ one, targets, mapping, wrong, choose }) {
  const taken = new Set(mapping);
  const columns = [
    [t("imports.column"), ({ title, place }) => html`<strong class="column-title"><bdi>${title || t("imports.column_n", { n: place + 1 })}</bdi></strong>`],
    [
      t("imports.examples"),
      ({ examples }) => html`<span class="examples">${examples.some(Boolean) ? examples.map((each, n) => html`<bdi key=${n} class=${each ? "" : "quiet"}>${each || t("imports.blank")}</bdi>`) : html`<span class="quiet">${t("imports.nothing_in_it")}</span>`}</span>`,
    ],
    [
      t("imports.goes_into"),
      ({ title, place }) => html`<div class="field ${wrong.has(place) ? "is-wrong" : ""}">
        <select class="input target" aria-label=${t("imports.goes_into_of", { column: title || place + 1 })} aria-invalid=${wrong.has(place) || undefined}
          data-empty=${!mapping[place]} value=${mapping[place]} onChange=${(event) => choose(place, event.target.value)}>
          <option value="">${t("imports.leave_out")}</option>
          ${targets.map(({ name, title: titles, many }) => html`<option key=${name} value=${name} disabled=${!many && taken.has(name) && mapping[place] !== name}>${titled(titles, name)}</option>`)}
        </select>
        ${wrong.has(place) && html`<p class="error-text" role="alert">${wrong.get(place)}</p>`}
      </div>`,
    ],
  ];
  const rows = one.columns.map((column, place) => ({ ...column, place }));
  return html`<${Table} label=${t("imports.columns")} columns=${columns} rows=${rows} keyOf=${({ place }) => place} empty=${t("imports.no_columns")} />`;
}

function Known({ one, set }) {
  const toggle = (each) => set({ match: one.match.includes(each) ? one.match.filter((other) => other !== each) : MATCHES.filter((other) => other === each || one.match.includes(other)) });
  return html`<div class="known">
    <fieldset class="field set">
      <legend class="legend">${t("imports.duplicates")}</legend>
      ${DUPLICATES.map(
        (each) => html`<label key=${each} class="check choice"><input type="radio" name="duplicates" checked=${one.duplicates === each} onChange=${() => set({ duplicates: each })} />
          <span><strong>${t(`import_twice.${each}`)}</strong> <span class="quiet small">${t(`import_twice.${each}.hint`)}</span></span></label>`,
      )}
    </fieldset>
    <div class="field-column">
      <fieldset class="field set">
        <legend class="legend">${t("imports.match")}</legend>
        <div class="checks">
          ${MATCHES.map((each) => html`<label key=${each} class="check"><input type="checkbox" checked=${one.match.includes(each)} onChange=${() => toggle(each)} />${t(`import_match.${each}`)}</label>`)}
        </div>
        <p class="small quiet hint">${t("imports.match_hint")}</p>
      </fieldset>
      <div class="fields">
        <div class="field"><label for="import-owner">${t("imports.owner")}</label>
          <${PersonChoice} id="import-owner" value=${one.owner ?? ""} head=${[["", t("imports.as_made")]]} onChange=${(event) => set({ owner: event.target.value })} /></div>
        <div class="field"><label for="import-team">${t("imports.team")}</label>
          <${TeamChoice} id="import-team" value=${one.team ?? ""} head=${[["", t("imports.as_made")]]} onChange=${(event) => set({ team: event.target.value })} /></div>
      </div>
    </div>
  </div>`;
}

/** Whose numbers those without a country code are, and what to do with a number that is there already. */
function LeadsKnown({ one, set }) {
  const choice = (name, legend) => html`<fieldset class="field set">
    <legend class="legend">${legend}</legend>
    ${DUPLICATES.map(
      (each) => html`<label key=${each} class="check choice"><input type="radio" name=${name} checked=${one[name] === each} onChange=${() => set({ [name]: each })} /><span>${t(`lead_twice.${each}`)}</span></label>`,
    )}
  </fieldset>`;
  return html`<div class="known">
    <div class="field-column">${choice("duplicates", t("imports.on_this_list"))}${choice("elsewhere", t("imports.on_another_list"))}</div>
    <div class="fields"><${Region} one=${one} set=${set} />
      <div class="field"><label for="import-owner">${t("imports.owner")}</label>
        <${PersonChoice} id="import-owner" value=${one.owner ?? ""} head=${[["", t("imports.nobodys")]]} onChange=${(event) => set({ owner: event.target.value })} /></div></div>
  </div>`;
}

function Region({ one, set }) {
  const keep = (event) => {
    const code = event.target.value.trim().toUpperCase();
    if (/^[A-Z]{2}$/.test(code)) set({ region: code });
  };
  return html`<div class="field"><label for="import-region">${t("imports.region")}</label>
    <input class="input" id="import-region" maxlength="2" autocomplete="off" value=${one.region ?? ""} onChange=${keep} aria-describedby="import-region-hint" />
    <p class="small quiet hint" id="import-region-hint">${t("imports.region_hint")}</p></div>`;
}

/** What is asked beside the columns, what no row is without, and where what was imported is seen, by the kind of record. */
const KINDS = {
  customer: { Known, title: "imports.known", lacks: (one, mapping) => !mapping.includes("name") && one.duplicates !== "update", lack: "imports.no_name", see: () => may("customers.read") && ["/customers", "imports.see_customers"] },
  lead: { Known: LeadsKnown, title: "imports.leads_known", lacks: (one, mapping) => !mapping.some((each) => each.startsWith("phone")), lack: "imports.no_phone", see: (one) => [`/lists/${encodeURIComponent(one.into)}`, "imports.see_list"] },
  do_not_call: { Known: Region, title: "attempts.number", lacks: (one, mapping) => !mapping.includes("phone"), lack: "imports.no_phone", see: () => ["/do-not-call", "imports.see_numbers"] },
};

// --- what came of it ---

function Counts({ one, checked }) {
  const count = (kind, n, key) => html`<div class="count" data-count=${kind}><dt>${t(key)}</dt><dd class="figures">${whole(n)}</dd></div>`;
  return html`<dl class="counts">
    ${count("rows", one.done, "imports.count_rows")}
    ${count("created", one.created, checked ? "imports.count_would_create" : "imports.count_created")}
    ${count("changed", one.changed, checked ? "imports.count_would_change" : "imports.count_changed")}
    ${count("skipped", one.skipped, "imports.count_skipped")}
    ${count(one.bad ? "bad" : "none", one.bad, "imports.count_bad")}
  </dl>`;
}

function BadRows({ one, targets }) {
  const [pages, setPages] = useState({ items: [], next: "", state: "loading" });
  const load = async (cursor = "") => {
    try {
      const page = await get(`/api/imports/${one.id}/rejects?limit=50&cursor=${cursor}`);
      setPages(followedBy(page, cursor));
    } catch {
      setPages((before) => ({ ...before, state: "trouble" }));
    }
  };
  useEffect(() => {
    load();
  }, [one.state, one.bad]);
  const columns = [
    [t("imports.row"), ({ row }) => html`<span class="figures">${whole(row)}</span>`],
    [t("imports.field"), ({ field }) => (field ? titleOf(targets, field) : "–")],
    [
      t("imports.reason"),
      ({ reason }) => {
        const { text, lang } = inPageWords(reason);
        return html`<bdi lang=${lang}>${text}</bdi>`;
      },
    ],
  ];
  const path = `/api/imports/${one.id}/rejects.csv`;
  const aside = html`<button type="button" class="button" disabled=${!online()} aria-busy=${pending(`download ${path}`)} onClick=${() => download(path)}><${Icon} name="download" />${t("imports.bad_rows_file")}</button>`;
  return html`<${Card} title=${one.bad ? t("imports.bad_rows", { n: one.bad, count: whole(one.bad) }) : t("imports.left_out")} aside=${aside}>
    <p class="body quiet">${t("imports.bad_rows_hint")}</p>
    ${pages.state === "trouble"
      ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${() => load()}>${t("action.again")}</button></div>`
      : html`<${Table} label=${t("imports.bad_rows_label")} columns=${columns} rows=${pages.items} keyOf=${({ row, reason }) => `${row} ${reason}`} empty=${t(pages.state === "loading" ? "history.loading" : "imports.nothing_left_out")} />`}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${() => load(pages.next)}>${t("history.more")}</button></div>`}
  <//>`;
}

/** What is going on, or how it ended. */
function Course({ one, targets, ask }) {
  const busy = isBusy(one);
  const checking = one.state === "checking";
  const checked = checking || one.state === "checked";
  const button = (verb, key, kind = "") =>
    html`<button type="button" class="button ${kind}" disabled=${!online()} aria-busy=${pending(`import ${one.id}`)} onClick=${() => ask(verb)}>${t(key)}</button>`;
  const { text, lang } = one.error ? inPageWords(one.error) : { text: "", lang: undefined };
  const seen = KINDS[one.kind].see(one);
  const leftOut = one.kind === "lead" && one.skipped + one.created > 0;
  return html`<${Card} title=${t(`import_course.${one.state}`)} aside=${html`<${ImportState} state=${one.state} />`}>
      <div class="body" aria-live="polite">
        ${busy && html`<${Progress} done=${one.done} of=${one.rows} label=${t(`import_state.${one.state}`)} words=${t("imports.done_of", { done: whole(one.done), rows: whole(one.rows) })} />`}
        ${one.state === "paused" && html`<${Progress} done=${one.done} of=${one.rows} label=${t("import_state.paused")} words=${t("imports.done_of", { done: whole(one.done), rows: whole(one.rows) })} />`}
        ${one.error && html`<p class="error-text" role="alert"><${Icon} name="warning" size=${16} /> <bdi lang=${lang}>${text}</bdi></p>`}
        <${Counts} one=${one} checked=${checked} />
        <p class="small quiet">${t(`import_explain.${one.state}`)}</p>
        <div class="actions">
          ${one.state === "checked" && button("start", "imports.start", "primary")}
          ${one.state === "running" && button("pause", "imports.pause")}
          ${checking && button("pause", "imports.stop_check")}
          ${one.state === "paused" && button("start", "imports.go_on", "primary")}
          ${["running", "paused"].includes(one.state) && button("cancel", "imports.cancel", "danger")}
          ${OVER.includes(one.state) && html`<a class="button primary" href="/imports">${t("imports.another")}</a>`}
          ${one.state === "done" && seen && html`<a class="button" href=${seen[0]}>${t(seen[1])}</a>`}
        </div>
      </div>
    <//>
    ${(one.bad > 0 || leftOut) && !busy && html`<${BadRows} one=${one} targets=${targets} />`}`;
}

// --- the page ---

const STEPS = ["imports.step.file", "imports.step.columns", "imports.step.check", "imports.step.import"];

function placeOf(one, lookingBack) {
  if (one.state === "ready" || lookingBack) return 1;
  if (one.state === "checking" || one.state === "checked") return 2;
  return one.state === "done" ? STEPS.length : 3;
}

export function ImportPage({ id }) {
  const [one, setOne] = useState(null);
  const [targets, setTargets] = useState([]);
  const [trouble, setTrouble] = useState(null);
  const [wish, setWish] = useState({}); // what was chosen and the server has not taken (yet)
  const [wrong, setWrong] = useState(new Map());
  const [lookingBack, setLookingBack] = useState(false);

  const load = async () => {
    setTrouble(null);
    try {
      const found = await get(`/api/imports/${encodeURIComponent(id)}`);
      const all = await get(`/api/import-targets?kind=${found.kind}`);
      setTargets(all.items);
      setOne(found);
    } catch (refusal) {
      setTrouble(refusal);
    }
  };
  useEffect(() => {
    load();
  }, []);
  // What is pushed are the counts and the state; another state is a reason to look at all of it.
  const live = imports.value.get(id)?.state;
  useEffect(() => {
    if (one && live && live !== one.state) load();
  }, [live]);

  document.title = `${one?.name ?? t("nav.imports")} · contactcenter`;
  if (trouble && !one) {
    const gone = trouble.status === 404;
    return html`<div class="page"><div class="page-title"><h1>${t("nav.imports")}</h1></div>
      <div class="empty" role="alert"><p>${t(gone ? "imports.gone" : "error.load")}</p>
        ${gone ? html`<a class="button" href="/imports">${t("imports.back")}</a>` : html`<button type="button" class="button" onClick=${load}>${t("action.again")}</button>`}</div></div>`;
  }
  if (!one) return html`<div class="page"><p class="empty">${t("history.loading")}</p></div>`;

  const now = asOfNow(one);
  const mapping = wish.mapping ?? one.columns.map(({ target }) => target);
  const reading = Object.fromEntries(FORM.filter((part) => part in wish).map((part) => [part, wish[part]]));
  const shown = { ...one, ...wish, form: { ...one.form, ...reading } };

  /** What was asked for is answered: what was chosen meanwhile is still to come. */
  const answered = (change) => setWish((latest) => Object.fromEntries(Object.entries(latest).filter(([part, value]) => !(part in change) || value !== change[part])));
  const send = (change) => {
    setWish((latest) => ({ ...latest, ...change }));
    return act(
      `import ${id}`,
      async () => {
        try {
          const found = await patch(`/api/imports/${id}`, change);
          setOne(found);
          setWrong(new Map());
          answered(change);
        } catch (refusal) {
          const place = refusal.field?.match(/^mapping\.(\d+)$/);
          if (!place) {
            answered(change);
            throw refusal;
          }
          setWrong(new Map([[Number(place[1]), inPageWords(refusal.message).text]]));
        }
      },
      JSON.stringify(change),
    );
  };
  const choose = (place, target) => send({ mapping: mapping.map((each, n) => (n === place ? target : each)) });
  const ask = (verb) =>
    act(
      `import ${id}`,
      async () => {
        setOne(await post(`/api/imports/${id}/${verb}`));
        setLookingBack(false);
      },
      verb,
    );
  const at = placeOf(now, lookingBack && now.state === "checked");
  const back = (place) => (place === 1 && now.state === "checked" ? () => setLookingBack(true) : null);
  const kind = KINDS[one.kind];
  const blocked = wrong.size > 0 || kind.lacks(shown, mapping) || !mapping.some(Boolean);
  return html`<div class="page">
    <div class="page-title">
      <h1 class="file-name"><bdi>${one.name}</bdi></h1>
      <span class="quiet small figures">${t("imports.facts", { size: bytesOf(one.bytes), at: dateTimeOf(one.at) })}</span>
    </div>
    <${Steps} label=${t("imports.steps")} steps=${STEPS.map((key) => t(key))} at=${at} back=${back} />
    ${at === 1
      ? html`<${Card} title=${t("imports.reading")} aside=${html`<span class="quiet small figures">${t("imports.rows", { n: one.rows, count: whole(one.rows) })}</span>`}>
            <div class="body"><${Reading} one=${shown} set=${send} /></div>
          <//>
          <${Card} title=${t("imports.columns")}>
            ${one.remembered_at !== null && html`<p class="body remembered"><${Icon} name="clock" size=${16} />${t("imports.remembered", { at: dateTimeOf(one.remembered_at) })}</p>`}
            <${Mapping} one=${one} targets=${targets} mapping=${mapping} wrong=${wrong} choose=${choose} />
          <//>
          <${Card} title=${t(kind.title)}><div class="body"><${kind.Known} one=${shown} set=${send} /></div><//>
          <div class="next-bar">
            <p class="small ${blocked ? "error-text" : "quiet"}" id="import-next" role="status">${t(wrong.size ? "imports.mend_first" : blocked ? kind.lack : "imports.check_hint")}</p>
            <span class="spacer"></span>
            <button type="button" class="button" disabled=${!online() || blocked} onClick=${() => ask("start")}>${t("imports.start_unchecked")}</button>
            <button type="button" class="button primary" disabled=${!online() || blocked} aria-busy=${pending(`import ${id}`)} aria-describedby="import-next" onClick=${() => ask("check")}>${t("imports.check")}</button>
          </div>`
      : html`<${Course} one=${now} targets=${targets} ask=${ask} />`}
  </div>`;
}
