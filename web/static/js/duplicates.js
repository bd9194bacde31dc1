// Pairs of records that may be one customer, for somebody who decides: one customer, or two.

import { useEffect, useRef, useState } from "preact/hooks";

import { followedBy, get } from "./api.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { callDifferent, changedMerges, Compare, percent, Reasons } from "./merging.js";

const keyOf = (pair) => `${pair.first} ${pair.second}`;

function Pair({ pair, chosen, choose }) {
  return html`<li><button type="button" class="pair-choice" aria-current=${chosen ? "true" : undefined} onClick=${choose}>
    <span class="pair-names"><strong><bdi>${pair.first_name}</bdi></strong> <span class="quiet">/</span> <strong><bdi>${pair.second_name}</bdi></strong></span>
    <span class="pair-score"><meter min="0" max="1" value=${pair.score} aria-label=${t("duplicate.score")}></meter><span class="figures small">${percent(pair.score)}</span></span>
    <${Reasons} reasons=${pair.reasons} />
  </button></li>`;
}

export function Duplicates() {
  document.title = `${t("nav.duplicates")} · contactcenter`;
  const [pages, setPages] = useState({ items: [], next: "", state: "loading" });
  const [chosen, setChosen] = useState("");
  const list = useRef(null);
  const turn = changedMerges.value;
  const load = async (cursor = "") => {
    try {
      const page = await get(`/api/duplicates?limit=20&cursor=${encodeURIComponent(cursor)}`);
      setPages(followedBy(page, cursor));
    } catch (refusal) {
      setPages((before) => ({ ...before, state: "trouble", refusal }));
    }
  };
  useEffect(() => {
    load();
  }, [turn]);
  const shown = pages.items.find((pair) => keyOf(pair) === chosen) ?? pages.items[0];
  const next = () => {
    const at = pages.items.indexOf(shown);
    const after = pages.items[at + 1] ?? pages.items[at - 1];
    setChosen(after ? keyOf(after) : "");
  };
  const different = async () => {
    const pair = shown;
    if (await callDifferent(pair)) next();
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...list.current.querySelectorAll(".pair-choice")];
    const to = buttons[buttons.indexOf(document.activeElement) + step];
    to?.focus();
    to?.click();
  };
  return html`<div class="page wide-page">
    <div class="page-title"><div><h1>${t("nav.duplicates")}</h1><p class="quiet">${t("duplicate.explains")}</p></div></div>
    ${pages.state === "trouble"
      ? html`<section class="card"><div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${() => load()}>${t("action.again")}</button></div></section>`
      : !shown
        ? html`<section class="card"><p class="empty">${t(pages.state === "loading" ? "history.loading" : "duplicate.none")}</p></section>`
        : html`<div class="pairs">
            <section class="card" aria-label=${t("duplicate.pairs")}>
              <ol class="pair-list" ref=${list} onKeyDown=${keys}>${pages.items.map((pair) => html`<${Pair} key=${keyOf(pair)} pair=${pair} chosen=${pair === shown} choose=${() => setChosen(keyOf(pair))} />`)}</ol>
              ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${() => load(pages.next)}>${t("history.more")}</button></div>`}
            </section>
            <section class="card compare" aria-label=${t("duplicate.compare")}>
              <div class="body"><${Compare} key=${keyOf(shown)} first=${shown.first} second=${shown.second} merged=${next} different=${different} /></div>
            </section>
          </div>`}
  </div>`;
}
