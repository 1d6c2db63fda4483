/** How far the reader had come on each entry of the history, so that back and reload lead there again. */

const KEPT = "registry-places"; // in the tab's storage, for when the document is loaded anew
const MOST = 100;

/** Entries are numbered in order, in `history.state.at`. */
export class Places {
  constructor() {
    history.scrollRestoration = "manual"; // the browser would look before the page is there
    /** @type {Map<number, number>} */
    this._heights = new Map(read());
    this.at = this._number() ?? history.length;
    history.replaceState({ ...history.state, at: this.at }, "");
    addEventListener("pagehide", () => this._keep());
  }

  /** The reader leaves for a new entry, which takes the place of those that come after. */
  push(/** @type {string} */ address) {
    this._note();
    this.at += 1;
    for (const later of this._heights.keys()) if (later >= this.at) this._heights.delete(later);
    history.pushState({ at: this.at }, "", address);
  }

  /** Another address for the same entry. */
  replace(/** @type {string} */ address) {
    history.replaceState({ at: this.at }, "", address);
    this._heights.delete(this.at);
  }

  /** The browser went to another entry: the way there, -1 for back; 0 where it is one that nobody numbered. */
  moved() {
    const to = this._number();
    if (to === null) return 0;
    return to - this.at;
  }

  /** The reader is where the browser went. */
  arrive() {
    this._note();
    this.at = this._number() ?? this.at + 1;
    history.replaceState({ ...history.state, at: this.at }, "");
  }

  /** Whether the reader was on this entry before. */
  get known() {
    return this._heights.has(this.at);
  }

  /** To where they were; at its top, where they were not. */
  restore() {
    scrollTo({ top: this._heights.get(this.at) ?? 0, behavior: "instant" });
  }

  _number() {
    const at = history.state?.at;
    return Number.isInteger(at) ? /** @type {number} */ (at) : null;
  }

  _note() {
    this._heights.delete(this.at);
    this._heights.set(this.at, scrollY);
    for (const oldest of [...this._heights.keys()].slice(0, -MOST)) this._heights.delete(oldest);
  }

  _keep() {
    this._note();
    try {
      sessionStorage.setItem(KEPT, JSON.stringify([...this._heights]));
    } catch {
      // storage is full, or none: a reload begins at the top
    }
  }
}

/** @returns {[number, number][]} */
function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  } catch {
    return [];
  }
}
