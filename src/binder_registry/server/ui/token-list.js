/** The tokens of a registry: which hold, which have ended, which came of which. Pure. */

/**
 * @typedef {{ id: string, token?: string, name: string, note?: string, by: string, scopes: string[], templates?: string[], labels?: string,
 *   parent?: string, created: string, expires: string, used?: string, revoked?: string }} Token
 */

const SOON_DAYS = 14;
const DAY_MS = 86_400_000;

/**
 * @param {Token} token
 * @param {Date} now
 * @returns {"revoked" | "expired" | "soon" | "holds"} soon: it ends within 14 days
 */
export function stateOf(token, now) {
  if (token.revoked) return "revoked";
  const left = new Date(token.expires).getTime() - now.getTime();
  return left <= 0 ? "expired" : left < SOON_DAYS * DAY_MS ? "soon" : "holds";
}

/**
 * @param {Token[]} tokens
 * @param {Date} now
 * @returns {{ living: Token[], ended: Token[] }}
 */
export function parted(tokens, now) {
  const isEnded = (/** @type {Token} */ token) => ["revoked", "expired"].includes(stateOf(token, now));
  return { living: tokens.filter((one) => !isEnded(one)), ended: tokens.filter(isEnded) };
}

/**
 * @param {Token} token
 * @param {Token[]} tokens
 * @returns {Token[]} all that it made, and that these made
 */
export function line(token, tokens) {
  const made = tokens.filter((one) => one.parent === token.id);
  return made.flatMap((one) => [one, ...line(one, tokens)]);
}

/**
 * @param {string} text one in a line: names may hold blanks and commas
 * @returns {string[]}
 */
export function globsOf(text) {
  return text.split("\n").map((one) => one.trim()).filter(Boolean);
}
