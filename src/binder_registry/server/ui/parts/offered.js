/** What a hub makes of a template, as far as the registry knows, and what it does not. */

import { h } from "../dom.js";
import { narrowed, offeringOf } from "../offering.js";
import { refused } from "./states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */

const MANY = 500; // templates, all of which are not asked for unasked

/**
 * Where that is no great question it is asked at once.
 * @param {App} app
 * @param {Template} template
 * @param {string | null} channel
 * @returns {Promise<HTMLElement>}
 */
export async function onAHub(app, template, channel) {
  const many = app.catalogue.templates.size > MANY && !Object.keys(template.labels ?? {}).length;
  if (!many) return offered(app, template, channel);
  const place = h("div", {});
  place.append(h("button", { type: "button", onclick: async () => place.replaceChildren(await offered(app, template, channel)) }, "Ask what a hub makes of it"));
  return place;
}

/**
 * Asks, and draws what is answered.
 * @param {App} app
 * @param {Template} template
 * @param {string | null} channel
 * @returns {Promise<HTMLElement>}
 */
async function offered(app, template, channel) {
  const explain = app.may("admin");
  try {
    const ask = async (/** @type {Template} */ of) => offeringOf((await app.api.ask(`/view?${narrowed(of, { explain, channel })}`)).body, template.name);
    let found = await ask(template);
    // What the hub offers may be an older revision, with other labels.
    if (!found.offered.length && !found.whole && template.labels) found = await ask({ ...template, labels: undefined });
    return drawn(found, app);
  } catch (error) {
    return refused(error);
  }
}

/**
 * @param {import("../offering.js").Offering} found
 * @param {App} app
 */
function drawn(found, app) {
  const names = found.offered.filter((name) => name.includes("/"));
  return h(
    "div",
    {},
    h("p", {}, sentence(found), names.length ? [" Beside it stands what is tried out: ", names.map((name, at) => [at ? ", " : "", h("code", {}, name)]), "."] : null),
    found.choices.length ? h("ul", { class: "withheld" }, found.choices.map((one) => h("li", {}, h("code", {}, `${one.option}: ${one.choice || "all of it"}`), " takes ", one.needs))) : null,
    h(
      "p",
      { class: "quiet" },
      "Without the hub’s rules the registry knows of what no hub offers, and of groups. What the hub’s own functions and its spawner make of it, only the hub knows: it has the last word at each start.",
      found.partly ? " It also knows of groups that the registry does not, and may offer more." : "",
    ),
    app.may("admin") ? h("p", {}, h("a", { href: app.to("view") }, "What does somebody else see?")) : null,
  );
}

/** @param {import("../offering.js").Offering} found */
function sentence(found) {
  if (found.whole?.option) return [h("span", { class: "tag warn" }, "Left out"), ` for ${found.asked}: an option has nothing that may be taken.`];
  if (found.whole) return [h("span", { class: "tag warn" }, "Left out"), ` for ${found.asked}: ${found.whole.rule === "allowed-groups" ? "it takes " : ""}${found.whole.needs}.`];
  if (found.offered.length) return [h("span", { class: "tag accent" }, "Offered"), ` to ${found.asked}${found.choices.length ? ", without these choices:" : "."}`];
  if (found.explained) return [h("span", { class: "tag" }, "Not told"), " The registry says neither that it is offered nor why not: it changed at this moment."];
  return [h("span", { class: "tag warn" }, "Left out"), ` for ${found.asked}. Why, the registry tells its admins alone.`];
}
