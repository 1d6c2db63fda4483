/** All templates as they are now, kept so by the feed. One for the page: who shows a list looks here. */

import { follow } from "./feed.js";

/** @typedef {import("./types.js").Template} Template */
/** @typedef {import("./types.js").Change} Change */
/** @typedef {import("./feed.js").State} State */

export class Catalogue {
  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.api = api;
    /** @type {Map<string, Template>} the living, by name; a template that changes becomes another object */
    this.templates = new Map();
    /** @type {Map<string, Change>} the newest change of each that changed since the page is open */
    this.newest = new Map();
    /** @type {State} */
    this.state = "waiting";
    this.revision = 0;
    /** @type {Set<(changes: Change[]) => void>} */
    this._listeners = new Set();
    /** @type {Promise<void> | null} */
    this._loading = null;
    this._ends = new AbortController();
  }

  /** Resolves once the templates are there. Raises `Refusal`. */
  load() {
    this._loading ??= this._read().then(
      (position) => this._follow(position),
      (error) => {
        this._loading = null;
        throw error;
      },
    );
    return this._loading;
  }

  /** Another holder may see other things. */
  forget() {
    this._ends.abort();
    this._ends = new AbortController();
    this._loading = null;
    this.templates.clear();
  }

  /**
   * @param {(changes: Change[]) => void} listener called after changes, and with none of them where the state of the
   *   feed changed or all was read anew
   * @returns {() => void} ends it
   */
  listen(listener) {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  async _read() {
    const { body, headers } = await this.api.ask("/templates?view=full");
    this.templates = new Map(body.map((/** @type {Template} */ one) => [one.name, one]));
    this.revision = Number(headers.get("registry-revision"));
    return (headers.get("etag") ?? String(this.revision)).replaceAll('"', "");
  }

  /** @param {string} position */
  _follow(position) {
    follow(this.api, {
      position,
      signal: this._ends.signal,
      changed: (changes) => {
        for (const change of changes) this._take(change);
        this._tell(changes);
      },
      lost: async () => {
        const anew = await this._read();
        this._tell([]);
        return anew;
      },
      told: (state) => {
        if (state === this.state) return;
        this.state = state;
        this._tell([]);
      },
    });
  }

  /** @param {Change} change */
  _take(change) {
    this.revision = change.revision;
    if (change.action === "purged") return;
    this.newest.set(change.name, change);
    if (change.action === "deleted" || !change.template) this.templates.delete(change.name);
    else this.templates.set(change.name, { ...change.template, revision: change.revision });
  }

  /** @param {Change[]} changes */
  _tell(changes) {
    for (const listener of this._listeners) listener(changes);
  }
}
