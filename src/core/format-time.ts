/** Later than any real deadline; a year has four digits in RFC 3339. */
const latest = Date.UTC(9999, 11, 31, 23, 59, 59);

/** A time in a message: RFC 3339 to the second in UTC, which clients show in their own zone. */
export function formatTime(at: number): string {
  return `${new Date(Math.min(at, latest)).toISOString().slice(0, 19)}Z`;
}
