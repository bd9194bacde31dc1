// What this browser remembers for the next visit. In cookies, because the server reads them to draw the first
// page in the right language and theme, without a flash of the wrong one.

const YEAR_S = 365 * 24 * 3600;

export function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=${value ? YEAR_S : 0}; samesite=strict`;
}

/** What was remembered under this name, or empty. */
export const recall = (name) => document.cookie.split("; ").find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
