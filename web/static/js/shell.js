// What surrounds every page once one is signed in.

import { signal } from "@preact/signals";

import { chooseLanguage, online, pending, setState, signOut } from "./actions.js";
import { beat } from "./clock.js";
import { Conflicts } from "./conflict.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { language, t, titled } from "./language.js";
import {
  dismiss, face, faceWord, helpOpen, isAgent, link, me, myself, queues, statusMenuOpen, toasts,
} from "./model.js";
import { Menu, reasonTitle, Since } from "./parts.js";
import { Reminders } from "./reminders.js";
import { Solving } from "./request_parts.js";
import { Rail, Room } from "./rooms.js";
import { Search } from "./search.js";
import { Help } from "./shortcuts.js";
import { ListenBar, Messages, Monitored } from "./supervision.js";
import { isDark, switchTheme, theme } from "./theme.js";

const AMBER_S = 2;
const RED_S = 10;

const userMenuOpen = signal(false);

function Status() {
  const agent = myself.value;
  const shown = face.value;
  const choose = (state, reason) => () => {
    statusMenuOpen.value = false;
    setState(state, reason);
  };
  const busy = ["reserved", "talking", "held", "wrap_up"].includes(shown);
  const button = html`<button type="button" class="button status-button" data-state=${shown} aria-haspopup="true"
    aria-expanded=${statusMenuOpen.value} disabled=${!online()} aria-busy=${pending("state")}
    onClick=${() => (statusMenuOpen.value = !statusMenuOpen.value)}>
    <${Icon} name=${shown} />
    <span>${agent?.reason ? reasonTitle(agent.reason) : t(faceWord.value)}</span>
    ${agent && html`<${Since} since=${agent.since} />`}
    <${Icon} name="down" size=${14} />
  </button>`;
  return html`<${Menu} open=${statusMenuOpen} button=${button} label=${t("status.menu")}>
    ${busy && html`<p class="menu-title">${t("status.afterwards")}</p>`}
    <button type="button" class="menu-item" data-state="available" onClick=${choose("available", "")}>
      <span class="state"><${Icon} name="available" /></span>${t("state.available")}
    </button>
    <div class="menu-line"></div>
    <p class="menu-title">${t("status.pause")}</p>
    ${me.value.pause_reasons.map(
      (reason) => html`<button key=${reason.code} type="button" class="menu-item" data-state="paused"
        onClick=${choose("paused", reason.code)}>
        <span class="state"><${Icon} name="paused" /></span>${titled(reason.title, reason.code)}
      </button>`,
    )}
    <div class="menu-line"></div>
    <button type="button" class="menu-item" data-state="offline" onClick=${choose("offline", "")}>
      <span class="state"><${Icon} name="offline" /></span>${t("state.offline")}
    </button>
  <//>`;
}

function QueueChips() {
  return html`<div class="queue-chips">
    ${[...queues.value.values()].map(
      (queue) => html`<span key=${queue.name} class="chip ${queue.waiting ? "urgent" : ""}">
        <span>${titled(queue.title, queue.name)}</span>
        <strong class="figures">${t("queue.waiting", { n: queue.waiting })}</strong>
        ${queue.longest_since && html`<${Since} since=${queue.longest_since} />`}
      </span>`,
    )}
  </div>`;
}

function LinkState() {
  const { up } = link.value;
  return html`<span class="chip" role="status">
    <span class="dot ${up ? "good" : "bad"}"></span>
    <span class="link-word">${up ? t("link.up") : t("link.down")}</span>
  </span>`;
}

