/** Starts the page: finds what an address is of, shows it, and knows who looks. */

import { Api } from "./api.js";
import { Catalogue } from "./catalogue.js";
import { announce, fill, h } from "./dom.js";
import { PAGES } from "./pages.js";
import { header } from "./parts/header.js";
import { failure, loading } from "./parts/states.js";
import { loaded, outdated, Unloaded } from "./parts/unloaded.js";
import { Places } from "./places.js";
import { reaches } from "./reaching.js";
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
    const { base: up = "", login = "", loginGrants = "", reads = "open" } = document.documentElement.dataset;
    const base = new URL(up, location.href).pathname.replace(/\/$/, ""); // as it is seen from outside
    this.base = `${base}/ui/`;
    this.login = login; // where a hub's users come in; empty: there is none
    this.grants = loginGrants; // what a login by the hub may do here: "all", or "read"
    this.reads = reads; // "open", or "protected"
    this.api = new Api(base);
    this.catalogue = new Catalogue(this.api);
    /** @type {Holder | null} */
    this.holder = null;
    /** @type {Page | null} */
    this._page = null;
    this._places = new Places();
    this._shown = "";
    this._turn = 0;
  }

  /**
   * @param {string} scope
   * @param {import("./types.js").Template} [template] which it is about
   */
  may(scope, template) {
    return this.holder !== null && this.holder.scopes.includes(scope) && (!template || reaches(this.holder.reach, template));
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
    if (how.replace || address === this._shown) this._places.replace(address);
    else this._places.push(address);
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
    const first = !this._shown;
    this._page?.close?.();
    this._page = null;
    this._shown = location.pathname + location.search;
    main.ariaBusy = "true";
    fill(main, loading());
    const page = await this._made();
    if (turn !== this._turn) return page.close?.(); // another was asked for meanwhile
    this._page = page;
    const heading = h("h1", { tabindex: -1, dir: "auto" }, page.title);
    document.title = `${page.title} · Environments`;
    fill(main, h("div", { class: "heading" }, heading, h("div", { class: "actions" }, page.actions)), page.content);
    main.ariaBusy = null;
    fill(/** @type {Element} */ (document.getElementById("top")), header(this));
    if (!first) heading.focus({ preventScroll: true }); // who came to the document begins at its top
    announce(page.title);
    const named = document.getElementById(fragment());
    if (named && !this._places.known) named.scrollIntoView();
    else this._places.restore();
  }

  /** @returns {Promise<Page>} what the address is of, or what stands in its place */
  async _made() {
    const found = matched(PAGES, location.pathname.slice(this.base.length));
    try {
      if (!found) return missing(this);
      const { default: make } = await loaded(found.page);
      return await make(this, found.parameters, new URLSearchParams(location.search));
    } catch (error) {
      return error instanceof Unloaded ? outdated() : failure(this, error);
    }
  }

  async start() {
    settle();
    fill(/** @type {Element} */ (document.getElementById("content")), loading());
    document.addEventListener("click", (event) => this._follow(event));
    addEventListener("popstate", () => this._moved());
    addEventListener("beforeunload", (event) => {
      if (this._page?.leave?.()) event.preventDefault();
    });
    await this.identify();
    await this.show();
  }

  /** The browser went back or forward. */
  _moved() {
    if (location.pathname + location.search === this._shown) return this._places.arrive(); // a place within the page
    if (this._mayLeave()) {
      this._places.arrive();
      return void this.show();
    }
    const way = this._places.moved();
    if (way) history.go(-way);
    else this._places.push(this._shown);
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
    void this.go(address.pathname + address.search + address.hash);
  }
}

/** The part of the page that the address names. */
function fragment() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

/** The addresses of the document are relative to where it was loaded, which the bar soon does not show any more. */
function settle() {
  for (const link of /** @type {NodeListOf<HTMLAnchorElement | HTMLLinkElement>} */ (document.querySelectorAll("[href]")))
    if (!link.getAttribute("href")?.startsWith("#")) link.setAttribute("href", link.href);
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
