// Files: chosen or dropped, sent with what is on its way shown, refused in words.

import { useRef, useState } from "preact/hooks";

import { online } from "./actions.js";
import { Refusal } from "./api.js";
import { bytesOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t } from "./language.js";
import { me } from "./model.js";
import { Progress } from "./progress.js";
import { inPageWords } from "./reasons.js";

/** Send a file as it is; `onProgress` hears how many bytes are out. Throws a `Refusal`; of one that `signal` breaks
 * off, the code is `aborted`. (Not by `fetch`: it does not say how far a body is.) */
export function sendFile(path, file, { onProgress = () => {}, signal = null } = {}) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    const fail = (status, problem) => failed(new Refusal(status, problem));
    request.open("POST", path);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", me.value.csrf);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onerror = () => fail(0, { code: "offline" });
    request.onabort = () => fail(0, { code: "aborted" });
    request.onload = () => {
      let found = {};
      try {
        found = JSON.parse(request.responseText);
      } catch {
        // a proxy's own words: the status is all that is known
      }
      if (request.status >= 200 && request.status < 300) done(found);
      else fail(request.status, found);
    };
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

/** Why a file was refused, in words. */
export function whyRefused(refusal, most) {
  if (refusal.code === "offline") return t("error.offline");
  if (refusal.code === "too_large") return t("upload.too_large", { most: bytesOf(most) });
  return refusal.message ? inPageWords(refusal.message).text : t("upload.unknown");
}

/** A place to drop files on, with a button that chooses them. */
export function FilePicker({ id, label, hint = "", accept = "", multiple = false, disabled = false, onFiles }) {
  const [over, setOver] = useState(false);
  const depth = useRef(0); // a drag leaves a part of the place while it enters another
  const off = disabled || !online();
  const enter = (by) => (event) => {
    if (off || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    depth.current += by;
    setOver(depth.current > 0);
  };
  const drop = (event) => {
    event.preventDefault();
    depth.current = 0;
    setOver(false);
    if (!off && event.dataTransfer.files.length) onFiles([...event.dataTransfer.files].slice(0, multiple ? undefined : 1));
  };
  const choose = (event) => {
    onFiles([...event.target.files]);
    event.target.value = ""; // the same file can be chosen again
  };
  return html`<div class="file-picker ${over ? "over" : ""}" onDragEnter=${enter(1)} onDragLeave=${enter(-1)} onDragOver=${enter(0)} onDrop=${drop}>
    <${Icon} name="upload" size=${24} />
    <div class="file-words">
      <label class="button" for=${id} aria-disabled=${off}>${label}</label>
      <input class="unseen" type="file" id=${id} accept=${accept} multiple=${multiple} disabled=${off} onChange=${choose} aria-describedby=${hint ? `${id}-hint` : undefined} />
      <span class="quiet small">${t("upload.or_drop")}</span>
    </div>
    ${hint && html`<p class="small quiet" id=${`${id}-hint`}>${hint}</p>`}
  </div>`;
}

let next = 1;

/** Sends files one after the other; `pathOf` gives the address of each, `sent` gets the answers. */
export function useUploads({ pathOf, most, sent }) {
  const [items, setItems] = useState([]);
  const queue = useRef(Promise.resolve());
  const change = (id, more) => setItems((all) => all.map((each) => (each.id === id ? { ...each, ...more } : each)));
  const dismiss = (id) => setItems((all) => all.filter((each) => each.id !== id));

  const send = async (item) => {
    if (item.abort.signal.aborted) return;
    change(item.id, { state: "sending" });
    try {
      const options = { onProgress: (out) => change(item.id, { out }), signal: item.abort.signal };
      const found = await sendFile(pathOf(item.file), item.file, options);
      dismiss(item.id);
      sent(found);
    } catch (refusal) {
      if (refusal.code === "aborted") dismiss(item.id);
      else change(item.id, { state: "refused", why: whyRefused(refusal, most) });
    }
  };
  const add = (files) => {
    for (const file of files) {
      const item = { id: next++, file, out: 0, state: "waiting", why: "", abort: new AbortController() };
      // What can't be taken is not sent for minutes first.
      if (file.size > most) Object.assign(item, { state: "refused", why: t("upload.too_large", { most: bytesOf(most) }) });
      else if (!file.size) Object.assign(item, { state: "refused", why: t("because.file_empty") });
      setItems((all) => [...all, item]);
      if (item.state === "waiting") queue.current = queue.current.then(() => send(item));
    }
  };
  const cancel = (item) => {
    item.abort.abort();
    dismiss(item.id);
  };
  return { items, add, cancel, dismiss };
}

/** What is being sent, and what was refused and why. */
export function Uploads({ uploads }) {
  return html`<ul class="uploads" aria-live="polite">
    ${uploads.items.map(
      (item) => html`<li key=${item.id} class="upload" data-upload=${item.state}>
        <div class="upload-head">
          <span class="file-name"><bdi>${item.file.name}</bdi> <span class="quiet small figures">${bytesOf(item.file.size)}</span></span>
          ${item.state === "refused"
            ? html`<button type="button" class="button plain icon-only" aria-label=${t("upload.dismiss", { name: item.file.name })} onClick=${() => uploads.dismiss(item.id)}><${Icon} name="close" /></button>`
            : html`<button type="button" class="button" aria-label=${t("upload.cancel_of", { name: item.file.name })} onClick=${() => uploads.cancel(item)}>${t("upload.cancel")}</button>`}
        </div>
        ${item.state === "refused"
          ? html`<p class="error-text upload-why" role="alert"><${Icon} name="warning" size=${16} /><span>${item.why}</span></p>`
          : html`<${Progress} done=${item.out} of=${item.file.size} label=${t("upload.sending", { name: item.file.name })} words=${item.state === "waiting" ? t("upload.waiting") : item.out >= item.file.size ? t("upload.looking") : ""} />`}
      </li>`,
    )}
  </ul>`;
}
