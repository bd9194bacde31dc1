// Why something that was entered is refused, in the words of this page. The server speaks English; what is not known
// here is shown as it came.

import { t } from "./language.js";

const KNOWN = [
  [/^the area code is missing/, "refused.area_code"],
  [/^too short: a mobile number has (?<n>\d+) digits, this has (?<has>\d+)/, "refused.mobile_short"],
  [/^too short for a telephone number/, "refused.phone_short"],
  [/^too long for a telephone number/, "refused.phone_long"],
  [/^not a telephone number/, "refused.phone"],
  [/^a number with an extension can't be dialled/, "refused.extension"],
  [/^a spreadsheet has cut this number short \((?<given>[^)]+)\)/, "refused.cut_short"],
  [/^this is masked, as in lists/, "refused.masked"],
  [/^one of its digits is wrong/, "refused.check_digit"],
  [/^a customer needs a name$/, "refused.no_name"],
  [/^account number (?<number>.+) is in use$/, "refused.number_in_use"],
  [/^(?<n>\d+) customers fit: give the account number$/, "refused.several"],
  [/^the row has (?<n>\d+) cells, the table (?<most>\d+) columns$/, "refused.cells"],
  [/^at most (?<most>\d+) characters, this has (?<n>\d+)$/, "refused.too_long"],
  [/^not an amount$/, "refused.amount"],
  [/^an amount with at most two decimals$/, "refused.decimals"],
  [/^yes or no$/, "refused.yes_or_no"],
  [/^zh or en$/, "refused.language"],
  [/^a day without a time/, "refused.day_only"],
  [/^a day as year-month-day/, "refused.day"],
  [/^a time such as /, "refused.moment"],
  [/^(must be )?one of (?<list>.+)$/, "refused.one_of"],
  [/^must be (?<n>\S+) or more$/, "refused.least"],
  [/^must be (?<n>\S+) or less$/, "refused.most"],
  [/^must be an address of the web/, "refused.url"],
  [/^(this field )?must not be empty$/, "refused.empty"],
  [/^there is no user '(?<name>[^']*)'/, "refused.user"],
  [/^there is no team '?(?<name>[^']*)'?$/, "refused.team"],
  [/^this team is not one of yours$/, "refused.not_your_team"],
  [/^this owner is in none of your teams$/, "refused.not_your_owner"],
  [/^you see your own customers only/, "refused.own_only"],
  [/^another column goes into (?<name>\S+), too$/, "refused.column_twice"],
  [/^(?<n>[\d,]+) rows are bad by now/, "refused.many_bad"],
  [/^the file is empty/, "refused.file_empty"],
  [/^the workbook has no sheet with rows/, "refused.no_sheet"],
  [/^there is no row in it/, "refused.no_rows"],
  [/^this is an old Excel file, or one with a password/, "refused.old_excel"],
  [/^it has a password/, "refused.password"],
  [/^this is neither a CSV nor an XLSX file/, "refused.no_table"],
  [/^this is a ZIP file and no XLSX workbook/, "refused.zip"],
  [/^who takes calls can't listen to others'/, "refused.take_and_listen"],
  [/^nobody would be left with the right (?<right>\S+):/, "refused.locked_out"],
  [/^(?<n>\d+) users have this role/, "refused.role_in_use"],
  [/^(?<n>\d+) users are in this team/, "refused.team_in_use"],
  [/^there are (?<what>\w+) of this team/, "refused.team_has_records"],
  [/^an? (?<role>\S+) may do what you may not \((?<right>[^)]+)\)/, "refused.beyond_you"],
  [/^its name says (?<named>\S+), and by its content it is (?<found>\w+)/, "refused.lying_type"],
  [/^it has macros/, "refused.macros"],
  [/^by its content this is no file of a kind that is kept/, "refused.unknown_type"],
  [/^a customer has (?<n>\d+) files at most/, "refused.many_files"],
];

/** The reason in words of this page's language, or as it came: `{text, lang}`; `lang` only where it is another. */
export function inPageWords(says) {
  for (const [pattern, key] of KNOWN) {
    const found = says.match(pattern);
    if (found) return { text: t(key, { ...found.groups }), lang: undefined };
  }
  return { text: says, lang: "en" };
}
