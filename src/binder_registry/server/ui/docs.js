/** The page at /docs: the description at openapi.json, as text only, whatever stands in it. */

import { fill, h } from "./dom.js";

/**
 * Of the description, or a schema, whose members are what OpenAPI says.
 * @typedef {Record<string, any>} Described
 * @typedef {import("./dom.js").Child} Child
 */

/**
 * The little Markdown that descriptions use: `code`, **strong**.
 * @param {string} text
 * @returns {Child[]}
 */
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.length > 2 && part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return h("strong", {}, part.slice(2, -2));
    return part;
  });
}

/**
 * @param {string} text
 * @returns {Child[]}
 */
function prose(text) {
  if (text.startsWith("- ")) return [h("ul", {}, text.split("\n").map((line) => h("li", {}, inline(line.slice(2)))))];
  return text.trim().split(/\n\n+/).map((part) => h("p", {}, inline(part)));
}

/**
 * @param {string[]} titles
 * @param {Child[][]} rows
 */
function table(titles, rows) {
  const head = h("tr", {}, titles.map((title) => h("th", { scope: "col" }, title)));
  const body = rows.map((cells) => h("tr", {}, cells.map((cell) => h("td", {}, cell))));
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, head), h("tbody", {}, body)));
}

/** @param {string} reference */
function nameOf(reference) {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

/**
 * @param {Described} schema
 * @returns {Child[]}
 */
function typeOf(schema) {
  if (schema.$ref) return [h("a", { href: `#schema-${nameOf(schema.$ref)}` }, nameOf(schema.$ref))];
  /** @type {Described[] | undefined} */
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((choice, index) => [index ? " or " : null, typeOf(choice)]);
  const types = [schema.type ?? "any"].flat().join(" or ");
  return schema.items ? [`${types} of `, typeOf(schema.items)] : [types];
}

const WORDS = {
  minimum: "at least ",
  maximum: "at most ",
  minLength: "shortest: ",
  maxLength: "longest: ",
  format: "format: ",
  maxItems: "most entries: ",
  maxProperties: "most entries: ",
  pattern: "pattern: ",
};

/**
 * @param {Described} schema
 * @returns {Child[]}
 */
function rulesOf(schema) {
  /** @type {Child[]} */
  const told = Object.entries(WORDS)
    .filter(([rule]) => rule in schema)
    .map(([rule, word]) => [word, h("code", {}, String(schema[rule]))]);
  if (schema.enum) told.push(["one of ", h("code", {}, schema.enum.join(", "))]);
  if (schema.uniqueItems) told.push("each once");
  if (schema.readOnly) told.push("read-only");
  if (schema.propertyNames) told.push(["keys: ", rulesOf(schema.propertyNames)]);
  for (const part of [schema.items, schema.additionalProperties]) {
    if (!part || typeof part !== "object" || part.$ref) continue;
    const below = rulesOf(part);
    if (below.length) told.push(["each: ", below]);
  }
  return told.map((rule, index) => [index ? "; " : null, rule]);
}

/**
 * @param {string} name
 * @param {Described} schema
 * @param {boolean} required
 * @param {string} description
 * @param {unknown} [example]
 * @returns {Child[][]}
 */
function cellsOf(name, schema, required, description, example = schema.examples?.[0]) {
  const rules = rulesOf(schema);
  const shown = typeof example === "string" ? example : JSON.stringify(example);
  return [
    [h("code", {}, name), required && h("div", { class: "quiet" }, "required")],
    [typeOf(schema), rules.length > 0 && h("div", { class: "quiet" }, rules)],
    [inline(description), shown !== undefined && h("div", { class: "quiet" }, "Example: ", h("code", {}, shown))],
  ];
}

/**
 * @param {Described} schema
 * @param {string} [before]
 * @returns {Child[][]}
 */
function memberRows(schema, before = "") {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const row = cellsOf(before + name, member, (schema.required ?? []).includes(name), member.description ?? "");
    return [row, ...(member.properties ? memberRows(member, `${before}${name}.`) : [])];
  });
}

/**
 * @param {Described} [content]
 * @returns {Child[]}
 */
function contentOf(content = {}) {
  return Object.entries(content).map(([media, { schema, example }]) => [
    h("div", {}, h("code", {}, media), ": ", typeOf(schema)),
    typeof example === "string" && h("pre", {}, example),
  ]);
}

/**
 * @param {string} status
 * @param {Described} response
 * @returns {Child[]}
 */
