// What was wrong with what a form sent, in the words of this page where it knows them.

import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { inPageWords } from "./reasons.js";

const KNOWN = {
  several_matches: "refused.several_matches",
  not_found: "refused.gone",
  forbidden: "refused.forbidden",
  hidden: "refused.hidden",
};

/** `{text, lang}`: what this page has no words for is said in the server's, which are English. */
export function inWords(refusal) {
  if (refusal.code === "offline" || refusal.status === 0) return { text: t("error.offline") };
  if (KNOWN[refusal.code]) return { text: t(KNOWN[refusal.code]) };
  return inPageWords(refusal.message);
}

export function Refused({ refusal, id }) {
  const said = refusal && inWords(refusal);
  return html`<div id=${id} class="wrong" role="alert">
    ${said && html`<p class="error-text" lang=${said.lang}><${Icon} name="warning" size=${14} />${said.text}</p>`}
  </div>`;
}
