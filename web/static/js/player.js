// Recordings of an interaction: heard in the page, with both sides drawn and pauses marked.

import { useMemo, useRef, useState } from "preact/hooks";

import { clock, lasting, timeOf } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { t, word } from "./language.js";
import { Card } from "./parts.js";

const STEP_S = 5;
const SPEEDS = [1, 1.5, 2];
const WIDTH = 800;
const LANE = 44;

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** One side's picture: a closed line around its middle. */
function outline(peaks, middle) {
  if (!peaks.length) return "";
  const step = WIDTH / peaks.length;
  const points = [...peaks].map((peak, place) => [((place + 0.5) * step).toFixed(1), Math.max(0.6, (peak / 255) * (LANE / 2 - 3))]);
  const above = points.map(([x, y]) => `${x} ${(middle - y).toFixed(1)}`);
  const below = points.map(([x, y]) => `${x} ${(middle + y).toFixed(1)}`).reverse();
  return `M0 ${middle}L${above.join("L")}L${WIDTH} ${middle}L${below.join("L")}Z`;
}

function Lanes({ recording, at }) {
  const paths = useMemo(() => recording.peaks.map((side, lane) => outline(bytesOf(side), LANE * (lane + 0.5))), [recording.id]);
  const x = (seconds) => (recording.duration_s ? (Math.min(seconds, recording.duration_s) / recording.duration_s) * WIDTH : 0);
  const clip = `heard-${recording.id}`;
  return html`<svg viewBox=${`0 0 ${WIDTH} ${2 * LANE}`} preserveAspectRatio="none" aria-hidden="true">
    <clipPath id=${clip}><rect x="0" y="0" width=${x(at)} height=${2 * LANE} /></clipPath>
    <line class="between" x1="0" x2=${WIDTH} y1=${LANE} y2=${LANE} />
    ${["customer", "agent"].map((side, lane) => html`<path key=${side} class=${side} d=${paths[lane]} />`)}
    ${["customer", "agent"].map((side, lane) => html`<path key=${`${side}-heard`} class=${`${side} heard`} clip-path=${`url(#${clip})`} d=${paths[lane]} />`)}
    ${recording.silences.map(
      (span) => html`<rect key=${span.begin_s} class="silence" x=${x(span.begin_s)} y="0" height=${2 * LANE}
        width=${Math.max(2, x(span.end_s ?? recording.duration_s) - x(span.begin_s))} />`,
    )}
    <line class="needle" x1=${x(at)} x2=${x(at)} y1="0" y2=${2 * LANE} />
  </svg>`;
}

function Player({ recording }) {
  const audio = useRef(null);
  const [state, setState] = useState({ at: 0, playing: false, trouble: false, speed: 1 });
  const note = (change) => setState((before) => ({ ...before, ...change }));
  const seek = (seconds) => {
    const to = Math.max(0, Math.min(recording.duration_s, seconds));
    audio.current.currentTime = to;
    note({ at: to });
  };
  const toggle = () => (audio.current.paused ? audio.current.play().catch(() => note({ trouble: true })) : audio.current.pause());
  const keys = (event) => {
    const step = { ArrowLeft: -STEP_S, ArrowRight: STEP_S }[event.key];
    if (step) seek(audio.current.currentTime + step);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(recording.duration_s);
    else if (event.key === " ") toggle();
    else return;
    event.preventDefault();
  };
  const point = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * recording.duration_s);
  };
  const next = () => {
    const speed = SPEEDS[(SPEEDS.indexOf(state.speed) + 1) % SPEEDS.length];
    audio.current.playbackRate = speed;
    note({ speed });
  };
  return html`<div class="player">
    <audio ref=${audio} preload="none" src=${`/api/recordings/${encodeURIComponent(recording.id)}/audio`}
      onTimeUpdate=${() => note({ at: audio.current.currentTime })} onPlay=${() => note({ playing: true, trouble: false })}
      onPause=${() => note({ playing: false })} onEnded=${() => note({ playing: false })} onError=${() => note({ trouble: true, playing: false })} />
    <div class="lanes">
      <div class="sides small quiet" aria-hidden="true"><span>${t("recording.customer")}</span><span>${t("recording.agent")}</span></div>
      <div class="wave" role="slider" tabindex="0" aria-label=${t("recording.position")} aria-valuemin="0" aria-valuemax=${Math.round(recording.duration_s)}
        aria-valuenow=${Math.round(state.at)} aria-valuetext=${`${clock(state.at)} / ${clock(recording.duration_s)}`} onKeyDown=${keys} onPointerDown=${point}>
        <${Lanes} recording=${recording} at=${state.at} />
      </div>
    </div>
    <div class="keys-row">
      <button type="button" class="button primary" onClick=${toggle}>
        <${Icon} name=${state.playing ? "held" : "play"} />${t(state.playing ? "recording.stop" : "recording.play")}
      </button>
      <span class="figures">${clock(state.at)} / ${clock(recording.duration_s)}</span>
      <button type="button" class="button plain" onClick=${next}>${t("recording.speed", { n: state.speed })}</button>
      ${state.trouble && html`<span class="trouble" role="alert">${t("recording.trouble")}</span>`}
    </div>
    ${recording.silences.length > 0 &&
    html`<ul class="silences small quiet">
      ${recording.silences.map(
        (span) => html`<li key=${span.begin_s}><i aria-hidden="true"></i>${t("recording.silence", {
          from: clock(span.begin_s),
          to: clock(span.end_s ?? recording.duration_s),
          by: span.by,
        })}</li>`,
      )}
    </ul>`}
  </div>`;
}

/** Why there is nothing to hear, in words; a reason that this page does not know is named as it is. */
const missing = (recording) =>
  recording.why ? t("recording.because", { reason: word("recording_why", recording.why) }) : word("recording_state", recording.state);

function One({ recording, several }) {
  const head = [several && t("recording.part", { n: recording.part }), recording.kind === "message" ? t("recording.message") : recording.agent || recording.number, timeOf(recording.started_at), recording.duration_s > 0 && lasting(recording.duration_s)];
  return html`<article class="recording" data-recording=${recording.state}>
    <header>
      <h3>${head.filter(Boolean).join(" · ")}</h3>
      <span class="chip">${word("recording_state", recording.state)}</span>
    </header>
    ${recording.playable && html`<${Player} recording=${recording} />`}
    ${(!recording.playable || recording.why) && html`<p class="small quiet">${missing(recording)}</p>`}
  </article>`;
}

export function Recordings({ recordings }) {
  if (!recordings.length) return null;
  return html`<${Card} title=${t("recording.title")}>
    <div class="body recordings">
      ${recordings.map((recording) => html`<${One} key=${recording.id} recording=${recording} several=${recordings.length > 1} />`)}
    </div>
  <//>`;
}
