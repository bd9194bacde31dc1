// Two people, one record: what is saved on top of a version that is not there any more is asked about, with both
// versions side by side. Nothing is overwritten unseen, and nothing that was typed is lost.

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";

import { act } from "./actions.js";
import { patch } from "./api.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { Dialog } from "./parts.js";

/** The question that stands: `{key, title, rows, also, answer}`; null: none. */
const asking = signal(null);

let asked = 0;

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const patched = (path) => (wish, before) => patch(path, wish, { version: before.version });

/** Change a record that the page read as `base`. `words` puts it into words: `{title, label(field), show(field,
 * value)}`; a label of null is a field that people don't see. `wrong` gets a refusal of what was typed (422, or one that
 * names the field), which is otherwise said aloud. What is no PATCH is sent by `send(wish, before)`. Answers the record
 * as it is then; null when it was refused. */
export async function change({ name, path, body, base, words, wrong = null, send = patched(path) }) {
  let record = null;
  const write = async (wish, before) => {
    try {
      record = await send(wish, before);
    } catch (refusal) {
      if (refusal.status === 412 && refusal.current) await decide(wish, before, refusal.current);
      else if (wrong && (refusal.status === 422 || refusal.field)) wrong(refusal);
      else throw refusal;
    }
  };
  const decide = async (wish, before, current) => {
    const chosen = await ask(wish, before, current, words);
    if (Object.keys(chosen).length) await write(chosen, current);
    else record = current;
  };
  await act(name, () => write(body, base), JSON.stringify(body));
  return record;
}

/** What of the wish is to be saved on top of what is there now. */
function ask(wish, before, current, words) {
  const seen = (field) => words.label(field) !== null;
  const rows = Object.keys(wish).filter((field) => !same(wish[field], current[field]));
  const also = Object.keys(current).filter((field) => !(field in wish) && seen(field) && !same(before[field], current[field]));
  if (!rows.length) return {};
  // A field that nobody else touched is no conflict: it is saved, and there is nothing to ask.
  if (rows.every((field) => same(before[field], current[field]))) return Object.fromEntries(rows.map((field) => [field, wish[field]]));
  return new Promise((answer) => {
    asking.value = { key: ++asked, words, wish, before, current, rows, also, answer };
  });
}

function Versions({ question, close }) {
  const { words, wish, before, current, rows, also, answer } = question;
  const [mine, setMine] = useState(() => Object.fromEntries(rows.map((field) => [field, true])));
  const choose = (chosen) => {
    answer(chosen);
    close();
  };
  const save = (event) => {
    event.preventDefault();
    choose(Object.fromEntries(rows.filter((field) => mine[field]).map((field) => [field, wish[field]])));
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
      <button type="button" class="button" onClick=${() => choose({})}>${t("conflict.take_theirs")}</button>
      <button class="button primary">${t("conflict.save")}</button>
    </div>
  </form>`;
}

/** The dialog, on every page. Closing it takes what is there now. */
export function Conflicts() {
  const question = asking.value;
  if (!question) return null;
  const closed = () => {
    question.answer({});
    if (asking.value === question) asking.value = null;
  };
  return html`<${Dialog} key=${question.key} kind="conflict" id="conflict-title" title=${t("conflict.title")} closed=${closed}>
    ${(close) => html`<${Versions} question=${question} close=${close} />`}
  <//>`;
}
