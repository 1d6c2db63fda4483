/** What is typed, and the value that it is. What is no value yet is kept as it was typed, in its place. Pure. */

/** @typedef {import("./form-fields.js").Field} Field */
/** @typedef {string | boolean | [string, string][]} Raw what a field holds: pairs, for a map */
/** @typedef {{ field: string, message: string }} Problem */

const TYPED = "\u0000typed"; // no member is called so
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const MEBIBYTE = 1024 ** 2;

/** @param {Raw} raw */
export function unread(raw) {
  return { [TYPED]: raw };
}

/** @param {any} value */
export function isUnread(value) {
  return typeof value === "object" && value !== null && Object.hasOwn(value, TYPED);
}

/**
 * @param {Field} field
 * @param {any} value undefined: there is none
 * @returns {Raw}
 */
export function rawOf(field, value) {
  if (isUnread(value)) return value[TYPED];
  if (field.kind === "boolean") return value === true;
  if (field.kind === "map") return isObject(value) ? Object.entries(value).map(([key, of]) => [key, textOf(of)]) : [];
  if (value === undefined || value === null) return "";
  if (field.kind === "bytes" && typeof value === "number") return bytesText(value);
  if (field.kind === "words" && Array.isArray(value)) return value.map(textOf).join("\n");
  return field.kind === "json" ? JSON.stringify(value, null, 2) : textOf(value);
}

/**
 * @param {Field} field
 * @param {Raw} raw
 * @returns {{ value: any } | { problem: string }} undefined: nothing was typed
 */
export function readRaw(field, raw) {
  if (typeof raw === "boolean") return { value: raw || undefined };
  if (Array.isArray(raw)) return pairs(raw);
  if (!raw.trim() && field.kind !== "long") return { value: undefined };
  switch (field.kind) {
    case "integer":
    case "number":
      return numberIn(field, raw.trim());
    case "bytes":
      return bytesIn(raw);
    case "words":
      return { value: raw.split("\n").map((word) => word.trim()).filter(Boolean) };
    case "json":
      return jsonIn(raw);
    default:
      return { value: raw || undefined };
  }
}

/**
 * What the schema says of a value that is there. Patterns are the server's to judge where they are Python's.
 * @param {Field} field
 * @param {any} value
 * @returns {string} "" where all is well
 */
export function problemOf(field, value) {
  if (value === undefined || value === null || value === "") return field.required ? "This is needed." : "";
  if (isUnread(value)) {
    const read = readRaw(field, value[TYPED]);
    return "problem" in read ? read.problem : "";
  }
  if (typeof value === "number") return outside(field, value);
  if (field.kind === "list" || field.kind === "words") return Array.isArray(value) ? many(field, value) : "This is no list.";
  if (field.kind === "map") return isObject(value) ? mapProblem(field, value) : "These are no pairs.";
  return typeof value === "string" ? textProblem(field, value) : "";
}

/**
 * @param {Field[]} fields
 * @param {Record<string, any>} model
 * @param {string} [at]
 * @returns {Problem[]} as the server names them: `options[0].choices[1].set.limits.memory`
 */
export function problemsIn(fields, model, at = "") {
  return fields.flatMap((field) => {
    const [value, path] = [model[field.name], at ? `${at}.${field.name}` : field.name];
    const message = problemOf(field, value);
    if (message) return [{ field: path, message }];
    if (isUnread(value) || !field.fields) return [];
    if (field.kind === "group") return isObject(value) ? problemsIn(field.fields, value, path) : [];
    return (value ?? []).flatMap((/** @type {any} */ item, /** @type {number} */ index) => (isObject(item) ? problemsIn(field.fields ?? [], item, `${path}[${index}]`) : []));
  });
}

/**
 * With what was typed in the place of what is no value yet.
 * @param {any} value
 * @returns {any}
 */
export function asTyped(value) {
  if (isUnread(value)) return Array.isArray(value[TYPED]) ? Object.fromEntries(value[TYPED]) : value[TYPED];
  if (Array.isArray(value)) return value.map(asTyped);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, of]) => [key, asTyped(of)])) : value;
}

/**
 * @template T
 * @param {T[]} list
 * @param {number} from
 * @param {number} to
 * @returns {T[]} another list
 */
export function moved(list, from, to) {
  if (from < 0 || from >= list.length || to < 0 || to >= list.length) return list;
  const others = list.toSpliced(from, 1);
  return others.toSpliced(to, 0, list[from]);
}

