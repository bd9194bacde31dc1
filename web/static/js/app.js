// The entry: finds out who is here, then shows the page of this address.

import { render } from "preact";

import { html } from "./html.js";
import { startClock } from "./clock.js";
import { connect } from "./link.js";
import { language, switchLanguage } from "./language.js";
import { loadMe, me, route, startRouting } from "./model.js";
import { startShortcuts } from "./shortcuts.js";
import { Shell } from "./shell.js";
import { SignIn } from "./sign_in.js";

function App() {
  if (route.value.name === "sign-in") return html`<${SignIn} />`;
  return me.value ? html`<${Shell} />` : null;
}

startRouting();
startClock();
startShortcuts();
render(html`<${App} />`, document.body);

if (route.value.name !== "sign-in") {
  await loadMe();
  if (me.value?.language && me.value.language !== language.value) switchLanguage(me.value.language);
  if (me.value) connect();
}
