/** What a form asks for, from the schema of what is sent. A member that a newer server knows appears by itself. Pure. */

/**
 * @typedef {"text" | "long" | "integer" | "number" | "bytes" | "boolean" | "words" | "map" | "enum" | "json" | "group" | "list"} Kind
 * @typedef {Object} Field
 * @property {string} name of the member
 * @property {Kind} kind
 * @property {string} label
 * @property {string} help
 * @property {string} unit "" where there is none
 * @property {any} example
 * @property {boolean} required
 * @property {number} [min]
 * @property {number} [max]
 * @property {number} [minLength] of a text, or of each word
 * @property {number} [maxLength]
 * @property {string} [pattern]
 * @property {string} [keys] the pattern of a map's keys
 * @property {number} [most] words, pairs or items
 * @property {string[]} [among] what an enum allows
 * @property {Field[]} [fields] of a group, or of each item of a list
 * @typedef {{ title: string, folded: boolean, fields: Field[] }} Section
 */

const LONG = 10_000; // characters from which on a text has lines

const WRITTEN = /** @type {Record<string, string>} */ ({ cpu: "CPU", cpus: "CPUs", gpus: "GPUs", uri: "URI", ip: "IP" });

/** @type {[string, boolean, string[]][]} */
const SECTIONS = [
  ["What people see", false, ["name", "display-name", "description", "contact", "icon"]],
  ["What it runs", false, ["image-name", "command", "limits", "requests", "environment"]],
  ["Options", false, ["options"]],
  ["For whom, and where it stands", false, ["allowed-groups", "labels", "order", "default"]],
  ["Out of service", true, ["paused", "deprecated", "replaced-by"]],
  ["More", true, []], // and whatever is in none of the others
];

/**
 * @param {any} document an OpenAPI description
 * @param {string} name of a schema
 * @returns {Field[]}
 */
export function fieldsOf(document, name) {
  const schemas = document.components.schemas;
  return members(schemas[name], schemas);
}

/**
 * @param {any} schema of an object
 * @param {Record<string, any>} schemas
 * @returns {Field[]}
 */
function members(schema, schemas) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {})
    .map(([name, one]) => /** @type {[string, any]} */ ([name, followed(one, schemas)]))
    .filter(([, one]) => !one.readOnly)
    .map(([name, one]) => fieldOf(name, one, required.has(name), schemas));
}

/**
 * @param {any} schema
 * @param {Record<string, any>} schemas
 */
function followed(schema, schemas) {
  if (!schema.$ref) return schema;
  const { $ref, ...own } = schema;
  return { ...schemas[$ref.split("/").pop()], ...own };
}

/**
 * @param {string} name
 * @param {any} schema
 * @param {boolean} required
 * @param {Record<string, any>} schemas
 * @returns {Field}
 */
function fieldOf(name, schema, required, schemas) {
  const [, help, unit = ""] = /^(.*?)(?:\s*Unit: (.+)\.)?$/s.exec(schema.description ?? "") ?? [];
  const kind = kindOf(schema, unit, schemas);
  const of = kind === "words" ? schema.items : schema;
  return {
    name,
    kind,
    label: labelOf(name),
    help,
    unit,
    example: schema.examples?.[0],
    required,
    min: schema.minimum,
    max: schema.maximum,
    minLength: of.minLength,
    maxLength: of.maxLength,
    pattern: of.pattern,
    keys: schema.propertyNames?.pattern,
    most: schema.maxItems ?? schema.maxProperties,
    among: schema.enum?.filter((/** @type {unknown} */ one) => one !== null).map(String),
    fields: kind === "group" ? members(schema, schemas) : kind === "list" ? members(followed(schema.items, schemas), schemas) : undefined,
  };
}

/**
 * @param {any} schema
 * @param {string} unit
 * @param {Record<string, any>} schemas
 * @returns {Kind}
 */
function kindOf(schema, unit, schemas) {
  const type = [schema.type].flat().find((one) => one !== "null");
  if (schema.enum) return type === "string" ? "enum" : "json";
  if (type === "string") return (schema.maxLength ?? 0) >= LONG && !schema.pattern ? "long" : "text";
  if (type === "boolean" || type === "number") return type;
  if (type === "integer") return unit === "bytes" ? "bytes" : "integer";
  if (type === "array") return arrayKind(followed(schema.items ?? {}, schemas));
  if (type === "object" && schema.properties) return "group";
  return schema.additionalProperties?.type === "string" ? "map" : "json";
}

/**
 * @param {any} items
 * @returns {Kind}
 */
function arrayKind(items) {
  if (items.type === "string") return "words";
  return items.properties ? "list" : "json";
}

/** @param {string} name "cpu_shares" @returns {string} "CPU shares" */
export function labelOf(name) {
  const words = name.split(/[-_]/).map((word) => WRITTEN[word] ?? word);
  return words.join(" ").replace(/^./, (first) => first.toUpperCase());
}

/**
 * As people think of them; what is unknown here stands under "More".
 * @param {Field[]} fields
 * @returns {Section[]}
 */
export function sectionsOf(fields) {
  const placed = new Set(SECTIONS.flatMap(([, , names]) => names));
  return SECTIONS.map(([title, folded, names]) => ({
    title,
    folded,
    fields: names.length ? names.flatMap((name) => fields.filter((field) => field.name === name)) : fields.filter((field) => !placed.has(field.name)),
  })).filter((section) => section.fields.length);
}
