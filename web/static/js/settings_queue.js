// One queue's form.

import { draft, setAt, valueAt } from "./drafted.js";
import { Amount, Choice, Levels, Several, Switch, TakeAway, Title, Wrong } from "./fields.js";
import { html } from "./html.js";
import { t, titled } from "./language.js";

const STRATEGIES = ["least_flexible", "longest_idle", "most_skilled", "round_robin", "fewest_calls", "ring_several"];
const OPENINGS = ["calendar", "open", "closed"];
const RECORDINGS = ["never", "always", "announce"];

const words = (key) => ({ label: t(`setting.${key}`), hint: t(`setting.${key}.hint`) });

/** A part of the form; what it holds is shown only where this server knows the key. */
function Group({ title, children }) {
  return html`<section class="group"><h3>${title}</h3><div class="fields">${children}</div></section>`;
}

function Steps({ path, queues }) {
  const steps = valueAt(path) ?? [];
  const add = () => {
    const last = steps.at(-1)?.after_s ?? 0;
    setAt([...path, steps.length], { after_s: Number(last) + 30 || 30, lower: {}, drop: [], also_queues: [] });
  };
  const skills = Object.entries(draft.value.skills ?? {}).map(([code, title]) => [code, titled(title, code)]);
  return html`<div class="steps">
    ${steps.map((_, n) => {
      const at = [...path, n];
      return html`<fieldset key=${n} class="step">
        <legend>${t("settings.step", { n: n + 1 })}</legend>
        <${TakeAway} path=${at} what=${t("settings.step", { n: n + 1 })} />
        <div class="fields">
          <${Amount} path=${[...at, "after_s"]} label=${t("setting.after_s")} unit=${t("unit.seconds")} />
          <${Levels} path=${[...at, "lower"]} label=${t("setting.lower")} />
          <${Several} path=${[...at, "drop"]} options=${skills} label=${t("setting.drop")} />
          <${Several} path=${[...at, "also_queues"]} options=${queues} label=${t("setting.also_queues")} />
        </div>
        <${Wrong} path=${at} />
      </fieldset>`;
    })}
    ${!steps.length && html`<p class="quiet">${t("settings.no_steps")}</p>`}
    <button type="button" class="button" onClick=${add}>${t("settings.add_step")}</button>
    <${Wrong} path=${path} />
  </div>`;
}

export function QueueForm({ name }) {
  const path = ["queues", name];
  const queue = valueAt(path);
  const at = (key) => [...path, key];
  const has = (key) => key in queue;
  const s = t("unit.seconds");
  const calendars = [["", t("settings.always_open")], ...Object.keys(draft.value.calendars ?? {}).map((each) => [each, each])];
  const others = Object.entries(draft.value.queues).filter(([other]) => other !== name).map(([other, { title }]) => [other, titled(title, other)]);
  const options = (prefix, codes) => codes.map((code) => [code, t(`setting.${prefix}.${code}`)]);
  return html`
    <${Group} title=${t("settings.group_name")}>
      <${Title} path=${at("title")} label=${t("settings.title")} />
      <${Choice} path=${at("calendar")} options=${calendars} ...${words("calendar")} />
      <${Choice} path=${at("opening")} options=${options("opening", OPENINGS)} ...${words("opening")} />
    <//>
    <${Group} title=${t("settings.group_goal")}>
      <${Amount} path=${at("target_share")} scale=${100} unit="%" ...${words("target_share")} />
      <${Amount} path=${at("target_s")} unit=${s} ...${words("target_s")} />
      <${Amount} path=${at("priority")} unit=${t("unit.minutes")} ...${words("priority")} />
    <//>
    <${Group} title=${t("settings.group_agents")}>
      <${Choice} path=${at("strategy")} options=${options("strategy", STRATEGIES)} ...${words("strategy")} />
      ${queue.strategy === "ring_several" && html`<${Amount} path=${at("seats")} ...${words("seats")} />`}
      <${Amount} path=${at("ring_s")} unit=${s} ...${words("ring_s")} />
      <${Amount} path=${at("wrap_up_s")} unit=${s} ...${words("wrap_up_s")} />
      <${Amount} path=${at("more_time_s")} unit=${s} ...${words("more_time_s")} />
      <${Amount} path=${at("preferred_s")} unit=${s} ...${words("preferred_s")} />
      <${Switch} path=${at("last_agent")} ...${words("last_agent")} />
    <//>
    <${Group} title=${t("settings.group_needs")}>
      <${Levels} path=${at("needs")} ...${words("needs")} />
      <${Levels} path=${at("prefers")} ...${words("prefers")} />
    <//>
    <section class="group">
      <h3>${t("setting.widening")}</h3>
      <p class="small quiet">${t("setting.widening.hint")}</p>
      <${Steps} path=${at("widening")} queues=${others} />
    </section>
    <${Group} title=${t("settings.group_waiting")}>
      <${Amount} path=${at("max_waiting")} ...${words("max_waiting")} />
      <${Amount} path=${at("max_wait_s")} unit=${s} ...${words("max_wait_s")} />
      <${Switch} path=${at("without_agents")} ...${words("without_agents")} />
      <${Amount} path=${at("announce_after_s")} unit=${s} ...${words("announce_after_s")} />
      <${Amount} path=${at("announce_every_s")} unit=${s} ...${words("announce_every_s")} />
      <${Several} path=${at("ways_out")} options=${["callback", "message"].map((way) => [way, t(`setting.ways_out.${way}`)])} ...${words("ways_out")} />
    <//>
    ${has("callback_tries") &&
    html`<${Group} title=${t("settings.group_callbacks")}>
      <${Amount} path=${at("callback_tries")} ...${words("callback_tries")} />
      <${Amount} path=${at("callback_pause_s")} unit=${s} ...${words("callback_pause_s")} />
      <${Amount} path=${at("callback_expires_s")} unit=${s} ...${words("callback_expires_s")} />
      <${Amount} path=${at("callback_ring_s")} unit=${s} ...${words("callback_ring_s")} />
    <//>`}
    <${Group} title=${t("settings.group_overflow")}>
      <${Choice} path=${at("overflow_queue")} options=${[["", t("settings.no_queue")], ...others]} ...${words("overflow_queue")} />
      <${Amount} path=${at("overflow_after_s")} unit=${s} ...${words("overflow_after_s")} />
    <//>
    ${has("recording") &&
    html`<${Group} title=${t("settings.group_recording")}>
      <${Choice} path=${at("recording")} options=${options("recording", RECORDINGS)} ...${words("recording")} />
      <${Amount} path=${at("retention_days")} unit=${t("unit.days")} empty=${null} ...${words("retention_days")} />
    <//>`}
    <${Wrong} path=${path} />`;
}
