/** What must be known of a template before all else. */

import { h } from "../dom.js";
import { who } from "../format.js";
import { isDeleted, numbered } from "../moments.js";
import { contentRevision } from "../promotions.js";
import { tries } from "./noting.js";
import { bringBack, restore } from "./restoring.js";
import { long, note, when } from "./small.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */
/** @typedef {import("../dom.js").Child} Child */

/**
 * @param {App} app
 * @param {import("../looking.js").Look} look
 * @param {() => void} lookAgain
 * @returns {Child}
 */
export function notices(app, look, lookAgain) {
  const { shown, now, then, revision, channel } = look;
  const [name, gone] = [now.name, isDeleted(then)];
  const back = (/** @type {() => Promise<unknown>} */ act) => app.may("write", shown) && h("button", { type: "button", onclick: tries(act) }, "Restore…");
  return [
    app.catalogue.state === "away" && banner("warn", "The registry does not answer. What you see may be old."),
    (channel || revision) && asOf(app, look, revision && !gone ? back(() => restore(app, name, revision, lookAgain)) : null),
    gone && banner("bad", h("strong", {}, "Deleted"), then.by ? ` by ${who(then.by)}` : "", ". What follows is what it was. ", isDeleted(now) && h("span", { class: "ways" }, back(() => bringBack(app, name, lookAgain)))),
    banners(app, shown),
  ];
}

/**
 * @param {App} app
 * @param {Template} template
 * @returns {HTMLElement[]}
 */
function banners(app, template) {
  const found = [];
  if (template.paused) found.push(banner("warn", h("strong", {}, "Paused"), " ", text(template.paused)));
  if (template.deprecated) found.push(banner("warn", h("strong", {}, "Deprecated"), " ", text(template.deprecated)));
  if (template["replaced-by"]) found.push(banner("warn", h("strong", {}, "Replaced by"), " ", h("a", { href: app.to("templates", template["replaced-by"]), dir: "auto" }, template["replaced-by"])));
  return found;
}

/**
 * That what is shown is not what is now.
 * @param {App} app
 * @param {import("../looking.js").Look} look
 * @param {Child} way what else leads on
 */
function asOf(app, { now, then, revision, channel }, way) {
  const name = now.name;
  const newest = contentRevision(numbered(now));
  const what = channel ? ["As of the channel ", h("strong", {}, channel)] : ["As it was at ", h("strong", {}, `revision ${revision}`)];
  const here = app.to("templates", name);
  return banner(
    "",
    ...what,
    ", written ",
    when(then.time),
    then.revision !== revision ? [" at revision ", h("a", { href: `${here}?revision=${then.revision}` }, String(then.revision))] : null,
    ". ",
    h("span", { class: "ways" }, h("a", { href: here }, "See it now"), h("a", { href: `${app.to("templates", name, "compare")}?from=${then.revision}&to=${newest}` }, "Compare with now"), way),
  );
}

/**
 * @param {string} kind "", "warn", "bad"
 * @param {...Child} children
 */
function banner(kind, ...children) {
  return h("div", { class: `banner ${kind}` }, children);
}

/** @param {string} written */
function text(written) {
  return h("span", { class: "told" }, long(written, note));
}
