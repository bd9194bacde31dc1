// The files of a customer or a request: sent, opened, taken away.

import { useState } from "preact/hooks";

import { act, online, pending } from "./actions.js";
import { remove } from "./api.js";
import { bytesOf, dateTimeOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { usePages } from "./list_pages.js";
import { may, me, toast } from "./model.js";
import { Dialog } from "./parts.js";
import { personName, usePeople } from "./people.js";
import { Table } from "./table.js";
import { FilePicker, Uploads, useUploads } from "./upload.js";

/** What the browser shows itself; everything else is saved. */
const SHOWN = ["application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp"];

function Remove({ file, closed, done }) {
  const name = `remove ${file.id}`;
  const run = async (close) => {
    if (!(await act(name, () => remove(`/api/attachments/${file.id}`)))) return;
    close();
    toast(t("attachments.removed", { name: file.name }));
    done(file.id);
  };
  return html`<${Dialog} key=${file.id} kind="ask-dialog" id="remove-file-title" title=${t("attachments.remove_title")} closed=${closed}>
    ${(close) => html`<p>${t("attachments.remove_text")} <bdi>${file.name}</bdi></p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick=${close}>${t("action.cancel")}</button>
        <button type="button" class="button danger" disabled=${!online()} aria-busy=${pending(name)} onClick=${() => run(close)}>${t("attachments.remove")}</button>
      </div>`}
  <//>`;
}

const nobody = () => {};

/** All files of `of`, `{customer}` or `{request}`; who `writes` sends new ones. `changed` runs when one came or went. */
export function Attachments({ of, writes, turn = 0, changed = nobody }) {
  const removes = writes && may("customers.write");
  usePeople();
  const path = of.request ? `/api/requests/${encodeURIComponent(of.request)}/attachments` : `/api/customers/${encodeURIComponent(of.customer)}/attachments`;
  const { pages, setPages, more, again } = usePages(path, "", { turn });
  const [removing, setRemoving] = useState(null);
  const change = (run) => setPages((before) => ({ ...before, items: run(before.items) }));
  const uploads = useUploads({
    pathOf: (file) => `${path}?${new URLSearchParams({ name: file.name })}`,
    most: me.value.attachment_bytes,
    sent: (file) => {
      toast(t("attachments.added", { name: file.name }));
      change((items) => [file, ...items]);
      changed();
    },
  });
  const columns = [
    [
      t("attachments.name"),
      (file) => {
        const shown = SHOWN.includes(file.media_type);
        const address = `/api/attachments/${file.id}/content${shown ? "?inline=true" : ""}`;
        return html`<a class="file-link" href=${address} target=${shown ? "_blank" : undefined} rel="noopener" download=${shown ? undefined : ""}><bdi>${file.name}</bdi></a>`;
      },
    ],
    [t("attachments.size"), (file) => bytesOf(file.bytes), true],
    [t("attachments.at"), (file) => html`<span class="figures">${dateTimeOf(file.created_at)}</span>`],
    [t("attachments.by"), (file) => html`<bdi>${personName(file.created_by)}</bdi>`],
    ...(removes
      ? [[t("attachments.remove"), (file) => html`<button type="button" class="button plain icon-only" disabled=${!online()} title=${t("attachments.remove")} aria-label=${t("attachments.remove_what", { name: file.name })} onClick=${() => setRemoving(file)}><${Icon} name="trash" /></button>`]]
      : []),
  ];
  return html`<div class="attachments stack">
    ${writes &&
    html`<${FilePicker} id=${`files-${of.request ?? of.customer}`} label=${t("attachments.add")} hint=${t("attachments.hint", { most: bytesOf(me.value.attachment_bytes) })} multiple onFiles=${uploads.add} />
      <${Uploads} uploads=${uploads} />`}
    ${pages.state === "trouble"
      ? html`<div class="empty" role="alert"><p>${t("error.load")}</p><button type="button" class="button" onClick=${again}>${t("action.again")}</button></div>`
      : html`<${Table} label=${t("attachments.label")} columns=${columns} rows=${pages.items} keyOf=${(file) => file.id} empty=${pages.state === "loading" ? t("history.loading") : t("attachments.none")} />`}
    ${pages.next && html`<div class="more"><button type="button" class="button" onClick=${more}>${t("history.more")}</button></div>`}
    ${removing && html`<${Remove} file=${removing} closed=${() => setRemoving(null)} done=${(id) => (change((items) => items.filter((each) => each.id !== id)), changed())} />`}
  </div>`;
}
