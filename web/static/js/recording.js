// Whether the talk is recorded, always in sight, and the way to leave a card number out of it.

import { online, pauseRecording, pending } from "./actions.js";
import { html } from "./html.js";
import { t } from "./language.js";
import { myCall } from "./model.js";

/** Paused is what the center has confirmed, not what was pressed. */
export function RecordingNow({ call = myCall.value }) {
  const shown = call?.recording;
  if (!shown) return null;
  const paused = shown === "paused";
  return html`<span class="recording-now" data-recording=${shown} role="status">${t(`recording_now.${shown}`)}</span>
    ${shown !== "failed" &&
    html`<button key="pause-recording" type="button" class="button" disabled=${!online()} aria-busy=${pending("recording")} onClick=${() => pauseRecording(call.id, !paused)}>
      ${t(paused ? "action.resume_recording" : "action.pause_recording")}
    </button>`}`;
}
