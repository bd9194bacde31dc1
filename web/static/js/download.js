// Downloads: the browser itself takes the file while the server makes it, however long it is.

import { act } from "./actions.js";
import { call, Refusal } from "./api.js";
import { t } from "./language.js";

const WHY = { 403: "download.forbidden", 404: "download.gone", 409: "download.closed", 410: "download.gone", 422: "download.wrong" };

/** Take a file away. It is asked first whether it can be had: a refusal is said aloud, and no page is left for it. */
export const download = (path) =>
  act(`download ${path}`, async () => {
    try {
      await call("HEAD", path);
    } catch (refusal) {
      if (refusal.code === "offline") throw refusal;
      throw new Refusal(refusal.status, { detail: t(WHY[refusal.status] ?? "download.broken") }); // the answer to HEAD has no words
    }
    const anchor = document.createElement("a");
    anchor.href = path;
    anchor.download = "";
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
  });

/** The address of a list's export: the list's own filters, those that say something. */
export function exportPath(kind, filters) {
  const asked = Object.entries(filters).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return `/api/exports/${kind}?${new URLSearchParams(asked)}`;
}
