// What was wrong with what a form sent, in the words of this page where it knows them.

import { html } from "./html.js";
import { Icon } from "./icons.js";
import { language, t } from "./language.js";
import { inPageWords } from "./reasons.js";

const KNOWN = {
  several_matches: "refused.several_matches",
  not_found: "refused.gone",
  forbidden: "refused.forbidden",
  hidden: "refused.hidden",
  changed_meanwhile: "refused.changed",
  beyond_you: "refused.beyond",
};

/** For what has no words here: what its status means. What is wrong with a field is said as it came. */
const BY_STATUS = { 403: "refused.forbidden", 404: "refused.gone", 409: "refused.now", 410: "refused.gone", 500: "because.server_fault", 503: "because.no_answer" };

/** `{text, lang}`: what this page has no words for is said in the server's, which are English. */
export function inWords(refusal) {
  if (refusal.code === "offline" || refusal.status === 0) return { text: t("error.offline") };
  if (KNOWN[refusal.code]) return { text: t(KNOWN[refusal.code]) };
  const said = inPageWords(refusal.message);
  return said.lang && said.lang !== language.value && refusal.status in BY_STATUS ? { text: t(BY_STATUS[refusal.status]) } : said;
}

/** What is said aloud of it. */
export const sentence = (refusal) => (refusal.status ? t("error.refused", { detail: inWords(refusal).text }) : t("error.offline"));

export function Refused({ refusal, id }) {
  const said = refusal && inWords(refusal);
  return html`<div id=${id} class="wrong" role="alert">
    ${said && html`<p class="error-text" lang=${said.lang}><${Icon} name="warning" size=${14} />${said.text}</p>`}
  </div>`;
}
