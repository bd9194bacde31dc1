// Custom fields: their definitions, asked for once, and their values in words.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { get } from "./api.js";
import { titled } from "./language.js";

const FRESH_MS = 60_000;

/** Kind of record -> its definitions in their order; a kind that is not known yet is not there. */
const known = signal({});
const asked = {};

async function load(kind) {
  const before = asked[kind];
  asked[kind] = performance.now();
  try {
    const found = await get(`/api/fields?kind=${kind}&limit=200`);
    known.value = { ...known.value, [kind]: found.items };
  } catch {
    asked[kind] = before; // the next page asks again
  }
}

/** Ask anew: somebody changed them here. */
export const fieldsChanged = (kind) => load(kind);

/** The definitions of a kind of record. */
export function useFields(kind) {
  useEffect(() => {
    if (!(performance.now() - asked[kind] < FRESH_MS)) load(kind);
  }, []);
  return known.value[kind] ?? [];
}

/** The definition of a custom field, or undefined: `customer`, `custom.segment`. */
export const definitionOf = (kind, name) => known.value[kind]?.find((each) => `custom.${each.name}` === name);

/** A choice in words. */
export const choiceTitle = (field, value) => titled(field.choices.find((each) => each.value === value)?.title, value);

/** A field as `inputs.js` shows and enters it. `value` is what the record has: a retired choice stays to be seen. */
export const specOf = (field) => ({
  key: `custom.${field.name}`,
  label: titled(field.title, field.name),
  type: field.type,
  options: field.choices.map((each) => ({ value: each.value, title: titled(each.title, each.value), retired: each.retired })),
  required: field.required,
  longest: field.longest ?? undefined,
});

/** A record with its custom fields beside the others, `custom.segment`: each is changed for itself. */
export const flat = ({ custom, ...rest }) => ({ ...rest, ...Object.fromEntries(Object.entries(custom ?? {}).map(([name, value]) => [`custom.${name}`, value])) });
