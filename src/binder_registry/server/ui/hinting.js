/** What the server said of one field, where it said it of a request. Pure. */

/** @typedef {import("./types.js").Hint} Hint */

/**
 * @param {{ message: string, hints: Hint[] }} refusal
 * @param {Iterable<string>} fields that are there to say it at
 * @returns {{ at: Map<string, string>, elsewhere: boolean }} what to say at which field; whether something is left
 */
export function atFields({ message, hints }, fields) {
  const known = new Set(fields);
  /** @type {Map<string, string>} */
  const at = new Map();
  for (const { field = "", message: own } of hints) {
    const said = own ?? (hints.length === 1 ? without(field, message) : message);
    if (known.has(field) && !at.has(field)) at.set(field, capital(said));
  }
  return { at, elsewhere: at.size === 0 || hints.some((hint) => !known.has(hint.field ?? "")) };
}

/**
 * @param {string} field
 * @param {string} message "label: 'a==' is not key=value"
 */
function without(field, message) {
  return message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
}

/**
 * @param {string} sentence
 * @returns {string} with a capital letter first, and a point last
 */
export function capital(sentence) {
  const [first = ""] = sentence;
  return first.toUpperCase() + sentence.slice(first.length) + (/[.!?…]$/.test(sentence) ? "" : ".");
}
