// Two records of one customer: side by side, made one by choosing what stays, and parted again.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { Address } from "./addresses.js";
import { get, post, put, remove } from "./api.js";
import { plainSpec, useSpecs, valueIn } from "./customer_fields.js";
import { CustomerChoice } from "./customer_choice.js";
import { dateTimeOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { asText, Shown } from "./inputs.js";
import { t, word } from "./language.js";
import { may, toast } from "./model.js";
import { Card, Dialog, PhoneNumber } from "./parts.js";
import { personName, usePeople } from "./people.js";

/** What one of the two is right about. Numbers, addresses, tags and everything that hangs on the records is of both. */
const FIELDS = ["name", "company", "tier", "category", "save_desk", "language", "balance", "id_number", "note", "owner", "team"];
const REASONS = { phone: "phone", email: "mail", id_number: "verified", name: "user", company: "building" };

/** Grows when two were made one, or parted: lists that show it ask again. */
export const changedMerges = signal(0);

const isNothing = (value) => value === "" || value === null || value === undefined || value === false || (Array.isArray(value) && !value.length);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b) || (isNothing(a) && isNothing(b));

export const percent = (score) => `${Math.round(score * 100)}%`;

/** Why two records may be one. */
export function Reasons({ reasons }) {
  return html`<span class="chips inline">
    ${reasons.map(({ kind, value }) => html`<span key=${`${kind} ${value}`} class="chip"><${Icon} name=${REASONS[kind] ?? "link"} size=${14} />
      ${t(`duplicate.reason.${kind}`)}${value && html` ${kind === "phone" ? html`<${PhoneNumber} number=${value} />` : html`<bdi>${value}</bdi>`}`}
    </span>`)}
  </span>`;
}

/** Take a merge back. */
export const unmerge = (merge) =>
  act(`unmerge ${merge.id}`, async () => {
    await remove(`/api/merges/${encodeURIComponent(merge.id)}`);
    changedMerges.value++;
    toast(t("merge.undone"));
  });

/** Make two one; answers the merge, or null. */
async function merge(kept, gone, take) {
  let made = null;
  await act(`merge ${kept.id}`, async () => {
    made = await post("/api/merges", { kept: kept.id, gone: gone.id, take, kept_version: kept.version, gone_version: gone.version });
    changedMerges.value++;
  }, gone.id);
  if (made) toast(t("merge.done", { gone: gone.name, kept: kept.name }), { action: { label: t("action.undo"), run: () => unmerge(made) }, seconds: 30 });
  return made;
}

/** The two records, or what is wrong. */
function useBoth(first, second, turn) {
  const [both, setBoth] = useState({ state: "loading" });
  useEffect(() => {
    let late = false;
    setBoth({ state: "loading" });
    Promise.all([first, second].map((id) => get(`/api/customers/${encodeURIComponent(id)}`))).then(
      ([one, other]) => !late && setBoth({ state: "here", one, other }),
      (refusal) => !late && setBoth({ state: "trouble", refusal }),
    );
    return () => {
      late = true;
    };
  }, [first, second, turn]);
  return both;
}

/** Two records side by side. `merged(merge)` runs when they are one; `different()`, if given, says that they are two. */
export function Compare({ first, second, merged, different = null, cancel = null }) {
  const [turn, setTurn] = useState(0);
  const both = useBoth(first, second, turn);
  if (both.state === "loading") return html`<p class="empty">${t("history.loading")}</p>`;
  if (both.state === "trouble") {
    return html`<div class="empty" role="alert"><p>${[403, 404].includes(both.refusal.status) ? t("customer.gone") : t("error.load")}</p>
      <button type="button" class="button" onClick=${() => setTurn(turn + 1)}>${t("action.again")}</button></div>`;
  }
  return html`<${Sides} key=${`${first} ${second} ${turn}`} one=${both.one} other=${both.other} merged=${merged} different=${different} cancel=${cancel} reload=${() => setTurn(turn + 1)} />`;
}

