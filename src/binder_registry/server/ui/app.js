/** Starts the page: finds what an address is of, shows it, and knows who looks. */

import { Api } from "./api.js";
import { Catalogue } from "./catalogue.js";
import { announce, fill, h } from "./dom.js";
import { PAGES } from "./pages.js";
import { header } from "./parts/header.js";
import { failure, loading } from "./parts/states.js";
import { matched } from "./router.js";

/** @typedef {import("./types.js").Holder} Holder */
/** @typedef {import("./dom.js").Child} Child */

/**
 * What a page gives. `title` is its heading's text; `content` stands below it. `leave` is asked before another page
 * comes: a sentence makes the reader confirm. `close` ends what the page started.
 * @typedef {{ title: string, content: Child, actions?: Child, leave?: () => string, close?: () => void }} Page
 * @typedef {(app: App, parameters: Record<string, string>, query: URLSearchParams) => Page | Promise<Page>} MakePage
 */

export class App {
  constructor() {
    const { base = "", login = "", reads = "open" } = document.documentElement.dataset;
    this.base = `${base}/ui/`;
    this.login = login; // where a hub's users come in; empty: there is none
    this.reads = reads; // "open", or "protected"
    this.api = new Api(base);
    this.catalogue = new Catalogue(this.api);
    /** @type {Holder | null} */
    this.holder = null;
    /** @type {Page | null} */
    this._page = null;
    this._shown = "";
    this._turn = 0;
  }

  /** @param {string} scope */
  may(scope) {
    return this.holder?.scopes.includes(scope) ?? false;
  }

  /**
   * @param {...string} segments of one of our pages
   * @returns {string} its address
   */
  to(...segments) {
    return this.base + segments.map(encodeURIComponent).join("/");
  }

  /**
   * @param {string} address
   * @param {{ replace?: boolean }} [how]
   */
  async go(address, how = {}) {
    if (!this._mayLeave()) return;
    history[how.replace ? "replaceState" : "pushState"](null, "", address);
    await this.show();
  }

  /**
   * Notes in the address what is looked at (a search, a choice), without another page.
   * @param {URLSearchParams} query
   */
  note(query) {
    const text = query.toString();
    history.replaceState(history.state, "", location.pathname + (text && `?${text}`));
    this._shown = location.pathname + location.search;
  }

  /** Asks again who looks; another may see and do other things. */
  async identify() {
    const asked = this.api.knows ? this.api.ask("/tokens/self") : Promise.reject();
    this.holder = await asked.then(
      (answer) => answer.body,
      () => null,
    );
    fill(/** @type {Element} */ (document.getElementById("top")), header(this));
  }

  async show() {
    const turn = ++this._turn;
    const main = /** @type {HTMLElement} */ (document.getElementById("content"));
    this._page?.close?.();
    this._page = null;
    this._shown = location.pathname + location.search;
    const found = matched(PAGES, location.pathname.slice(this.base.length));
    fill(main, loading());
    /** @type {Page} */
    let page;
    try {
      const make = found ? (await found.page()).default : null;
      page = make ? await make(this, found?.parameters ?? {}, new URLSearchParams(location.search)) : missing(this);
    } catch (error) {
      page = failure(this, error);
    }
    if (turn !== this._turn) return page.close?.(); // another was asked for meanwhile
    this._page = page;
    const heading = h("h1", { tabindex: -1, dir: "auto" }, page.title);
    document.title = `${page.title} · Environments`;
    fill(main, h("div", { class: "heading" }, heading, h("div", { class: "actions" }, page.actions)), page.content);
    fill(/** @type {Element} */ (document.getElementById("top")), header(this));
    heading.focus({ preventScroll: true });
    announce(page.title);
  }

  async start() {
    document.addEventListener("click", (event) => this._follow(event));
    addEventListener("popstate", () => {
      if (location.pathname + location.search === this._shown) return; // only a place within the page
      if (this._mayLeave()) void this.show();
      else history.pushState(null, "", this._shown);
    });
    addEventListener("beforeunload", (event) => {
      if (this._page?.leave?.()) event.preventDefault();
    });
    await this.identify();
    await this.show();
  }

  _mayLeave() {
    const why = this._page?.leave?.();
    return !why || confirm(why);
  }

  /** @param {MouseEvent} event */
  _follow(event) {
    const link = /** @type {Element} */ (event.target).closest?.("a");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    const address = new URL(link.href);
    const ours = address.origin === location.origin && address.pathname.startsWith(this.base);
    if (!ours || !matched(PAGES, address.pathname.slice(this.base.length))) return;
    if (address.hash && address.pathname === location.pathname) return;
    event.preventDefault();
    void this.go(address.pathname + address.search);
  }
}

/**
 * @param {App} app
 * @returns {Page}
 */
function missing(app) {
  return {
    title: "There is no such page",
    content: h("p", { class: "state" }, "The address is of nothing that is here. ", h("a", { href: app.base }, "All environments")),
  };
}

void new App().start();
