// The interactions that belong to a request or a follow-up.

import { useEffect, useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { get, post, remove } from "./api.js";
import { momentOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { myself } from "./model.js";
import { Card, queueTitle } from "./parts.js";
import { personName } from "./people.js";

/** `path` is where the links are; `writes`: they can be made and taken apart; `again` grows when they may be others. */
export function LinkedInteractions({ path, writes = false, again = 0, changed = () => {} }) {
  const [found, setFound] = useState({ items: [], state: "loading" });
  const load = async () => {
    try {
      setFound({ items: (await get(`${path}?limit=100`)).items, state: "here" });
    } catch {
      setFound((before) => ({ ...before, state: "trouble" }));
    }
  };
  useEffect(() => {
    load();
  }, [path, again]);
  const done = () => {
    load();
    changed();
  };
  const mine = myself.value?.interaction;
  const linkMine = async () => (await act("link", () => post(path, { interaction: mine }))) && done();
  const part = async (one) => (await act(`unlink ${one.interaction}`, () => remove(`${path}/${encodeURIComponent(one.interaction)}`))) && done();
  const can = writes && mine && !found.items.some(({ interaction }) => interaction === mine);
  const aside = can && html`<button type="button" class="button small-button" disabled=${!online()} aria-busy=${pending("link")} onClick=${linkMine}><${Icon} name="link" size=${16} />${t("linked.add_mine")}</button>`;
  return html`<${Card} title=${t("linked.title")} aside=${aside}>
    ${found.state === "trouble"
      ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${load}>${t("action.again")}</button></div>`
      : !found.items.length
        ? html`<p class="empty">${t(found.state === "loading" ? "history.loading" : "linked.none")}</p>`
        : html`<ul class="past">
            ${found.items.map(
              (one) => html`<li key=${one.interaction}>
                <span class="line">
                  <a href=${`/history/${encodeURIComponent(one.interaction)}`}>${word("channel", one.channel)} · ${one.outcome ? word("outcome", one.outcome) : t("history.open")}</a>
                  <span class="small quiet figures">${momentOf(one.arrived_at)}</span>
                </span>
                <span class="line">
                  <span class="small quiet">${[queueTitle(one.queue), one.agent && personName(one.agent)].filter(Boolean).join(" · ")}</span>
                  ${writes && html`<button type="button" class="button plain tiny" disabled=${!online()} aria-label=${t("linked.remove_of", { at: momentOf(one.arrived_at) })} onClick=${() => part(one)}>${t("linked.remove")}</button>`}
                </span>
              </li>`,
            )}
          </ul>`}
  <//>`;
}
