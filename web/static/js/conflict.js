// Two people, one record: what is saved on top of a version that is not there any more is asked about, with both
// versions side by side. Nothing is overwritten unseen, and nothing that was typed is lost.

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";

import { act } from "./actions.js";
import { patch } from "./api.js";
import { flat } from "./custom_fields.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { Dialog } from "./parts.js";

/** The question that stands: `{key, words, rows, also, answer}`; null: none. */
const asking = signal(null);

let asked = 0;
/** The answer to the last question: two don't stand at once. */
let lastAsked = Promise.resolve();

/** Record -> field -> what this page stored there last: that this is there now is no news. */
const stored = new Map();

const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** These fields of it, as they are sent. */
function asBody(fields, values) {
  const body = {};
  for (const field of fields) {
    if (field.startsWith("custom.")) body.custom = { ...body.custom, [field.slice("custom.".length)]: values[field] };
    else body[field] = values[field];
  }
  return body;
}

const patched = (path) => (wish, before) => patch(path, wish, { version: before.version });

/** Change a record that the page read as `base`. `words` puts it into words: `{title, label(field), show(field,
 * value)}`; a label of null is a field that people don't see. `wrong` gets a refusal of what was typed (422, or one that
 * names the field), which is otherwise said aloud. What is no PATCH is sent by `send(wish, before)`. Answers the record
 * as it is then; null when it was refused, or nothing was decided. */
export async function change({ name, path, body, base, words, wrong = null, send = patched(path) }) {
  const key = `${name} ${path}`;
  let record = null;
  const write = async (wish, before) => {
    try {
      record = await send(wish, before);
      stored.set(key, { ...stored.get(key), ...flat(wish) });
    } catch (refusal) {
      if (refusal.status === 412 && refusal.current) await decide(wish, before, refusal.current);
      else if (wrong && (refusal.status === 422 || refusal.field)) wrong(refusal);
      else throw refusal;
    }
  };
  const decide = async (wish, before, current) => {
    const chosen = await choose(flat(wish), flat(before), flat(current), words, stored.get(key) ?? {});
    if (chosen === null) return;
    if (Object.keys(chosen).length) await write(chosen, current);
    else record = current;
  };
  await act(name, () => write(body, base), JSON.stringify(body));
  return record;
}

/** What of the wish is to be saved on top of what is there now; null: it was not said. */
async function choose(wish, before, current, words, mine) {
  const seen = (field) => words.label(field) !== null;
  const rows = Object.keys(wish).filter((field) => !same(wish[field], current[field]));
  const also = Object.keys(current).filter((field) => !(field in wish) && seen(field) && !same(before[field], current[field]));
  if (!rows.length) return {};
  // A field that nobody else touched is no conflict: it is saved, and there is nothing to ask.
  const own = (field) => same(before[field], current[field]) || (field in mine && same(mine[field], current[field]));
  if (rows.every(own)) return asBody(rows, wish);
  const answered = lastAsked.then(
    () => new Promise((answer) => (asking.value = { key: ++asked, words, wish, before, current, rows, also, answer })),
  );
  lastAsked = answered;
  return answered;
}

function Versions({ question, close }) {
  const { words, wish, before, current, rows, also, answer } = question;
  const [mine, setMine] = useState(() => Object.fromEntries(rows.map((field) => [field, true])));
  const say = (chosen) => {
    answer(chosen);
    close();
  };
  const save = (event) => {
    event.preventDefault();
    say(asBody(rows.filter((field) => mine[field]), wish));
  };
  const version = (field, own, value) => html`<label class="version">
    <span class="pick"><input type="radio" name=${`version-${field}`} checked=${mine[field] === own} onChange=${() => setMine({ ...mine, [field]: own })} />
      ${t(own ? "conflict.yours" : "conflict.theirs")}</span>
    <span class="version-text"><bdi>${words.show(field, value)}</bdi></span>
  </label>`;
  return html`<form onSubmit=${save}>
    <p>${t("conflict.text", { what: words.title })}</p>
    ${rows.map(
      (field) => html`<fieldset key=${field} class="versions">
        <legend class="legend">${words.label(field) ?? field}</legend>
        ${version(field, false, current[field])} ${version(field, true, wish[field])}
      </fieldset>`,
    )}
    ${also.length > 0 &&
    html`<p class="small quiet">${t("conflict.also")}</p>
      <dl class="record also">
        ${also.map((field) => html`<dt key=${`${field}-t`}>${words.label(field)}</dt>
          <dd key=${`${field}-d`}><bdi>${words.show(field, before[field])}</bdi> → <bdi>${words.show(field, current[field])}</bdi></dd>`)}
      </dl>`}
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${() => say({})}>${t("conflict.take_theirs")}</button>
      <button class="button primary">${t("conflict.save")}</button>
    </div>
  </form>`;
}

/** The dialog, on every page. Who closes it has decided nothing: what he wrote stays where he wrote it. */
export function Conflicts() {
  const question = asking.value;
  if (!question) return null;
  const closed = () => {
    question.answer(null);
    if (asking.value === question) asking.value = null;
  };
  return html`<${Dialog} key=${question.key} kind="conflict" id="conflict-title" title=${t("conflict.title")} closed=${closed}>
    ${(close) => html`<${Versions} question=${question} close=${close} />`}
  <//>`;
}
