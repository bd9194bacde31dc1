// The right column: the customer's record, and what was between us before.

import { amount, momentOf } from "./format.js";
import { html } from "./html.js";
import { t, word } from "./language.js";
import { chosenCustomer, customer, myPop } from "./model.js";
import { Card, dispositionTitle, PhoneNumber, queueTitle } from "./parts.js";

function Record({ card, several }) {
  const rows = [
    ["customer.number", card.number && html`<span class="phone-number">${card.number}</span>`],
    ["customer.phones", card.phones.length > 0 && card.phones.map((phone) => html`<div key=${phone}><${PhoneNumber} number=${phone} /></div>`)],
    ["customer.company", card.company],
    ["customer.tier", card.tier && word("tier", card.tier)],
    ["customer.language", card.language && t(`language.${card.language}`)],
    ["customer.balance", card.balance !== "" && html`<span class="figures">${amount(card.balance)}</span>`],
  ].filter(([, value]) => value);
  return html`<div class="body">
    <div class="customer-name">
      <h3>${card.name}</h3>
      ${several && html`<button type="button" class="button plain" onClick=${() => (chosenCustomer.value = null)}>${t("customer.other")}</button>`}
    </div>
    <dl class="record">
      ${rows.map(([key, value]) => html`<dt key=${`${key}-t`}>${t(key)}</dt><dd key=${`${key}-d`}>${value}</dd>`)}
    </dl>
    ${card.note && html`<p class="note">${card.note}</p>`}
  </div>`;
}

function Matches({ cards }) {
  return html`<div class="body">
    <p class="quiet small">${t("customer.several", { n: cards.length })}</p>
    <div class="match-list" role="group" aria-label=${t("customer.choose")}>
      ${cards.map(
        (card) => html`<button key=${card.id} type="button" class="match" onClick=${() => (chosenCustomer.value = card.id)}>
          <strong>${card.name}</strong>
          <span class="small quiet">${card.company || card.number}</span>
        </button>`,
      )}
    </div>
  </div>`;
}

function Past({ card }) {
  return html`<${Card} title=${t("history.last")}>
    ${card.last.length === 0
      ? html`<p class="empty">${t("history.none")}</p>`
      : html`<ol class="past">
          ${card.last.map(
            (one) => html`<li key=${one.id}>
              <span class="line">
                <strong>${one.disposition ? dispositionTitle(one.disposition) : word("outcome", one.outcome)}</strong>
                <span class="small quiet figures">${momentOf(one.at)}</span>
              </span>
              <span class="small quiet">${[queueTitle(one.queue), one.agent].filter(Boolean).join(" · ")}</span>
              ${one.note && html`<span class="small">${one.note}</span>`}
            </li>`,
          )}
        </ol>`}
  <//>`;
}

export function CustomerPanel() {
  const pop = myPop.value;
  const card = customer.value;
  const several = pop?.customers.length > 1;
  return html`<aside class="column context" aria-label=${t("customer.title")}>
    <${Card} title=${t("customer.title")} aside=${pop && card && html`<span class="chip">${t(several ? "match.chosen" : `match.${pop.match}`)}</span>`}>
      ${card
        ? html`<${Record} card=${card} several=${several} />`
        : several
          ? html`<${Matches} cards=${pop.customers} />`
          : html`<p class="empty">${t(pop ? "customer.unknown" : "customer.nobody")}</p>`}
    <//>
    ${card && html`<${Past} card=${card} />`}
  </aside>`;
}
