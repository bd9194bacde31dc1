// The agent's desk: the day on the left, the call in the middle, the customer on the right.

import { CallCanvas } from "./call.js";
import { CustomerPanel } from "./customer.js";
import { html } from "./html.js";
import { myCall, myPop } from "./model.js";
import { t } from "./language.js";
import { useEffect } from "preact/hooks";
import { callerName } from "./caller.js";
import { face, faceWord } from "./model.js";
import { Roster } from "./roster.js";

function useTitle() {
  const shown = face.value;
  const caller = callerName(myPop.value, myCall.value);
  const title =
    shown === "reserved" ? t(myPop.value?.lead ? "preview.announce" : "title.ringing", { caller, campaign: myPop.value?.lead?.campaign_name }) : `${t(faceWord.value)} · contactcenter`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

export function Desk() {
  useTitle();
  return html`<div class="desk">
    <${Roster} />
    <div class="column canvas-column"><${CallCanvas} /></div>
    <${CustomerPanel} />
  </div>`;
}
