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

/**
 * What is wrong with what was sent, field by field: the message names them one after the other.
 * @param {{ message: string, hints: Hint[] }} refusal
 * @returns {{ field: string, message: string }[]}
 */
export function perField({ message, hints }) {
  const fields = hints.map((hint) => hint.field ?? "");
  /** @type {string[]} */
  const said = [];
  for (const part of message.split("; ")) {
    if (!said.length || fields.some((field) => field && part.startsWith(`${field} `))) said.push(part);
    else said[said.length - 1] += `; ${part}`;
  }
  return hints.map(({ field = "", message: own }) => {
    const found = said.find((part) => part.startsWith(`${field} `));
    return { field, message: capital(own ?? found?.slice(field.length + 1) ?? message) };
  });
}