/**
 * @param {number} bytes
 * @returns {string} "1.5 GiB", or the number where mebibytes and more do not say it exactly
 */
export function bytesText(bytes) {
  for (let unit = UNITS.length - 1; unit > 1; unit--) {
    const size = bytes / 1024 ** unit;
    if (size >= 1 && Number.isInteger(size * 100)) return `${size} ${UNITS[unit]}`;
  }
  return String(bytes);
}

/**
 * As the command line reads it: a unit is a power of 1024, and a few bytes are a unit that was forgotten.
 * @param {string} raw "2 GiB", "512M", "1073741824"
 * @returns {{ value: number } | { problem: string }}
 */
function bytesIn(raw) {
  const [, number, letter = ""] = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmgtp])(?:ib|i|b)?|b)?\s*$/i.exec(raw) ?? [];
  if (number === undefined) return { problem: "Write a size, like 2 GiB or 512 MiB." };
  const bytes = Math.floor(Number(number) * 1024 ** "BKMGTP".indexOf(letter.toUpperCase() || "B"));
  return bytes > 0 && bytes < MEBIBYTE ? { problem: "This is less than a mebibyte: write the unit, as in 512 MiB or 2 GiB." } : { value: bytes };
}

/**
 * @param {Field} field
 * @param {string} raw "1.5", or "500m" for half a CPU
 */
function numberIn({ kind, unit }, raw) {
  const [, number, thousandths] = (kind === "integer" ? /^(-?\d+)()$/ : /^(-?\d+(?:\.\d+)?)(m?)$/).exec(raw) ?? [];
  if (number === undefined || (thousandths && unit !== "CPUs")) return { problem: kind === "integer" ? "Write a whole number." : "Write a number, like 1.5." };
  return { value: Number(number) / (thousandths ? 1000 : 1) };
}

/** @param {string} raw */
function jsonIn(raw) {
  try {
    return { value: JSON.parse(raw) };
  } catch (error) {
    return { problem: `This is no JSON: ${error instanceof Error ? error.message : error}` };
  }
}

/** @param {[string, string][]} raw */
function pairs(raw) {
  const said = raw.filter(([key, value]) => key.trim() || value);
  const names = said.map(([key]) => key.trim());
  if (names.some((name) => !name)) return { problem: "A value has no name." };
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return { problem: `“${twice}” is there twice.` };
  return { value: said.length ? Object.fromEntries(said.map(([, value], at) => [names[at], value])) : undefined };
}

/**
 * @param {Field} field
 * @param {number} value
 */
function outside({ min, max, kind }, value) {
  const said = kind === "bytes" ? bytesText : String;
  if (min !== undefined && value < min) return `At least ${said(min)}.`;
  return max !== undefined && value > max ? `At most ${said(max)}.` : "";
}

/**
 * @param {Field} field
 * @param {any[]} value
 */
function many(field, value) {
  if (field.most !== undefined && value.length > field.most) return `At most ${field.most} of them.`;
  return field.kind === "words" ? (value.map((word) => textProblem(field, String(word))).find(Boolean) ?? "") : "";
}

/**
 * @param {Field} field
 * @param {Record<string, any>} value
 */
function mapProblem({ keys, most }, value) {
  const names = Object.keys(value);
  if (most !== undefined && names.length > most) return `At most ${most} of them.`;
  const wrong = names.find((name) => !fits(keys, name));
  return wrong === undefined ? "" : `“${wrong.slice(0, 60)}” is no name that may stand here.`;
}

/**
 * @param {Field} field
 * @param {string} value
 */
function textProblem({ maxLength, pattern, example }, value) {
  if (maxLength !== undefined && [...value].length > maxLength) return `At most ${maxLength.toLocaleString("en")} characters; these are ${[...value].length.toLocaleString("en")}.`;
  if (fits(pattern, value)) return "";
  const such = typeof example === "string" ? example : Array.isArray(example) ? example[0] : null;
  return such ? `This cannot stand here. It looks like “${such}”.` : "This cannot stand here.";
}

/**
 * @param {string | undefined} pattern
 * @param {string} value
 */
function fits(pattern, value) {
  if (!pattern) return true;
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true; // one that only the server understands
  }
}

/**
 * Whether it holds a whole number that a browser cannot tell from its neighbours: sent, it may be another one.
 * @param {any} value
 * @returns {boolean}
 */
export function isInexact(value) {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === "object" && value !== null && Object.values(value).some(isInexact);
}

/** @param {any} value */
function textOf(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/**
 * @param {any} value
 * @returns {value is Record<string, any>}
 */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
