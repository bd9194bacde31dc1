// The left column: what is in hand, and how the day went.

import { signal } from "@preact/signals";

import { choosePhone, online, pending } from "./actions.js";
import { callerName } from "./caller.js";
import { Level, occupancyOf, timesOf } from "./figures.js";
import { lasting, share } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, titled } from "./language.js";
import { face, faceWord, figures, me, myCall, myPop, myself, queues } from "./model.js";
import { Card, queueTitle, Since } from "./parts.js";

const line = signal("");


function InHand() {
  const agent = myself.value;
  const working = agent?.interaction || agent?.call;
  return html`<${Card} title=${t("roster.in_hand")}>
    ${working
      ? html`<div class="work-item" data-state=${face.value}>
          <strong>${callerName(myPop.value, myCall.value)}</strong>
          <span class="small quiet">${queueTitle(myPop.value?.queue ?? myCall.value?.queue ?? "")}</span>
          <span class="small now"><span class="state" data-state=${face.value}><${Icon} name=${face.value} />${t(faceWord.value)}</span><${Since} since=${agent.since} /></span>
        </div>`
      : html`<p class="empty">${t("roster.nothing")}</p>`}
  <//>`;
}

function MyDay() {
  const agent = myself.value;
  const view = figures.value.get(`agent ${me.value.user}`);
  const counted = view?.today;
  const times = timesOf(agent, view);
  return html`<${Card} title=${t("roster.my_day")}>
    <div class="body">
      <dl class="facts">
        <dt>${t("roster.calls")}</dt>
        <dd class="figures">${counted?.taken ?? 0}</dd>
        <dt>${t("roster.talked")}</dt>
        <dd class="figures">${lasting(times.talking ?? 0)}</dd>
        <dt>${t("roster.wrapped")}</dt>
        <dd class="figures">${lasting(times.wrap_up ?? 0)}</dd>
        <dt>${t("figures.aht")}</dt>
        <dd class="figures">${counted?.aht_s ? lasting(counted.aht_s) : "–"}</dd>
        <dt>${t("roster.paused")}</dt>
        <dd class="figures">${lasting(times.paused ?? 0)}</dd>
        <dt>${t("figures.occupancy")}</dt>
        <dd class="figures">${share(occupancyOf(times))}</dd>
      </dl>
    </div>
  <//>`;
}

function Queues() {
  const mine = [...queues.value.values()];
  return html`<${Card} title=${t("roster.queues")}>
    ${mine.length
      ? mine.map(
          (queue) => html`<div class="body" key=${queue.name}>
            <dl class="facts">
              <dt><strong>${titled(queue.title, queue.name)}</strong></dt>
              <dd class="small">${queue.open ? t("queue.open") : t("queue.closed")}</dd>
              <dt>${t("queue.waiting_now")}</dt>
              <dd class="figures">${queue.waiting}</dd>
              <dt>${t("queue.longest")}</dt>
              <dd>${queue.longest_since ? html`<${Since} since=${queue.longest_since} />` : t("queue.nobody")}</dd>
              <dt>${t("figures.service_level")}</dt>
              <dd class="figures"><${Level} queue=${queue} /></dd>
              <dt>${t("queue.free")}</dt>
              <dd class="figures">${t("queue.of", { free: queue.available, all: queue.signed_in })}</dd>
            </dl>
          </div>`,
        )
      : html`<p class="empty">${t("queue.none")}</p>`}
  <//>`;
}

function Phone() {
  const agent = myself.value;
  const chosen = agent?.phone ?? "";
  const how = line.value || agent?.line || "ring";
  const off = !online() || !["offline", "paused", "available"].includes(face.value);
  return html`<${Card} title=${t("phone.title")}>
    <div class="body pair">
      <div class="field">
        <label for="phone">${t("phone.number")}</label>
        <select class="input" id="phone" value=${chosen} disabled=${off} aria-busy=${pending("phone")}
          onChange=${(event) => choosePhone(event.target.value, how)}>
          ${!me.value.phones.includes(chosen) && html`<option value=${chosen}>${chosen || t("phone.choose")}</option>`}
          ${me.value.phones.map((phone) => html`<option key=${phone} value=${phone}>${phone}</option>`)}
        </select>
      </div>
      <div class="field">
        <label for="line">${t("phone.line")}</label>
        <select class="input" id="line" value=${how} disabled=${off || !chosen} aria-busy=${pending("phone")}
          onChange=${(event) => {
            line.value = event.target.value;
            choosePhone(chosen, event.target.value);
          }}>
          <option value="ring">${t("phone.ring")}</option>
          <option value="persistent">${t("phone.persistent")}</option>
        </select>
      </div>
    </div>
  <//>`;
}

export function Roster() {
  return html`<aside class="column roster" aria-label=${t("roster.label")}>
    <${InHand} /><${MyDay} /><${Queues} /><${Phone} />
  </aside>`;
}
