// What the server finds wrong with a configuration, in the words of this page. The server speaks English; what is
// not known here is shown as it came.

import { t } from "./language.js";

const KNOWN = [
  [/^must be a whole number$/, "wrong.whole"],
  [/^must be a number$/, "wrong.number"],
  [/^must be more than (?<n>\S+)$/, "wrong.more"],
  [/^must be (?<n>\S+) or more$/, "wrong.least"],
  [/^must be less than (?<n>\S+)$/, "wrong.less"],
  [/^must be (?<n>\S+) or less$/, "wrong.most"],
  [/^must not be empty/, "wrong.empty"],
  [/^must have (?<n>\d+) characters at most$/, "wrong.long"],
  [/^must be a name: /, "wrong.name"],
  [/^must be a date such as (?<like>.+)$/, "wrong.date"],
  [/^must be a time zone such as (?<like>.+)$/, "wrong.zone"],
  [/must look like (?<like>\S+)$/, "wrong.hours"],
  [/ends before it starts: /, "wrong.backwards"],
  [/ overlap: /, "wrong.overlap"],
  [/^it can never match: after (?<n>\S+) s nobody waits any more, the longest wait is (?<most>\S+) s: /, "wrong.never"],
  [/^it can never match: no call of the queue needs /, "wrong.no_need"],
  [/^the step before comes later: /, "wrong.order"],
  [/^it never comes: after (?<n>\S+) s nobody waits any more: /, "wrong.overflow_late"],
  [/^callers would go in a circle: (?<circle>.+): let one /, "wrong.circle"],
  [/^(?<given>\S+) alone does nothing: /, "wrong.alone"],
  [/^there is no queue '(?<name>[^']+)'/, "wrong.queue"],
  [/^there is no calendar '(?<name>[^']+)'/, "wrong.calendar"],
  [/^there is no skill '(?<name>[^']+)'/, "wrong.skill"],
  [/^nobody serves this queue: /, "wrong.nobody"],
  [/^level (?<n>\d+) is needed, and of the queue's agents nobody has it/, "wrong.nobody_has"],
  [/^level (?<n>\d+) is needed, and of the queue's agents the best has level (?<best>\d+)/, "wrong.too_low"],
  [/^it can never match: even after the last step /, "wrong.never_wide"],
];

/** The remark in words of this page's language, or as it came: `{text, lang}`; `lang` only where it is another. */
export function inWords(says) {
  for (const [pattern, key] of KNOWN) {
    const found = says.match(pattern);
    if (found) return { text: t(key, { ...found.groups }), lang: undefined };
  }
  return { text: says, lang: "en" };
}