function responseRow(status, response) {
  const headers = Object.entries(response.headers ?? {});
  const details = h(
    "details",
    {},
    h("summary", {}, `Headers: ${headers.map(([name]) => name).join(", ")}`),
    h("ul", {}, headers.map(([name, header]) => h("li", {}, h("code", {}, name), " ", inline(header.description)))),
  );
  return [h("code", {}, status), [prose(response.description), contentOf(response.content), headers.length > 0 && details]];
}

/** @param {Described} operation */
function security(operation) {
  /** @type {Described[]} */
  const wanted = operation.security ?? [];
  if (!wanted.length) return "Open to everyone.";
  const open = wanted.some((choice) => !Object.keys(choice).length);
  return open ? "Open, unless the server protects reads." : "Needs a token.";
}

/**
 * @param {string} method
 * @param {string} path
 */
function heading(method, path) {
  return [h("span", { class: `method ${method}` }, method.toUpperCase()), h("code", {}, path)];
}

/**
 * @param {Described} description
 * @param {string} path
 * @param {string} method
 * @param {Described} operation
 */
function operationSection(description, path, method, operation) {
  const resolved = (/** @type {Described} */ response) =>
    response.$ref ? description.components.responses[nameOf(response.$ref)] : response;
  const parameters = operation.parameters.map((/** @type {Described} */ one) => {
    const [name, ...rest] = cellsOf(one.name, one.schema, one.required, one.description, one.example);
    return [[name, h("div", { class: "quiet" }, one.in)], ...rest];
  });
  const responses = Object.entries(operation.responses).map(([status, response]) => responseRow(status, resolved(response)));
  const body = operation.requestBody;
  return h(
    "section",
    {},
    h("h2", { id: operation.operationId }, heading(method, path)),
    h(
      "p",
      {},
      `${operation.summary}. `,
      h("span", { class: "quiet" }, `${security(operation)} `),
      inline(operation.description ?? ""),
    ),
    parameters.length > 0 && [h("h3", {}, "Parameters"), table(["Name", "Type", "Meaning"], parameters)],
    body && [h("h3", {}, "Body"), h("p", {}, inline(body.description)), contentOf(body.content)],
    h("h3", {}, "Answers"),
    table(["Status", "Meaning"], responses),
  );
}

/**
 * @param {string} name
 * @param {Described} schema
 */
function schemaSection(name, schema) {
  const rows = memberRows(schema);
  return h(
    "section",
    {},
    h("h2", { id: `schema-${name}` }, h("code", {}, name)),
    prose(schema.description ?? ""),
    !schema.properties && [typeOf(schema), " ", rulesOf(schema)],
    schema.additionalProperties === false && h("p", { class: "quiet" }, "No other members."),
    rows.length > 0 && table(["Member", "Type", "Meaning"], rows),
  );
}

/** @param {Described} description */
function show(description) {
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(/** @type {Record<string, Described>} */ (methods)).map(([method, operation]) => ({ path, method, operation })),
  );
  const schemas = Object.entries(description.components.schemas);
  fill(
    place("page"),
    h("h1", {}, `${description.info.title} ${description.info.version}`),
    prose(description.info.description),
    h("p", {}, "Paths begin with ", h("code", {}, description.servers[0].url), ". ", h("a", { href: address() }, "This description as JSON"), "."),
    h("h2", {}, "Tokens"),
    h("ul", {}, Object.values(description.components.securitySchemes).map((scheme) => h("li", {}, inline(scheme.description)))),
    operations.map(({ path, method, operation }) => operationSection(description, path, method, operation)),
    schemas.map(([name, schema]) => schemaSection(name, schema)),
  );
  fill(
    place("contents"),
    description.tags.map((/** @type {Described} */ { name }) => [
      h("h2", {}, name),
      h(
        "ul",
        {},
        operations
          .filter(({ operation }) => operation.tags.includes(name))
          .map(({ path, method, operation }) => h("li", {}, h("a", { href: `#${operation.operationId}` }, heading(method, path)))),
      ),
    ]),
    h("h2", {}, "schemas"),
    h("ul", {}, schemas.map(([name]) => h("li", {}, h("a", { href: `#schema-${name}` }, name)))),
  );
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

/** Beside this page, whatever prefix a proxy serves both below. */
function address() {
  return location.pathname.replace(/\/docs\/?$/, "/openapi.json");
}

/** @param {string} id */
function place(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

fetch(address())
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
  .then(show)
  .catch((error) => fill(place("state"), `The description cannot be read: ${error.message}`));