function Sides({ one, other, merged, different, cancel, reload }) {
  usePeople();
  const { plain, custom } = useSpecs(FIELDS);
  const [keptId, setKept] = useState(one.id);
  const [chosen, setChosen] = useState({});
  const records = [one, other];
  const [kept, gone] = keptId === one.id ? [one, other] : [other, one];
  const specs = [...plain, ...custom].filter(({ key }) => !kept.hidden.includes(key));
  const rows = specs.filter(({ key }) => !isNothing(valueIn(one, key)) || !isNothing(valueIn(other, key)));
  /** The record whose value stays: the one that was chosen; else the one that is kept, unless it has none. */
  const right = ({ key }) => chosen[key] ?? (isNothing(valueIn(kept, key)) ? gone.id : kept.id);
  const take = rows.filter((spec) => right(spec) === gone.id && !same(valueIn(kept, spec.key), valueIn(gone, spec.key))).map(({ key }) => key);
  const kinds = one.kind === other.kind;
  const send = async (event) => {
    event.preventDefault();
    const made = await merge(kept, gone, take);
    if (made) merged(made, kept);
    else reload(); // what is there now may be why it was refused
  };
  const cell = (spec, record) => {
    const value = valueIn(record, spec.key);
    const there = valueIn(record === one ? other : one, spec.key);
    const shown = html`<${Shown} spec=${spec} value=${value} />`;
    // What one of the two lacks it takes over: nothing is no choice.
    if (same(value, there) || isNothing(value) || isNothing(there)) return html`<span class="side-value">${shown}</span>`;
    return html`<label class="side-value choosable"><input type="radio" name=${`merge-${spec.key}`} checked=${right(spec) === record.id}
      onChange=${() => setChosen({ ...chosen, [spec.key]: record.id })} aria-label=${t("merge.take", { what: spec.label, value: asText(spec, value) })} />${shown}</label>`;
  };
  return html`<form class="sides-form" onSubmit=${send}>
    ${!kinds && html`<p class="notice"><${Icon} name="warning" size=${16} />${t("merge.two_kinds")}</p>`}
    <table class="sides">
      <thead>
        <tr>
          <th scope="col"><span class="unseen">${t("merge.field")}</span></th>
          ${records.map((record) => html`<th key=${record.id} scope="col" class=${record.id === keptId ? "kept" : ""}>
            <a href=${`/customers/${encodeURIComponent(record.id)}`}><bdi>${record.name}</bdi></a>
            <span class="small quiet">${t("merge.since", { kind: word("customer_kind", record.kind), at: dateTimeOf(record.created_at) })}</span>
            <label class="check"><input type="radio" name="merge-kept" checked=${record.id === keptId} onChange=${() => (setKept(record.id), setChosen({}))} />${t("merge.keep")}</label>
          </th>`)}
        </tr>
      </thead>
      <tbody>
        <tr><th scope="row">${plainSpec("number").label}</th>${records.map((record) => html`<td key=${record.id}><bdi class="figures">${record.number}</bdi></td>`)}</tr>
        ${rows.map((spec) => html`<tr key=${spec.key} class=${same(valueIn(one, spec.key), valueIn(other, spec.key)) ? "" : "differs"}>
          <th scope="row">${spec.label}</th>${records.map((record) => html`<td key=${record.id} class=${right(spec) === record.id ? "right" : ""}>${cell(spec, record)}</td>`)}
        </tr>`)}
        <tr>
          <th scope="row">${t("merge.of_both")}</th>
          ${records.map((record) => html`<td key=${record.id}><ul class="gathered">
            ${record.addresses.map((each) => html`<li key=${`${each.channel} ${each.value} ${each.extension}`}><${Address} address=${each} /></li>`)}
            ${record.tags.length > 0 && html`<li key="tags"><${Shown} spec=${plainSpec("tags")} value=${record.tags} /></li>`}
          </ul></td>`)}
        </tr>
      </tbody>
    </table>
    <p class="small quiet">${t("merge.explains")}</p>
    <div class="dialog-actions">
      ${cancel && html`<button type="button" class="button" onClick=${cancel}>${t("action.cancel")}</button>`}
      ${different && html`<button type="button" class="button" disabled=${!online()} onClick=${different}>${t("duplicate.different")}</button>`}
      <button class="button primary" disabled=${!online() || !kinds} aria-busy=${pending(`merge ${kept.id}`)}><${Icon} name="merge" size=${16} />${t("merge.do", { name: kept.name })}</button>
    </div>
  </form>`;
}

