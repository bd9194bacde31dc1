// What a list shows, as a file.

import { online, pending } from "./actions.js";
import { download, exportPath } from "./download.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { language, t } from "./language.js";

/** Takes away the list of this kind as its filters leave it, in each of the formats. */
export function ExportButtons({ kind, filters }) {
  return html`<span class="actions">
    ${["xlsx", "csv"].map((format) => {
      const path = exportPath(kind, { ...filters, format, language: language.value });
      return html`<button key=${format} type="button" class="button" disabled=${!online()} aria-busy=${pending(`download ${path}`)} onClick=${() => download(path)}><${Icon} name="download" />${t(`exports.${format}`)}</button>`;
    })}
  </span>`;
}
