/** Where the channels of a template point, and what may be done about it. */

import { h } from "../dom.js";
import { contentRevision } from "../promotions.js";
import { tries } from "./noting.js";
import { end, promote, rollBack } from "./promoting.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */

/**
 * @param {App} app
 * @param {Template} template as it is now
 * @param {() => void} lookAgain called where it was changed meanwhile, and the reader wants to see it
 * @returns {HTMLElement}
 */
export function channels(app, template, lookAgain) {
  const all = Object.entries(/** @type {Record<string, import("../types.js").Channel>} */ (template.channels ?? {}));
  const may = app.may("promote", template);
  const another = may && h("p", {}, button("Promote to a new channel…", "", () => promote(app, template, {}, lookAgain)));
  if (!all.length) return h("div", {}, h("p", { class: "quiet" }, "There are none: everybody gets the newest revision."), another);
  return h("div", {}, h("ul", { class: "channel-list" }, all.map(([name, channel]) => row(app, template, name, channel, may, lookAgain))), another);
}

/**
 * @param {App} app
 * @param {Template} template
 * @param {string} name
 * @param {import("../types.js").Channel} channel
 * @param {boolean} may
 * @param {() => void} lookAgain
 */
function row(app, template, name, channel, may, lookAgain) {
  const here = app.to("templates", template.name);
  const newest = contentRevision(template);
  const compare = `${app.to("templates", template.name, "compare")}?from=${channel.revision}&to=${newest}`;
  const current = channel.behind === 0;
  return h(
    "li",
    {},
    h("a", { class: "name", href: `${here}?channel=${name}` }, name),
    h("span", {}, "at ", h("a", { href: `${here}?revision=${channel.revision}` }, `revision ${channel.revision}`)),
    current ? h("span", { class: "tag" }, "newest") : h("a", { class: "tag warn", href: compare, "aria-label": `${name} is ${channel.behind} behind: compare with the newest` }, `${channel.behind} behind`),
    may
      ? h(
          "span",
          { class: "doing" },
          button("Promote…", `to ${name}`, () => promote(app, template, { channel: name }, lookAgain)),
          button("Roll back…", name, () => rollBack(app, template, name, lookAgain)),
          button("End…", name, () => end(app, template, name, lookAgain)),
        )
      : null,
  );
}

/**
 * @param {string} text
 * @param {string} of for who hears it
 * @param {() => Promise<unknown>} act
 */
function button(text, of, act) {
  return h("button", { type: "button", class: of ? "plain" : "", "aria-label": of && `${text} ${of}`, onclick: tries(act) }, text);
}