/** Two records are two: their pair is shown no more. */
export const callDifferent = (pair) =>
  act(`pair ${pair.first} ${pair.second}`, async () => {
    await put("/api/duplicates", { first: pair.first, second: pair.second, state: "different" });
    changedMerges.value++;
  });

function Candidates({ customer, choose }) {
  const [pairs, setPairs] = useState([]);
  useEffect(() => {
    get(`/api/duplicates?customer=${encodeURIComponent(customer.id)}&limit=5`).then((found) => setPairs(found.items), () => {});
  }, []);
  if (!pairs.length) return null;
  return html`<p class="legend">${t("merge.perhaps")}</p>
    <ul class="candidates">
      ${pairs.map((pair) => {
        const [id, name] = pair.first === customer.id ? [pair.second, pair.second_name] : [pair.first, pair.first_name];
        return html`<li key=${id}><button type="button" class="candidate" onClick=${() => choose({ id, name })}>
          <span><strong><bdi>${name}</bdi></strong> <span class="quiet figures">${percent(pair.score)}</span></span><${Reasons} reasons=${pair.reasons} />
        </button></li>`;
      })}
    </ul>`;
}

/** From a customer's page: find the other, then merge. `merged` gets the id of the record that is kept. */
export function MergeDialog({ customer, closed, merged }) {
  const [other, setOther] = useState(null);
  return html`<${Dialog} kind="merge wide-dialog" id="merge-title" title=${t("merge.title", { name: customer.name })} closed=${closed}>
    ${(close) => html`<div class="stack">
      <div class="field">
        <label for="merge-other">${t("merge.with")}</label>
        <${CustomerChoice} id="merge-other" label=${t("merge.with")} value=${other} choose=${setOther} except=${customer.id} autofocus />
      </div>
      ${other
        ? html`<${Compare} key=${other.id} first=${customer.id} second=${other.id} cancel=${close} merged=${(made) => (close(), merged(made.kept))} />`
        : html`<${Candidates} customer=${customer} choose=${setOther} />`}
    </div>`}
  <//>`;
}

/** The card of what was merged into a customer, where there is something. */
export function Merged({ customer, again, changed }) {
  const [found, setFound] = useState([]);
  const turn = `${again} ${changedMerges.value}`;
  useEffect(() => {
    if (!may("customers.merge") || !customer.merged.length) return setFound([]);
    get(`/api/merges?customer=${encodeURIComponent(customer.id)}`).then(({ items }) => setFound(items), () => {});
    return undefined;
  }, [customer.id, customer.merged.length, turn]);
  if (!found.length) return null;
  const back = async (one) => {
    if (await unmerge(one)) changed();
  };
  return html`<${Card} title=${t("merge.merged")}>
    <ul class="relations">
      ${found.map((one) => html`<li key=${one.id}>
        <${Icon} name="merge" size=${18} />
        <span class="relation-text"><span>${t("merge.by", { at: dateTimeOf(one.at), name: personName(one.login) })}</span></span>
        <button type="button" class="button small-button" disabled=${!online()} aria-busy=${pending(`unmerge ${one.id}`)} onClick=${() => back(one)}>${t("merge.undo")}</button>
      </li>`)}
    </ul>
  <//>`;
}

