/** Numbers, times and names as people write them. Pure, but for the reader's zone and language. */

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/**
 * @param {number} bytes
 * @returns {string} "2 GiB", "1.5 MiB"
 */
export function bytes(bytes) {
  let [size, unit] = [bytes, 0];
  while (size >= 1024 && unit < BINARY.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${rounded(size)} ${BINARY[unit]}`;
}

/**
 * @param {number} cpus
 * @returns {string} "1 CPU", "1.5 CPUs"
 */
export function cpus(cpus) {
  return `${rounded(cpus)} ${cpus === 1 ? "CPU" : "CPUs"}`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/**
 * @param {number} value
 * @returns {string} with at most two digits behind the point
 */
export function rounded(value) {
  return value.toLocaleString("en", { maximumFractionDigits: 2, useGrouping: false });
}

/**
 * The beginning of a long text, or all of it where nearly all would fit.
 * @param {string} text
 * @param {number} [most] characters
 * @param {number} [lines]
 */
export function beginning(text, most = 600, lines = 12) {
  let end = text.length > 1.2 * most ? most : text.length;
  for (let at = -1, line = 0; line < lines; line++) {
    at = text.indexOf("\n", at + 1);
    if (at < 0) break;
    if (line === lines - 1 && text.indexOf("\n", at + 1) >= 0) end = Math.min(end, at);
  }
  const half = end < text.length && /[\ud800-\udbff]/.test(text[end - 1]);
  return text.slice(0, half ? end - 1 : end);
}

const STEPS = /** @type {[number, Intl.RelativeTimeFormatUnit][]} */ ([
  [60, "second"],
  [3600, "minute"],
  [86400, "hour"],
  [86400 * 30, "day"],
  [86400 * 365, "month"],
  [Infinity, "year"],
]);
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/**
 * @param {Date} then
 * @param {Date} now
 * @returns {string} "3 minutes ago", "yesterday"
 */
export function ago(then, now) {
  const seconds = (then.getTime() - now.getTime()) / 1000;
  let size = 1;
  for (const [below, unit] of STEPS) {
    if (Math.abs(seconds) < below) return relative.format(Math.trunc(seconds / size), unit);
    size = below;
  }
  return "";
}

const moments = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" }); // dear to make

/**
 * @param {Date} time
 * @returns {string} in the reader's zone
 */
export function moment(time) {
  return moments.format(time);
}

/**
 * Who, as people say it: "publisher:gitlab-ci" is "gitlab-ci (publisher)".
 * @param {string} by
 */
export function who(by) {
  const colon = by.indexOf(":");
  if (colon < 0) return by || "somebody";
  const [kind, name] = [by.slice(0, colon), by.slice(colon + 1)];
  return kind === "user" ? name : `${name} (${kind})`;
}