function UserMenu() {
  const item = (run) => () => {
    userMenuOpen.value = false;
    run();
  };
  const button = html`<button type="button" class="button plain" aria-haspopup="true" aria-expanded=${userMenuOpen.value}
    aria-label=${t("user.menu", { name: me.value.name })} onClick=${() => (userMenuOpen.value = !userMenuOpen.value)}>
    <${Icon} name="user" /><span class="link-word">${me.value.name}</span><${Icon} name="down" size=${14} />
  </button>`;
  return html`<${Menu} open=${userMenuOpen} button=${button} label=${t("user.menu", { name: me.value.name })} end>
    <p class="menu-title">${t("user.number", { login: me.value.user })} · ${titled(me.value.role_title, me.value.role)}</p>
    <button type="button" class="menu-item" onClick=${item(() => (helpOpen.value = true))}>
      ${t("help.title")}<kbd>?</kbd>
    </button>
    <button type="button" class="menu-item" onClick=${item(signOut)}>${t("user.sign_out")}</button>
  <//>`;
}

function Header() {
  void theme.value;
  const other = language.value === "zh" ? "en" : "zh";
  return html`<header class="header">
    <a class="logo" href="/" aria-label="contactcenter">
      <img src=${document.querySelector("link[rel=icon]").href} alt="" width="24" height="24" />
    </a>
    ${isAgent.value && html`<${Status} />`}
    <${Search} />
    ${isAgent.value && html`<${QueueChips} /><${Monitored} />`}
    <span class="spacer"></span>
    <${LinkState} />
    <button type="button" class="button plain" lang=${other === "zh" ? "zh-CN" : "en"}
      onClick=${() => chooseLanguage(other)}>${t("language.other")}</button>
    <button type="button" class="button plain icon-only" aria-label=${isDark() ? t("theme.light") : t("theme.dark")}
      onClick=${() => switchTheme(isDark() ? "light" : "dark")}>
      <${Icon} name=${isDark() ? "sun" : "moon"} />
    </button>
    <${UserMenu} />
  </header>`;
}

function Banner() {
  void beat.value;
  const down = link.value.up ? 0 : Date.now() / 1000 - link.value.since;
  const severe = down > RED_S;
  return html`<div class="banner-place" role="alert">
    ${down > AMBER_S &&
    html`<div class="banner ${severe ? "red" : "amber"}">
      <${Icon} name="warning" /><span>${t(severe ? "link.lost_long" : "link.lost")}</span>
    </div>`}
  </div>`;
}

function Footer() {
  const agent = myself.value;
  const { latency } = link.value;
  const phone = agent?.phone;
  const registered = agent?.reachable;
  return html`<footer class="footer">
    ${isAgent.value &&
    html`<span>
      <span class="dot ${phone && registered ? "good" : phone && registered === null ? "warn" : "bad"}"></span>
      ${!phone
        ? t("phone.none")
        : registered === false
          ? t("phone.unreachable", { phone })
          : registered === null
            ? t("phone.unknown", { phone })
            : t("phone.ready", { phone })}
    </span>`}
    <span class="figures">${latency === null ? t("link.no_latency") : t("link.latency", { ms: latency })}</span>
    <span class="spacer"></span>
    <span>contactcenter ${me.value.version}</span>
  </footer>`;
}

function Toasts() {
  return html`<div class="toasts" role="status">
    ${toasts.value.map(
      ({ id, text, action }) => html`<div key=${id} class="toast">
        <span>${text}</span>
        ${action
          ? html`<button type="button" class="button" onClick=${() => (dismiss(id), action.run())}>${action.label}</button>`
          : html`<button type="button" class="button icon-only" aria-label=${t("action.close")} onClick=${() => dismiss(id)}>
              <${Icon} name="close" />
            </button>`}
      </div>`,
    )}
  </div>`;
}

export function Shell() {
  return html`<div class="shell" data-face=${face.value} data-link=${link.value.up ? "up" : "down"}>
    <${Header} />
    <${Rail} />
    <${Banner} />
    <main><${Room} /></main>
    <div class="bottom">${!isAgent.value && html`<${ListenBar} />`}<${Footer} /></div>
    <div class="corner">${isAgent.value && html`<${Messages} />`}<${Reminders} /></div>
    <${Toasts} />
    <${Help} />
    <${Solving} />
    <${Conflicts} />
  </div>`;
}

