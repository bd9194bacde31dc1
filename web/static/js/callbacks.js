// Who is called back in turn, and when; a supervisor can take a callback back.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, newest, remove } from "./api.js";
import { beat } from "./clock.js";
import { momentOf } from "./format.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { queues, toast } from "./model.js";
import { Card, PhoneNumber, queueTitle, Since } from "./parts.js";
import { Table } from "./table.js";

const AGAIN_MS = 5000;

/** The open callbacks, in the order of their places; null while they are not known. */
const open = signal(null);
const trouble = signal(false);

const score = (one) => one.entered_at - 60 * one.priority;

const ask = newest(
  () => Promise.all(["waiting", "calling"].map((state) => get(`/api/callbacks?state=${state}&limit=200`))),
  (pages) => (open.value = pages.flatMap((page) => page.items).sort((a, b) => score(a) - score(b))),
);

async function load() {
  try {
    await ask();
    trouble.value = false;
  } catch {
    trouble.value = true;
  }
}

/** It can't be undone, so it asks once more. */
function TakeBack({ one }) {
  const [sure, setSure] = useState(false);
  const name = one.name || one.number;
  const take = async () => {
    if (!sure) setSure(true);
    else if (await act(`callback ${one.id}`, () => remove(`/api/callbacks/${encodeURIComponent(one.id)}`))) {
      toast(t("callbacks.taken_back", { name }));
      load();
    }
  };
  return html`<button type="button" class="button ${sure ? "danger" : ""}" disabled=${!online() || one.state !== "waiting"} aria-busy=${pending(`callback ${one.id}`)}
    aria-label=${t(sure ? "callbacks.sure_of" : "callbacks.take_back_of", { name })} onClick=${take} onBlur=${() => setSure(false)}>
    ${t(sure ? "callbacks.sure" : "callbacks.take_back")}
  </button>`;
}

/** The place among the callbacks of the own queue. */
const placeOf = (one, all) => all.filter((each) => each.queue === one.queue).indexOf(one) + 1;

function due(one) {
  if (one.state === "calling") return t("callbacks.calling");
  return one.due_at <= beat.value ? t("callbacks.in_turn") : html`<span class="figures">${momentOf(one.due_at)}</span>`;
}

export function Callbacks() {
  const waiting = [...queues.value.values()].reduce((sum, queue) => sum + queue.callbacks, 0);
  useEffect(() => {
    load();
    const again = setInterval(load, AGAIN_MS);
    return () => clearInterval(again);
  }, [waiting]);
  if (!trouble.value && !open.value?.length) return null; // most centers have none: no empty card for these
  const all = open.value ?? [];
  const columns = [
    [t("waiting.place"), (one) => html`<strong>${placeOf(one, all)}</strong>`, true],
    [t("board.caller"), (one) => html`<strong>${one.name}</strong> <${PhoneNumber} number=${one.number} />`],
    [t("board.queue"), (one) => html`<span class="whole">${queueTitle(one.queue)}</span>`],
    [t("waiting.waits"), (one) => html`<${Since} since=${one.entered_at} />`, true],
    [t("callbacks.tries"), (one) => one.tries, true],
    [t("callbacks.due"), due],
    [t("callbacks.expires"), (one) => html`<span class="figures">${momentOf(one.expires_at)}</span>`],
    [t("board.steer"), (one) => html`<${TakeBack} one=${one} />`],
  ];
  return html`<${Card} title=${t("callbacks.title")}>
    ${trouble.value && !open.value
      ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div>`
      : html`<${Table} label=${t("callbacks.title")} columns=${columns} rows=${all} keyOf=${(one) => one.id} empty="" />`}
  <//>`;
}
