// Who is on the line, in the best words that there are.

import { t } from "./language.js";
import { customer } from "./model.js";

/** The customer's name, else what the network says, else the number. */
export function callerName(pop, call) {
  return customer.value?.name || pop?.lead?.name || pop?.caller_name || call?.caller_name || callerNumber(pop, call) || t("caller.unknown");
}

export const callerNumber = (pop, call) => pop?.caller || call?.caller || "";
