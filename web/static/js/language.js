// Words: two dictionaries with the same keys. `{name}` is replaced; a message with `one` and `other` is chosen
// by the language's own plural rules.

import { signal } from "@preact/signals";

import en from "../i18n/en.json";
import zh from "../i18n/zh.json";
import { remember } from "./memory.js";

const DICTIONARIES = { en, zh };
export const LOCALES = { en: "en", zh: "zh-CN" };

export const language = signal(document.documentElement.lang.startsWith("zh") ? "zh" : "en");

/** The message of this key, in the chosen language. */
export function t(key, values = {}) {
  let message = DICTIONARIES[language.value][key];
  if (message === undefined) throw new Error(`no message ${key}`);
  if (typeof message === "object") {
    const form = new Intl.PluralRules(LOCALES[language.value]).select(values.n);
    message = message[form] ?? message.other;
  }
  return message.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The message of `prefix.word`, or the word itself when it is none of ours. */
export function word(prefix, code) {
  const key = `${prefix}.${code}`;
  return key in DICTIONARIES[language.value] ? t(key) : code;
}

/** A title that comes by language from the server. */
export function titled(title, fallback = "") {
  return title?.[language.value] ?? title?.en ?? fallback;
}

export function switchLanguage(to) {
  language.value = to;
  document.documentElement.lang = LOCALES[to];
  remember("language", to);
}
