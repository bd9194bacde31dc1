// How far long work is.

import { whole } from "./format.js";
import { html } from "./html.js";
import { t } from "./language.js";

/** `done` of `of`, as a bar and in words; `words` instead of the figures. What has no end yet (`of` 0) just moves. */
export function Progress({ done, of, label, words = "" }) {
  const share = of ? Math.min(1, done / of) : null;
  return html`<div class="progress-row">
    <progress class="progress" aria-label=${label} max="1" value=${share === null ? undefined : share}></progress>
    <span class="small quiet figures">${words || (share === null ? "" : t("progress.share", { share: whole(Math.floor(share * 100)) }))}</span>
  </div>`;
}
