/** Tokens: which there are, made, renewed, revoked. A secret is shown once. */

import { path, Refusal } from "../api.js";
import { fill, h } from "../dom.js";
import { counted, moment, who } from "../format.js";
import { reached } from "../holding.js";
import { ask, toast } from "../parts/dialog.js";
import { holderFacts } from "../parts/holder.js";
import { field } from "../parts/inputs.js";
import { secretShown } from "../parts/secret.js";
import { note, when } from "../parts/small.js";
import { empty, refused } from "../parts/states.js";
import { tokenForm } from "../parts/token-form.js";
import { line, parted, stateOf } from "../token-list.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../token-list.js").Token} Token */

const PAGE = 1000;
const HOUR = 3600;

/** @type {import("../app.js").MakePage} */
export default async function tokens(app) {
  const page = new Tokens(app);
  try {
    await page.read();
  } catch (error) {
    if (!(error instanceof Refusal && error.kind === "tokens_not_kept")) throw error;
    return { title: "Tokens", content: empty("The database of this registry keeps no tokens.", h("a", { href: app.base }, "All environments")) };
  }
  return { title: "Tokens", content: page.content, actions: page.actions, leave: () => page.leave() };
}

class Tokens {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** @type {Token[]} */
    this.tokens = [];
    this.secret = h("div");
    this.told = ""; // of which token the secret stands there
    this.list = h("section");
    const make = h("details", { class: "make" }, h("summary", {}, "Make a token"), tokenForm(app, (token) => void this.made(token, "made")));
    this.make = app.may("tokens") ? make : null;
    const you = app.holder && h("section", {}, h("h2", {}, "You"), holderFacts(app.holder));
    this.content = [this.secret, this.make, this.list, you];
    this.actions = app.may("admin") ? h("a", { class: "button", href: app.to("audit") }, "What was done to them") : null;
  }

  leave() {
    return this.secret.hasChildNodes() ? "The secret is shown once: when you leave it is gone." : "";
  }

  async read() {
    /** @type {Token[]} */
    const found = [];
    for (let after = ""; ; after = found[found.length - 1].name) {
      const { body, headers } = await this.app.api.ask(`/tokens?limit=${PAGE}${after && `&after=${encodeURIComponent(after)}`}`);
      found.push(...body.tokens);
      if (!headers.get("link") || !body.tokens.length) break;
    }
    this.tokens = found;
    this.draw();
  }

  draw() {
    const { living, ended } = parted(this.tokens, new Date());
    const title = this.app.may("admin") ? "All that hold" : "Yours, and those that you made";
    fill(
      this.list,
      h("h2", { tabindex: -1 }, `${title}: ${living.length.toLocaleString("en")}`),
      living.length ? this.table(living, true) : empty("There are none yet.", this.make ? "A token does one thing, for one purpose, until a day: make one above." : null),
      ended.length ? h("details", { class: "launch" }, h("summary", {}, `Expired or revoked: ${ended.length.toLocaleString("en")}`), this.table(ended, false)) : null,
    );
  }

  /**
   * @param {Token[]} tokens
   * @param {boolean} living
   */
  table(tokens, living) {
    const heads = ["Name", "May", "Reaches", living ? "Until" : "Ended", "Last used", "Made by", ...(living ? ["To do"] : [])];
    return h(
      "div",
      { class: "wide", tabindex: 0, role: "region", "aria-label": living ? "Tokens that hold" : "Tokens that have ended" },
      h("table", { class: "table tokens" }, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, tokens.map((token) => this.row(token, living)))),
    );
  }

  /**
   * @param {Token} token
   * @param {boolean} living
   */
  row(token, living) {
    const state = stateOf(token, new Date());
    const end = token.revoked ?? token.expires;
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("code", {}, token.name), token.id === this.app.holder?.id && [" ", h("span", { class: "tag accent" }, "yours")], token.note && h("div", { class: "quiet" }, note(token.note))),
      h("td", {}, token.scopes.map((scope) => [h("span", { class: scope === "admin" ? "tag warn" : "tag" }, scope), " "])),
      h("td", { dir: "auto" }, reached(token.templates ?? [], token.labels ?? "")),
      h("td", {}, h("time", { datetime: end, title: moment(new Date(end)) }, new Date(end).toLocaleDateString("en", { dateStyle: "medium" })), state === "soon" && [" ", h("span", { class: "tag warn" }, "soon")], !living && [" ", h("span", { class: "tag" }, state)]),
      h("td", {}, token.used ? when(token.used) : h("span", { class: "quiet" }, "never")),
      h("td", { dir: "auto" }, who(token.by)),
      living && h("td", {}, h("div", { class: "actions" }, this.button("Rotate", token, () => this.rotate(token)), this.button("Revoke", token, () => this.revoke(token)))),
    );
  }

  /**
   * @param {string} what
   * @param {Token} token
   * @param {() => void} act
   */
  button(what, token, act) {
    return h("button", { type: "button", class: what === "Revoke" ? "danger" : "", "aria-label": `${what} ${token.name}`, onclick: act }, what);
  }

  /**
   * @param {Token} token
   * @param {string} how
   */
  async made(token, how) {
    const put = () => {
      fill(this.secret);
      /** @type {HTMLElement | null} */ (this.list.querySelector("h2"))?.focus();
    };
    this.told = token.id;
    fill(this.secret, secretShown(token.name, token.token ?? "", put));
    if (this.make) this.make.open = false;
    /** @type {HTMLElement | null} */ (this.secret.querySelector("h2"))?.focus();
    toast(`${token.name} is ${how}`);
    await this.again();
  }

  async again() {
    try {
      await this.read();
    } catch (error) {
      fill(this.list, refused(error));
    }
  }

  /** @param {Token} token */
  async rotate(token) {
    const keep = field("Hours that the old secret holds", h("input", { id: "keep-old", type: "number", min: 0, max: 720, step: "any", value: "0", inputmode: "decimal" }), "0: it ends at once. What is made with it meanwhile ends with it.");
    /** @type {Token | null} */
    let renewed = null;
    await ask(`Rotate ${token.name}?`, [h("p", {}, "It gets a new secret under the same name, which ends as before, at ", moment(new Date(token.expires)), "."), keep.element], {
      action: "Rotate",
      act: async () => {
        try {
          const seconds = Math.round(Number(keep.input.value || 0) * HOUR);
          renewed = (await this.app.api.ask(`${path("tokens", token.id)}/rotate`, { method: "POST", body: { "keep-old": seconds } })).body;
          if (token.id === this.app.holder?.id && this.app.api.token && renewed?.token) this.app.api.token = renewed.token;
        } catch (error) {
          return refused(error);
        }
      },
    });
    if (renewed) await this.made(renewed, "renewed");
  }

  /** @param {Token} token */
  async revoke(token) {
    const made = line(token, parted(this.tokens, new Date()).living);
    const own = token.id === this.app.holder?.id;
    const content = [
      h("p", {}, "Whoever uses it is refused from now on. It does not come back."),
      made.length ? h("p", {}, `${counted(made.length, "token")} that it made ${made.length === 1 ? "ends" : "end"} with it: `, h("b", {}, made.map((one) => one.name).join(", ")), ".") : null,
      own ? h("p", {}, h("b", {}, "It is the one that you use: you are logged out then.")) : null,
    ];
    const done = await ask(`Revoke ${token.name}?`, content, {
      action: "Revoke",
      danger: true,
      act: async () => {
        try {
          await this.app.api.ask(path("tokens", token.id), { method: "DELETE" });
        } catch (error) {
          return refused(error);
        }
      },
    });
    if (!done) return;
    toast(`${token.name} is revoked`);
    if ([token, ...made].some((one) => one.id === this.told)) fill(this.secret); // it is good for nothing
    if (own) {
      this.app.api.token = "";
      await this.app.identify();
      return this.app.go(this.app.to("login"), { replace: true });
    }
    await this.again();
    /** @type {HTMLElement | null} */ (this.list.querySelector("h2"))?.focus();
  }
}
