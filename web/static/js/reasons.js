// Why something that was entered is refused, in the words of this page. The server speaks English; what is not known
// here is shown as it came.

import { t } from "./language.js";
import { rightTitle } from "./role_words.js";

const KNOWN = [
  [/^the area code is missing/, "because.area_code"],
  [/^too short: a mobile number has (?<n>\d+) digits, this has (?<has>\d+)/, "because.mobile_short"],
  [/^too short for a telephone number/, "because.phone_short"],
  [/^too long for a telephone number/, "because.phone_long"],
  [/^not a telephone number/, "because.phone"],
  [/^a number with an extension can't be dialled/, "because.extension"],
  [/^a spreadsheet has cut this number short \((?<given>[^)]+)\)/, "because.cut_short"],
  [/^this is masked, as in lists/, "because.masked"],
  [/^one of its digits is wrong/, "because.check_digit"],
  [/^a customer needs a name$/, "because.no_name"],
  [/^account number (?<number>.+) is in use$/, "because.number_in_use"],
  [/^(?<n>\d+) customers fit: give the account number$/, "because.several"],
  [/^the row has (?<n>\d+) cells, the table (?<most>\d+) columns$/, "because.cells"],
  [/^at most (?<most>\d+) characters, this has (?<n>\d+)$/, "because.too_long"],
  [/^not an amount$/, "because.amount"],
  [/^an amount with at most two decimals$/, "because.decimals"],
  [/^yes or no$/, "because.yes_or_no"],
  [/^zh or en$/, "because.language"],
  [/^a day without a time/, "because.day_only"],
  [/^a day as year-month-day/, "because.day"],
  [/^a time such as /, "because.moment"],
  [/^(must be )?one of (?<list>.+)$/, "because.one_of"],
  [/^must be (?<n>\S+) or more$/, "because.least"],
  [/^must be (?<n>\S+) or less$/, "because.most"],
  [/^must be an address of the web/, "because.url"],
  [/^(this field )?must not be empty$/, "because.empty"],
  [/^there is no user '(?<name>[^']*)'/, "because.user"],
  [/^there is no team '?(?<name>[^']*)'?$/, "because.team"],
  [/^this team is not one of yours$/, "because.not_your_team"],
  [/^this owner is in none of your teams$/, "because.not_your_owner"],
  [/^you see your own customers only/, "because.own_only"],
  [/^another column goes into (?<name>\S+), too$/, "because.column_twice"],
  [/^(?<n>[\d,]+) rows are bad by now/, "because.many_bad"],
  [/^the file is empty/, "because.file_empty"],
  [/^the workbook has no sheet with rows/, "because.no_sheet"],
  [/^there is no row in it/, "because.no_rows"],
  [/^this is an old Excel file, or one with a password/, "because.old_excel"],
  [/^it has a password/, "because.password"],
  [/^this is neither a CSV nor an XLSX file/, "because.no_table"],
  [/^this is a ZIP file and no XLSX workbook/, "because.zip"],
  [/^who takes calls can't listen to others'/, "because.take_and_listen"],
  [/^nobody would be left with the right (?<right>\S+):/, "because.locked_out"],
  [/^(?<n>\d+) users have this role/, "because.role_in_use"],
  [/^(?<n>\d+) users are in this team/, "because.team_in_use"],
  [/^there are (?<what>\w+) of this team/, "because.team_has_records"],
  [/^an? (?<role>\S+) may do what you may not \((?<right>[^)]+)\)/, "because.beyond_you"],
  [/^its name says (?<named>\S+), and by its content it is (?<found>\w+)/, "because.lying_type"],
  [/^it has macros/, "because.macros"],
  [/^by its content this is no file of a kind that is kept/, "because.unknown_type"],
  [/^a customer has (?<n>\d+) files at most/, "because.many_files"],
  [/^you are sending (?<n>\d+) files already/, "because.sending"],
  [/^there is no room for files on the server/, "because.no_room"],
];

const inWords = (groups) => ("right" in groups ? { ...groups, right: rightTitle(groups.right) } : groups);

/** The reason in words of this page's language, or as it came: `{text, lang}`; `lang` only where it is another. */
export function inPageWords(says) {
  for (const [pattern, key] of KNOWN) {
    const found = says.match(pattern);
    if (found) return { text: t(key, inWords(found.groups ?? {})), lang: undefined };
  }
  return { text: says, lang: "en" };
}
