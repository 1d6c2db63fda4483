/** What is chosen of a template's options, and how an address says it: `?option.size=large`. Pure. */

/** @typedef {import("./types.js").Option} Option */
/** @typedef {import("./types.js").Choice} Choice */
/** @typedef {{ [option: string]: string | { "free-text": string } }} Chosen without what stays at its default */

const PREFIX = "option.";
const TYPED = ".free-text";

/**
 * @param {Iterable<[string, string]>} query
 * @param {Option[]} options
 * @returns {Chosen} what there is of it; an option may be called `image.free-text`, and comes first
 */
export function chosenIn(query, options) {
  const names = new Set(options.map((option) => option.name));
  /** @type {Chosen} */
  const found = {};
  for (const [parameter, value] of query) {
    if (!parameter.startsWith(PREFIX)) continue;
    const name = parameter.slice(PREFIX.length);
    if (names.has(name)) found[name] = value;
    else if (name.endsWith(TYPED)) found[name.slice(0, -TYPED.length)] = { "free-text": value };
  }
  return stillThere(found, options);
}

/**
 * @param {Chosen} chosen
 * @returns {[string, string][]} parameters of a query
 */
export function parametersOf(chosen) {
  return Object.entries(chosen).map(([name, choice]) =>
    typeof choice === "string" ? [PREFIX + name, choice] : [PREFIX + name + TYPED, choice["free-text"]],
  );
}

/**
 * Where the options are others now.
 * @param {Chosen} chosen
 * @param {Option[]} options
 * @returns {Chosen}
 */
export function stillThere(chosen, options) {
  const kept = options.filter((option) => {
    const choice = choiceIn(chosen, option);
    if (choice === undefined) return false;
    if (typeof choice === "string") return (option.choices ?? []).some((one) => one.name === choice);
    return Boolean(option["free-text"]);
  });
  return Object.fromEntries(kept.map((option) => [option.name, chosen[option.name]]));
}

/**
 * An option may be called `constructor`.
 * @param {Chosen} chosen
 * @param {Option} option
 */
export function choiceIn(chosen, option) {
  return Object.hasOwn(chosen, option.name) ? chosen[option.name] : undefined;
}

/**
 * @param {Option} option
 * @returns {Choice | undefined} taken where none is made, as by a hub
 */
export function defaultOf(option) {
  const choices = option.choices ?? [];
  return choices.find((choice) => choice.default) ?? choices[0];
}

/**
 * A choice that is taken anyway, so that the server decides on all of them.
 * @param {Option[]} options one at least
 * @returns {Chosen}
 */
export function anyDefault([first]) {
  return { [first.name]: defaultOf(first)?.name ?? { "free-text": "" } };
}

/** @param {{ name: string, "display-name"?: string }} part */
export function titleOf(part) {
  return part["display-name"] || part.name;
}

/**
 * What a hub's form writes of a choice in its menu.
 * @param {Choice & { deprecated?: string }} choice
 */
export function told(choice) {
  const deprecated = choice.deprecated && `Deprecated: ${choice.deprecated}`;
  return [titleOf(choice), choice.description, deprecated].filter(Boolean).join(" - ");
}
