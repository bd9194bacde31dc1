// What a customer's record holds: how each field is called, shown and entered, in one place for every page.

import { specOf, useFields } from "./custom_fields.js";
import { asText } from "./inputs.js";
import { change } from "./conflict.js";
import { t, word } from "./language.js";

const PLAIN = {
  name: { type: "text", longest: 120, required: true, label: () => t("customer.name") },
  number: { type: "text", longest: 32, required: true, label: () => t("customer.number") },
  kind: { type: "choice", label: () => t("customer.kind"), of: ["person", "organisation"], prefix: "customer_kind", required: true },
  company: { type: "text", longest: 120, label: () => t("customer.company") },
  category: { type: "text", longest: 64, label: () => t("customer.category") },
  tags: { type: "tags", longest: 1000, label: () => t("customer.tags") },
  tier: { type: "tier", longest: 32, label: () => t("customer.tier") },
  language: { type: "choice", label: () => t("customer.language"), of: ["zh", "en"], prefix: "language" },
  balance: { type: "amount", longest: 16, label: () => t("customer.balance") },
  id_number: { type: "text", longest: 64, label: () => t("customer.id_number") },
  note: { type: "long_text", longest: 4000, label: () => t("customer.note") },
  save_desk: { type: "boolean", definite: true, label: () => t("customer.save_desk") },
  owner: { type: "person", label: () => t("customer.owner") },
  team: { type: "team", label: () => t("customer.team") },
};

/** A field as `inputs.js` takes it. */
export function plainSpec(key) {
  const { label, of, prefix, ...rest } = PLAIN[key];
  const options = of?.map((value) => ({ value, title: word(prefix, value), retired: false }));
  return { key, label: label(), options, ...rest };
}

/** All fields that pages enter, custom ones behind the others. */
export function useSpecs(keys = Object.keys(PLAIN)) {
  const own = useFields("customer");
  return { plain: keys.map(plainSpec), custom: own.filter((field) => !field.retired).map(specOf), all: own };
}

export const addressText = ({ value, extension }) => (extension ? t("address.with_extension", { value, extension }) : value);

/** What `conflict.js` says of a customer's record. */
export function wordsOf(customer, fields) {
  const own = (field) => {
    const definition = fields.find(({ name }) => field === `custom.${name}`);
    return definition && specOf(definition);
  };
  return {
    title: customer.name,
    label: (field) => (field in PLAIN ? PLAIN[field].label() : field === "addresses" ? t("address.title") : (own(field)?.label ?? null)),
    show: (field, value) => {
      if (field === "addresses") return value.map(addressText).join("; ") || "–";
      return asText(own(field) ?? plainSpec(field), value);
    },
  };
}

/** Change a customer; answers the record as it is then, or null when it was refused. */
export const changeCustomer = (customer, fields, body, wrong = null) =>
  change({
    name: `customer ${customer.id}`,
    path: `/api/customers/${encodeURIComponent(customer.id)}`,
    body,
    base: customer,
    words: wordsOf(customer, fields),
    wrong,
  });

/** The body that changes one field. */
export const bodyOf = (key, value) => (key.startsWith("custom.") ? { custom: { [key.slice("custom.".length)]: value } } : { [key]: value });

export const valueIn = (customer, key) => (key.startsWith("custom.") ? customer.custom[key.slice("custom.".length)] : customer[key]);

