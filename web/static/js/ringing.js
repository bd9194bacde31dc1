// The offer, audible: two soft tones a second, until it is answered or gone. Browsers allow sound only after the
// first click or key on the page; before that, it stays silent.

const TONES_HZ = [660, 880];
const TONE_S = 0.16;
const EVERY_MS = 2000;

let context = null;

/** The two tones, once; nothing before the first click or key on the page. */
export function chime() {
  if (!navigator.userActivation?.hasBeenActive) return;
  context ??= new AudioContext();
  if (context.state !== "running") return;
  TONES_HZ.forEach((pitch, place) => {
    const start = context.currentTime + place * TONE_S;
    const tone = new OscillatorNode(context, { frequency: pitch });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setTargetAtTime(0.08, start, 0.01);
    volume.gain.setTargetAtTime(0, start + TONE_S * 0.7, 0.04);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + TONE_S * 2);
  });
}

/** Ring until the returned function is called. */
export function ring() {
  if (!navigator.userActivation?.hasBeenActive) return () => {};
  chime();
  const timer = setInterval(chime, EVERY_MS);
  return () => clearInterval(timer);
}
