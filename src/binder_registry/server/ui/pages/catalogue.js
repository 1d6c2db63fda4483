/** All environments: found by words and labels, in an order; now and live, or as they were. */

import { h } from "../dom.js";
import { rowElement, WhoChanged } from "../parts/catalogue_row.js";
import { deleted } from "../parts/deleted.js";
import { Finder } from "../parts/finder.js";
import { empty } from "../parts/states.js";
import { then } from "../parts/then.js";

/** @typedef {import("../app.js").App} App */

/** @type {import("../app.js").MakePage} */
export default async function catalogue(app, _parameters, query) {
  if (query.get("deleted") === "true") return deleted(app, query);
  const past = await then(app, query);
  return past ? asItWas(app, query, past) : asItIs(app, query);
}

/**
 * @param {App} app
 * @param {URLSearchParams} query
 * @returns {Promise<import("../app.js").Page>}
 */
async function asItIs(app, query) {
  await app.catalogue.load();
  const whoChanged = new WhoChanged(app);
  const create = app.may("write") && [h("a", { class: "button", href: app.to("new") }, "Make the first"), " ", h("a", { class: "button", href: app.to("apply") }, "Apply a file")];
  const finder = new Finder(app, query, {
    templates: () => app.catalogue.templates,
    row: (row) => rowElement(app, row, app.catalogue.newest.get(row.template.name), whoChanged),
    heads: ["Environment", "Size", "For", "Channels", "Changed"],
    elsewhere: [h("a", { href: `${app.base}?deleted=true` }, "Deleted ones"), h("a", { href: `${app.base}?at=` }, "As it was…")],
    none: () => empty("There is no environment yet.", create),
  });
  const ends = app.catalogue.listen((changes) => finder.heard(changes));
  return {
    title: "Environments",
    actions: app.may("write") && h("a", { class: "button primary", href: app.to("new") }, "New environment"),
    content: finder.content,
    close: () => (ends(), finder.close(), whoChanged.close()),
  };
}

/**
 * @param {App} app
 * @param {URLSearchParams} query
 * @param {import("../parts/then.js").Then} past
 * @returns {import("../app.js").Page}
 */
function asItWas(app, query, past) {
  const finder = new Finder(app, query, {
    templates: () => past.templates,
    row: (row) => rowElement(app, row, undefined, null, past.revision),
    heads: ["Environment", "Size", "For", "Channels", "Changed"],
    elsewhere: [h("a", { href: app.base }, "As it is now")],
    none: () => empty("There was no environment then.", h("a", { class: "button", href: app.base }, "As it is now")),
  });
  return { title: `Environments at revision ${past.revision}`, content: [past.banner, finder.content], close: () => finder.close() };
}
