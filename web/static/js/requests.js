// What customers want of us: a board by state, on which a request moves by the steps that are allowed, and the same
// as a list. How many are where is counted over all that this user sees, not over what is shown.

import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import { online, pending } from "./actions.js";
import { get, newest } from "./api.js";
import { Due, Priority } from "./due.js";
import { momentOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { usePages } from "./list_pages.js";
import { go } from "./model.js";
import { LIST_REST_MS, ofRows, steady, underHand, useNews } from "./news.js";
import { Card, Menu } from "./parts.js";
import { usePeople, whose } from "./people.js";
import { asked, Filters, filters, isFiltered, sort, useRequestAddress, view } from "./request_filters.js";
import { changedRequests, DONE, mayWrite, move, RequestState, STATES } from "./request_parts.js";
import { NewRequestButton } from "./request_form.js";
import { steered } from "./rows.js";
import { Table } from "./table.js";

const PAUSE_MS = 250;
const STEP = 25;
const MOST = 200;

export const addressOf = (request) => `/requests/${encodeURIComponent(request.id)}`;

const question = (more = {}) => new URLSearchParams({ ...asked(), sort: sort.value, ...more }).toString();

/** Columns that only show how many are in them. */
const folded = signal(new Set(["closed"]));

/** The card that is in the order of tabs, and the one that is being dragged. */
const chosen = signal("");
const dragged = signal(null);

function Trouble({ again }) {
  return html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`;
}

/** The steps that may follow, as a menu below the card's button. */
function Steps({ request, open }) {
  const choose = (to) => () => {
    open.value = false;
    move(request, to);
  };
  const button = html`<button type="button" class="button plain step-button" tabIndex=${chosen.value === request.id ? 0 : -1} aria-haspopup="true" aria-expanded=${open.value}
    aria-label=${t("request.move_of", { number: request.number })} disabled=${!online()} aria-busy=${pending(`request ${request.id}`)} onClick=${() => (open.value = !open.value)}>
    ${t("request.move")}<${Icon} name="down" size=${14} />
  </button>`;
  return html`<${Menu} open=${open} button=${button} label=${t("request.move_of", { number: request.number })} end>
    ${request.possible.map((to) => html`<button key=${to} type="button" class="menu-item" onClick=${choose(to)}><${RequestState} state=${to} /></button>`)}
  <//>`;
}

/** The card beside or below this one, for the arrows. */
function neighbour(card, key) {
  const column = card.closest(".column-of");
  const cards = [...column.querySelectorAll(".request-card")];
  const place = cards.indexOf(card);
  if (key === "ArrowDown") return cards[place + 1];
  if (key === "ArrowUp") return cards[place - 1];
  const step = key === "ArrowRight" ? "nextElementSibling" : "previousElementSibling";
  for (let next = column[step]; next; next = next[step]) {
    const there = next.querySelectorAll(".request-card");
    if (there.length) return there[Math.min(place, there.length - 1)];
  }
  return null;
}

/** The state that Shift and an arrow lead to: the next column that way which the request may go to. */
function towards(request, key) {
  const at = STATES.indexOf(request.state);
  const way = key === "ArrowRight" ? STATES.slice(at + 1) : STATES.slice(0, at).reverse();
  return way.find((state) => request.possible.includes(state));
}

function RequestCard({ request, first }) {
  const open = useMemo(() => signal(false), []);
  const box = useRef(null);
  const writes = mayWrite();
  const name = `request-${request.id}`;
  const keys = (event) => {
    if (open.value || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = event.key.startsWith("Arrow");
    if (arrow && event.shiftKey) {
      const to = writes && online() && towards(request, event.key);
      if (to) move(request, to);
    } else if (arrow) neighbour(box.current, event.key)?.focus();
    else if (event.key === "Enter" && event.target === box.current) go(addressOf(request));
    else if (event.key.toLowerCase() === "m" && writes && online()) open.value = true;
    else return;
    event.preventDefault();
  };
  const inOrder = chosen.value === request.id || (first && !chosen.value);
  return html`<li>
    <article ref=${box} class="request-card" id=${name} data-id=${request.id} data-priority=${request.priority} data-dragged=${dragged.value?.id === request.id || undefined}
      tabIndex=${inOrder ? 0 : -1} aria-labelledby=${`${name}-subject`} aria-busy=${pending(`request ${request.id}`)} draggable=${writes && online()}
      onFocus=${() => (chosen.value = request.id)} onKeyDown=${keys}
      onDragStart=${(event) => {
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", request.number);
        dragged.value = request;
      }}
      onDragEnd=${() => (dragged.value = null)}>
      <div class="line"><span class="small quiet figures">${request.number}</span><${Priority} level=${request.priority} /></div>
      <a class="subject" id=${`${name}-subject`} href=${addressOf(request)} tabIndex=${inOrder ? 0 : -1} dir="auto">${request.subject}</a>
      <span class="small who-line"><bdi>${request.customer_name || t("request.customer_hidden")}</bdi></span>
      ${request.due_at !== null && html`<span class="small"><${Due} moment=${request.due_at} over=${DONE.includes(request.state)} /></span>`}
      <div class="line last">
        <span class="small quiet"><bdi>${whose(request)}</bdi></span>
        ${writes && html`<${Steps} request=${request} open=${open} />`}
      </div>
    </article>
  </li>`;
}

function Column({ state, column, count, more, first }) {
  const request = dragged.value;
  const may = request ? request.possible.includes(state) : null;
  const [over, setOver] = useState(false);
  const isFolded = folded.value.has(state);
  const fold = () => {
    const next = new Set(folded.value);
    if (!next.delete(state)) next.add(state);
    folded.value = next;
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    dragged.value = null;
    if (may) move(request, state);
  };
  const title = html`<${RequestState} state=${state} /><span class="chip figures" aria-label=${t("requests.count", { n: count ?? 0 })}>${count ?? "…"}</span>`;
  return html`<section class="column-of ${isFolded ? "folded" : ""}" data-request=${state} data-may=${may === null ? undefined : may} data-over=${(over && may) || undefined}
    aria-labelledby=${`column-${state}`}
    onDragOver=${(event) => {
      if (!may) return;
      event.preventDefault();
      setOver(true);
    }}
    onDragLeave=${(event) => event.currentTarget.contains(event.relatedTarget) || setOver(false)} onDrop=${drop}>
    <h2 id=${`column-${state}`}>
      <button type="button" class="column-head" aria-expanded=${!isFolded} onClick=${fold}>${title}<${Icon} name="down" size=${14} /></button>
    </h2>
    ${!isFolded &&
    html`<ol class="cards">
      ${(column?.items ?? []).map((each, place) => html`<${RequestCard} key=${each.id} request=${each} first=${first && place === 0} />`)}
    </ol>
    ${column && !column.items.length && html`<p class="quiet small none">${t("requests.none_here")}</p>`}
    ${column?.next && column.items.length < MOST && html`<button type="button" class="button plain block" onClick=${more}>${t("history.more")}</button>`}
    ${column?.next && column.items.length >= MOST && html`<button type="button" class="button plain block" onClick=${() => ((filters.value = { ...filters.value, state }), (view.value = "list"))}>${t("requests.rest_in_list")}</button>`}`}
  </section>`;
}

function Board() {
  const [found, setFound] = useState(null);
  const [trouble, setTrouble] = useState(false);
  const [limits, setLimits] = useState({});
  const shown = STATES.filter((state) => !folded.value.has(state));
  const wanted = JSON.stringify([asked(), sort.value, limits, shown]);
  const focused = useRef("");
  const settle = useRef(null);

  const ask = useRef({});
  ask.current = async () => {
    const pages = await Promise.all([
      get(`/api/requests/counts?${new URLSearchParams(asked())}`),
      ...shown.map((state) => get(`/api/requests?${question({ state, limit: limits[state] ?? STEP })}`)),
    ]);
    return { counts: pages[0].states, columns: Object.fromEntries(shown.map((state, place) => [state, pages[place + 1]])) };
  };
  const [load, again] = useMemo(() => {
    const reading = (take) => {
      const read = newest(() => ask.current(), (answer) => (take(answer), setTrouble(false)));
      return () => read().catch(() => setTrouble(true));
    };
    const inPlace = (before, columns) =>
      Object.fromEntries(Object.entries(columns).map(([state, column]) => [state, { ...column, items: steady(before?.columns[state]?.items ?? [], column.items) }]));
    return [
      reading(setFound),
      reading((answer) => {
        settle.current = underHand();
        setFound((before) => ({ ...answer, columns: inPlace(before, answer.columns) }));
      }),
    ];
  }, []);
  useEffect(() => {
    const waiting = setTimeout(load, PAUSE_MS);
    return () => clearTimeout(waiting);
  }, [wanted]);
  useEffect(() => {
    if (changedRequests.value) load();
  }, [changedRequests.value]);
  const cards = STATES.flatMap((state) => found?.columns[state]?.items ?? []);
  useNews((hint) => ofRows("request")(hint, cards), again, LIST_REST_MS);
  useLayoutEffect(() => {
    settle.current?.();
    settle.current = null;
  }, [found]);

  // A card that moves to another column is another element there: the focus goes along.
  const active = document.activeElement?.closest?.(".request-card")?.dataset.id;
  if (active) focused.current = active;
  else if (document.activeElement && document.activeElement !== document.body) focused.current = "";
  useLayoutEffect(() => {
    if (focused.current && document.activeElement === document.body) document.getElementById(`request-${focused.current}`)?.focus();
  });

  if (trouble && !found) return html`<${Card} title=${t("nav.requests")}><${Trouble} again=${load} /><//>`;
  if (!found) return html`<p class="empty" role="status">${t("history.loading")}</p>`;
  const total = Object.values(found.counts).reduce((sum, n) => sum + n, 0);
  if (!total && !isFiltered()) {
    return html`<${Card} title=${t("nav.requests")}><div class="empty"><p>${t("requests.empty")}</p></div><//>`;
  }
  const withCards = STATES.filter((state) => found.columns[state]?.items.length);
  const known = STATES.some((state) => found.columns[state]?.items.some(({ id }) => id === chosen.value));
  if (!known && chosen.value) chosen.value = "";
  return html`<div class="board" style=${{ gridTemplateColumns: STATES.map((state) => (folded.value.has(state) ? "3.25rem" : "minmax(0, 1fr)")).join(" ") }}>
      ${STATES.map(
        (state) => html`<${Column} key=${state} state=${state} column=${found.columns[state]} count=${found.counts[state]} first=${state === withCards[0]}
          more=${() => setLimits({ ...limits, [state]: Math.min(MOST, (limits[state] ?? STEP) + STEP) })} />`,
      )}
    </div>
    ${mayWrite() && html`<p class="small quiet">${t("requests.keys")}</p>`}`;
}

const row = signal("");

function List() {
  const { pages, more, again } = usePages("/api/requests", question(), { pause: PAUSE_MS, turn: changedRequests.value, concerns: ofRows("request") });
  const columns = [
    [t("request.number"), (one) => html`<a class="figures" href=${addressOf(one)}>${one.number}</a>`],
    [t("request.subject"), (one) => html`<strong dir="auto">${one.subject}</strong>`],
    [t("customer.title"), (one) => html`<bdi>${one.customer_name || "–"}</bdi>`],
    [t("request.state"), (one) => html`<${RequestState} state=${one.state} />`],
    [t("request.priority"), (one) => html`<${Priority} level=${one.priority} />`],
    [t("request.owner"), (one) => html`<bdi class="whole">${whose(one)}</bdi>`],
    [t("request.due"), (one) => html`<${Due} moment=${one.due_at} over=${DONE.includes(one.state)} />`],
    [t("request.updated"), (one) => html`<span class="figures">${momentOf(one.updated_at)}</span>`],
  ];
  if (pages.state === "trouble") return html`<${Card} title=${t("nav.requests")}><${Trouble} again=${again} /><//>`;
  const empty = pages.state === "loading" ? t("history.loading") : isFiltered() ? t("requests.none_fit") : t("requests.empty");
  return html`<${Card} title=${t(`sort.${sort.value}`)}>
    <${Table} label=${t("nav.requests")} columns=${columns} rows=${pages.items} keyOf=${(one) => one.id} empty=${empty}
      rowProps=${steered(row, (one) => one.id, (one) => ({ Enter: () => go(addressOf(one)) }))} />
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
  <//>`;
}

export function Requests() {
  usePeople();
  useRequestAddress();
  document.title = `${t("nav.requests")} · contactcenter`;
  const toggle = (name, icon) => html`<button type="button" class="segment" aria-pressed=${view.value === name} onClick=${() => (view.value = name)}>${t(`requests.${name}`)}</button>`;
  return html`<div class="page wide">
    <div class="page-title">
      <h1>${t("nav.requests")}</h1>
      <div class="page-actions">
        <div class="segments" role="group" aria-label=${t("requests.as")}>${toggle("board")}${toggle("list")}</div>
        ${mayWrite() && html`<${NewRequestButton} />`}
      </div>
    </div>
    <${Filters} />
    ${view.value === "board" ? html`<${Board} />` : html`<${List} />`}
  </div>`;
}
