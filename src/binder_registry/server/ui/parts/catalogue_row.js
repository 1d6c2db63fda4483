/** One environment in the list, in a few words. */

import { h } from "../dom.js";
import { who } from "../format.js";
import { changesOf } from "../moments.js";
import { size } from "../searching.js";
import { HUBS_OWN_IMAGE } from "../settings.js";
import { when } from "./small.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Change} Change */
/** @typedef {import("../types.js").Template} Template */
/** @typedef {import("../types.js").Channel} Channel */
/** @typedef {import("../searching.js").Row} Row */

const AT_ONCE = 2; // questions under way
const KEPT = 2_000; // answers, shared by all who look at the list

/** @type {Map<string, string>} who, by name and revision */
const known = new Map();

/** Tells who last changed what is looked at: what nobody looks at is not asked. */
export class WhoChanged {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Element[]} */
    this.waiting = [];
    this.asked = 0;
    this.ended = false;
    this.seen = new IntersectionObserver((entries) => this.see(entries));
  }

  /**
   * @param {HTMLElement} place
   * @param {Template} template
   */
  tell(place, template) {
    if (!this.app.holder) return; // who wrote is told to those only who log in
    const key = `${template.revision} ${template.name}`;
    const by = known.get(key);
    if (by !== undefined) return place.append(by && ` by ${who(by)}`);
    Object.assign(place.dataset, { key, of: template.name });
    this.seen.observe(place);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  see(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.waiting.push(target);
      else this.waiting = this.waiting.filter((one) => one !== target);
    }
    this.next();
  }

  next() {
    while (!this.ended && this.asked < AT_ONCE && this.waiting.length) {
      const place = /** @type {HTMLElement} */ (this.waiting.shift());
      if (!place.isConnected) continue;
      this.seen.unobserve(place);
      this.asked += 1;
      void this.ask(place).finally(() => ((this.asked -= 1), this.next()));
    }
  }

  /** @param {HTMLElement} place */
  async ask(place) {
    const { key = "", of = "" } = place.dataset;
    try {
      const { changes } = await changesOf(this.app.api, of, { limit: 1 });
      if (known.size > KEPT) known.clear();
      known.set(key, changes[0]?.by ?? "");
      if (changes[0]?.by) place.append(` by ${who(changes[0].by)}`);
    } catch {
      return; // then it is not told
    }
  }

  close() {
    this.ended = true;
    this.seen.disconnect();
    this.waiting = [];
  }
}

/**
 * @param {App} app
 * @param {Row} row
 * @param {Change | undefined} change the newest, where it came while the page is open
 * @param {WhoChanged | null} whoChanged
 * @param {number} [revision] of the registry, where that is not now
 * @returns {HTMLElement}
 */
export function rowElement(app, row, change, whoChanged, revision) {
  const { template, title } = row;
  const image = template["image-name"];
  const changed = h("span", { class: "changed", dir: "auto" }, when(change?.time ?? template["time-modified"]));
  if (change?.by) changed.append(` by ${who(change.by)}`);
  else whoChanged?.tell(changed, template);
  return h(
    "li",
    {},
    h(
      "div",
      { class: "what" },
      h("a", { class: "title", dir: "auto", href: app.to("templates", template.name) + (revision === undefined ? "" : `?revision=${revision}`) }, title),
      title === template.name ? null : h("span", { class: "mono quiet", dir: "auto" }, template.name),
      marks(template),
      h("div", { class: "mono quiet image", dir: "auto", title: image }, image === HUBS_OWN_IMAGE ? "the hub’s own image" : image),
    ),
    cell("Size", size(template)),
    cell("For", groups(template)),
    cell("Channels", channels(app, template, revision === undefined)),
    h("div", { class: "cell" }, h("span", { class: "unseen" }, "Changed "), changed),
  );
}

/**
 * @param {string} head
 * @param {import("../dom.js").Child} content
 */
function cell(head, content) {
  return h("div", { class: "cell" }, content ? [h("span", { class: "unseen" }, `${head}: `), content] : null);
}

/** @param {Template} template */
function marks(template) {
  return [
    template.paused ? h("span", { class: "tag warn", title: template.paused }, "paused") : null,
    template["replaced-by"] ? h("span", { class: "tag bad", dir: "auto" }, `replaced by ${template["replaced-by"]}`) : null,
    template.deprecated ? h("span", { class: "tag warn", title: template.deprecated }, "deprecated") : null,
    template.default ? h("span", { class: "tag accent" }, "preselected") : null,
  ];
}

/** @param {Template} template */
function groups(template) {
  const names = template["allowed-groups"];
  if (!names) return h("span", { class: "quiet" }, "everyone");
  if (!names.length) return h("span", { class: "quiet" }, "nobody");
  const shown = names.slice(0, 3).map((/** @type {string} */ name) => [h("span", { class: "tag", dir: "auto" }, name), " "]);
  return [shown, names.length > 3 ? h("span", { class: "quiet", title: names.slice(3, 50).join(", ") }, `and ${names.length - 3} more`) : null];
}

/**
 * @param {App} app
 * @param {Template} template
 * @param {boolean} now
 */
function channels(app, template, now) {
  const all = Object.entries(/** @type {Record<string, Channel>} */ (template.channels ?? {}));
  if (!all.length) return null;
  return all.map(([name, { behind }]) => {
    const [text, kind] = behind ? [`${name} ${behind} behind`, "tag warn"] : [name, "tag accent"];
    return [now ? h("a", { class: kind, href: `${app.to("templates", template.name)}?channel=${name}` }, text) : h("span", { class: kind }, text), " "];
  });
}
