/** All templates as they are now, kept so by the feed. One for the page: who shows a list looks here. */

import { follow } from "./feed.js";

/** @typedef {import("./types.js").Template} Template */
/** @typedef {import("./types.js").Change} Change */
/** @typedef {import("./feed.js").State | "idle"} State `idle`: nobody asked for it yet */

export class Catalogue {
  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.api = api;
    /** @type {Map<string, Template>} the living, by name; a template that changes becomes another object */
    this.templates = new Map();
    /** @type {Map<string, Change>} the newest change of each that changed since all was read, without its content */
    this.newest = new Map();
    /** @type {State} */
    this.state = "idle";
    this.revision = 0;
    /** @type {Set<(changes: Change[]) => void>} */
    this._listeners = new Set();
    /** @type {Promise<void> | null} */
    this._loading = null;
    this._ends = new AbortController();
    this._wakes = new EventTarget();
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  /** Resolves once the templates are there. Raises `Refusal`. */
  load() {
    if (this._loading) return this._loading;
    const { signal } = this._ends;
    const loading = this._read(signal).then(
      (position) => this._follow(position, signal),
      (error) => {
        if (this._loading === loading) this._loading = null;
        throw error;
      },
    );
    return (this._loading = loading);
  }

  /** Asks at once, where it waits to ask again. */
  retry() {
    this._wakes.dispatchEvent(new Event("wake"));
  }

  /** Another holder may see other things. */
  forget() {
    this._ends.abort();
    this._ends = new AbortController();
    this._loading = null;
    this.templates = new Map();
    this.newest.clear();
    this.state = "idle";
    this._tell([]);
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

  /** @param {AbortSignal} signal */
  async _read(signal) {
    const { body, headers } = await this.api.ask("/templates?view=full", { signal });
    signal.throwIfAborted();
    this.newest.clear();
    this.templates = new Map(body.map((/** @type {Template} */ one) => [one.name, one]));
    this.revision = Number(headers.get("registry-revision"));
    return (headers.get("etag") ?? String(this.revision)).replaceAll('"', "");
  }

  /**
   * @param {string} position
   * @param {AbortSignal} signal
   */
  _follow(position, signal) {
    void follow(this.api, {
      position,
      signal,
      wakes: this._wakes,
      changed: (changes) => {
        for (const change of changes) this._take(change);
        this._tell(changes);
      },
      lost: async () => {
        const anew = await this._read(signal);
        this._tell([]);
        return anew;
      },
      told: (state) => {
        if (state === this.state || signal.aborted) return;
        this.state = state;
        this._tell([]);
      },
    });
  }

  /** @param {Change} change */
  _take(change) {
    this.revision = change.revision;
    if (change.action === "purged") return;
    this.newest.set(change.name, { ...change, template: undefined });
    if (change.action === "deleted" || !change.template) this.templates.delete(change.name);
    else this.templates.set(change.name, { ...change.template, revision: change.revision });
  }

  /** @param {Change[]} changes */
  _tell(changes) {
    for (const listener of this._listeners) {
      try {
        listener(changes);
      } catch (error) {
        console.error(error); // which is not the feed's, nor another listener's
      }
    }
  }
}
