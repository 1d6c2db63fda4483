/** What was typed and not saved, kept by the browser: a reload brings it back. */

/**
 * @typedef {Object} Draft
 * @property {string} time
 * @property {number} revision that it is based on; 0: of a new one
 * @property {Record<string, any> | null} base
 * @property {Record<string, any>} mine
 * @property {string | null} yaml where that was typed, and not read yet
 */

const MOST = 20; // drafts: the oldest go
const LARGEST = 1024 * 1024; // characters of one

export class Drafts {
  /**
   * @param {string} base the path of the registry: one origin may hold several
   * @param {Storage | null} [storage]
   */
  constructor(base, storage = kept()) {
    this.prefix = `binder-registry:draft:${base}:`;
    this.storage = storage;
  }

  /**
   * @param {string} what
   * @returns {Draft | null}
   */
  read(what) {
    try {
      const draft = JSON.parse(this.storage?.getItem(this.prefix + what) ?? "null");
      return draft && typeof draft.mine === "object" && draft.mine !== null && Number.isInteger(draft.revision) ? draft : null;
    } catch {
      return null;
    }
  }

  /**
   * @param {string} what
   * @param {Draft} draft
   * @returns {boolean} whether it is kept
   */
  keep(what, draft) {
    const text = JSON.stringify(draft);
    if (!this.storage || text.length > LARGEST) return false;
    try {
      this.storage.setItem(this.prefix + what, text);
      this.bound();
      return true;
    } catch {
      return false; // it is full, or not allowed
    }
  }

  /** @param {string} what */
  drop(what) {
    try {
      this.storage?.removeItem(this.prefix + what);
    } catch {
      // then there is none
    }
  }

  bound() {
    const ours = Object.keys(this.storage ?? {}).filter((key) => key.startsWith(this.prefix));
    const dated = ours.map((key) => /** @type {[string, string]} */ ([key, this.read(key.slice(this.prefix.length))?.time ?? ""]));
    dated.sort(([, one], [, other]) => (one < other ? 1 : -1));
    for (const [key] of dated.slice(MOST)) this.storage?.removeItem(key);
  }
}

function kept() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
