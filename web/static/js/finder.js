// A box in which something is found while one types: a list under it, by the arrow keys or the mouse.

import { useEffect, useRef, useState } from "preact/hooks";

import { get } from "./api.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";

const PAUSE_MS = 120;
const ICONS = { customer: "customers", request: "requests", followup: "followups" };
const NOTHING = { of: "", hits: [], more: false, refusal: null };

/** What was asked for last, with what was found: an answer to an older question is thrown away. */
function useFound(text, kind) {
  const [found, setFound] = useState(NOTHING);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const asked = text.trim();
    if (!asked) {
      setFound(NOTHING);
      return undefined;
    }
    let late = false;
    const waiting = setTimeout(async () => {
      const query = new URLSearchParams({ q: asked, limit: 12, ...(kind ? { kind } : {}) });
      try {
        const { hits, more } = await get(`/api/search?${query}`);
        if (!late) setFound({ of: asked, hits, more, refusal: null });
      } catch (refusal) {
        if (!late) setFound({ of: asked, hits: [], more: false, refusal });
      }
    }, PAUSE_MS);
    return () => {
      late = true;
      clearTimeout(waiting);
    };
  }, [text, kind, tries]);
  return [found, () => setTries(tries + 1)];
}

function Hit({ hit }) {
  const excerpt = hit.excerpt !== hit.title && !hit.detail.includes(hit.excerpt) && hit.excerpt;
  return html`<span class="hit">
    <${Icon} name=${ICONS[hit.kind]} size=${18} />
    <span class="hit-text">
      <span class="hit-title"><bdi>${hit.title}</bdi>${hit.number && html` <bdi class="quiet phone-number">${hit.number}</bdi>`}</span>
      ${hit.detail && html`<span class="small quiet"><bdi>${hit.kind === "customer" ? hit.detail : word(`${hit.kind}_state`, hit.detail)}</bdi></span>`}
      ${excerpt && html`<span class="small quiet excerpt">${word("search_field", hit.field)}: <bdi>${excerpt}</bdi></span>`}
    </span>
    <span class="unseen">${t(`search.kind.${hit.kind}`)}</span>
  </span>`;
}

/** `choose` gets the hit; `keep`: what was typed stays when something was chosen. `more` is a last entry `{title,
 * run(text)}`, for what is not there yet. */
export function Finder({ id, label, placeholder, kind = "", choose, except = "", more = null, autofocus = false, describedBy }) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const [found, again] = useFound(text, kind);
  const box = useRef(null);
  const input = useRef(null);
  const fresh = found.of === text.trim();
  const hits = found.hits.filter((hit) => hit.id !== except);
  const entries = [...hits.map((hit) => ({ hit, run: () => choose(hit) })), ...(more ? [{ run: () => more.run(text.trim()) }] : [])];
  const shown = open && text.trim() !== "";
  const current = Math.min(at, entries.length - 1);

  useEffect(() => {
    if (autofocus) input.current.focus();
  }, []);
  useEffect(() => {
    box.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [current, found]);

  const take = (entry) => {
    setOpen(false);
    setText("");
    entry.run();
  };
  const keys = (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && (shown || text)) {
      event.preventDefault();
      event.stopPropagation();
      if (shown) setOpen(false);
      else setText("");
    } else if (step && entries.length) {
      event.preventDefault();
      setOpen(true);
      setAt((current + step + entries.length) % entries.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (shown && fresh && entries[current]) take(entries[current]);
    }
  };
  const typed = (event) => {
    setText(event.target.value);
    setAt(0);
    setOpen(true);
  };
  const left = (event) => {
    if (!box.current?.contains(event.relatedTarget)) setOpen(false);
  };
  const says = !fresh
    ? t("search.looking")
    : found.refusal
      ? t(found.refusal.code === "nothing_to_find" ? "search.too_short" : found.refusal.code === "too_long" ? "search.too_long" : "error.load")
      : hits.length
        ? found.more
          ? t("search.more")
          : ""
        : t("search.nothing");
  return html`<div class="finder" ref=${box} onFocusOut=${left} data-found=${found.of}>
    <span class="finder-icon"><${Icon} name="search" size=${16} /></span>
    <input ref=${input} class="input" id=${id} type="text" role="combobox" autofocus=${autofocus} aria-label=${label} aria-expanded=${shown} aria-controls=${`${id}-list`}
      aria-autocomplete="list" aria-activedescendant=${shown && entries[current] ? `${id}-${current}` : undefined} aria-describedby=${describedBy}
      dir="auto" maxlength="200" autocomplete="off" spellcheck="false" placeholder=${placeholder} value=${text}
      onInput=${typed} onKeyDown=${keys} onFocus=${() => setOpen(true)} />
    ${shown &&
    html`<div class="finder-list">
      <ul role="listbox" id=${`${id}-list`} aria-label=${label}>
        ${entries.map(
          (entry, place) => html`<li key=${entry.hit ? `${entry.hit.kind} ${entry.hit.id}` : "more"} id=${`${id}-${place}`} role="option" aria-selected=${place === current}
            onPointerMove=${() => setAt(place)} onMouseDown=${(event) => event.preventDefault()} onClick=${() => take(entry)}>
            ${entry.hit ? html`<${Hit} hit=${entry.hit} />` : html`<span class="hit"><${Icon} name="plus" size=${18} /><span class="hit-text">${more.title}</span></span>`}
          </li>`,
        )}
      </ul>
      <p class="finder-says small quiet" role="status">${says}</p>
      ${found.refusal && !["nothing_to_find", "too_long"].includes(found.refusal.code) && html`<button type="button" class="button block" onClick=${again}>${t("action.again")}</button>`}
    </div>`}
  </div>`;
}
