/** Log in with a token or by the hub; who one is then, what one may, and out again. */

import { Refusal } from "../api.js";
import { announce, fill, h } from "../dom.js";
import { landing } from "../holding.js";
import { toast } from "../parts/dialog.js";
import { holderFacts } from "../parts/holder.js";
import { leave } from "../parts/leaving.js";
import { refused } from "../parts/states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Holder} Holder */

/** Why a way to the hub and back ended here. */
const FAILED = new Map([
  ["refused", "The hub did not let you in, or it took too long to come back. Try it again."],
  ["unavailable", "The hub does not answer right now. Try it again in a moment."],
]);

/** @type {import("../app.js").MakePage} */
export default function login(app, _parameters, query) {
  const next = landing(query.get("next"), app.base, location.origin);
  if (app.holder) return { title: "You are logged in", content: h("div", { class: "narrow" }, known(app, app.holder, next)) };
  const open = app.reads === "open" && h("p", {}, "Everybody may read here. Who changes something logs in.");
  const failed = FAILED.get(query.get("failed") ?? "");
  const why = failed && h("div", { class: "refused", role: "alert" }, h("p", {}, failed));
  return { title: "Log in", content: h("div", { class: "narrow" }, why, open, ways(app, next)) };
}

/**
 * @param {App} app
 * @param {string} next
 */
function ways(app, next) {
  if (!app.login) return pasting(app, next);
  const entrance = `${app.login}?next=${encodeURIComponent(next)}`;
  return [
    h("p", {}, h("a", { class: "button primary", href: entrance }, "Log in with JupyterHub")),
    h("h2", {}, "Or with a token"),
    pasting(app, next),
  ];
}

/**
 * @param {App} app
 * @param {string} next
 */
function pasting(app, next) {
  const help = h("p", { class: "help", id: "token-help" }, "It stays in the memory of this page, and is gone when the page is loaded anew or closed.");
  const hint = h("p", { class: "hint", id: "token-hint" });
  const attributes = { id: "token", type: "password", autocomplete: "off", spellcheck: "false", autocapitalize: "off", class: "mono" };
  const token = h("input", { ...attributes, "aria-describedby": "token-hint token-help" });
  const send = h("button", { class: "primary" }, "Log in");
  const said = h("div");

  /** @param {string} why */
  const wrong = (why) => {
    hint.textContent = why;
    token.setAttribute("aria-invalid", "true");
    announce(why);
    token.focus();
    token.select();
  };

  /** @param {Event} event */
  const submitted = async (event) => {
    event.preventDefault();
    if (send.disabled) return;
    fill(said);
    hint.textContent = "";
    token.removeAttribute("aria-invalid");
    const pasted = token.value.trim();
    if (!pasted) return wrong("Paste a token first.");
    if (!/^[\x21-\x7e]+$/.test(pasted)) return wrong("This is no token: a token has letters, digits and signs, and nothing in between.");
    send.disabled = true;
    const before = app.api.token;
    try {
      app.api.token = pasted;
      await app.api.ask("/tokens/self");
      token.value = "";
      await app.identify();
      app.catalogue.forget();
      await app.go(next, { replace: true });
    } catch (error) {
      app.api.token = before;
      if (error instanceof Refusal && error.status === 401) wrong("This token is not known here: it is mistyped, expired or revoked.");
      else fill(said, refused(error));
    } finally {
      send.disabled = false;
    }
  };

  const label = h("label", { for: "token" }, "Token");
  return h("form", { onsubmit: submitted }, h("div", { class: "field" }, label, token, hint, help), said, h("p", {}, send));
}

/**
 * @param {App} app
 * @param {Holder} holder
 * @param {string} next
 */
function known(app, holder, next) {
  const pasted = Boolean(app.api.token);
  return [
    holderFacts(holder),
    h("p", { class: "quiet" }, pasted ? "By a token that was pasted. It is gone when this page is loaded anew." : "By the hub, in this browser."),
    h("p", { class: "actions" }, leaving(app), h("a", { href: next }, next === app.base ? "All environments" : "Go on")),
    !pasted && [h("h2", {}, "Do more with a token"), h("p", {}, more(app)), pasting(app, next)],
  ];
}

/** @param {App} app */
function more(app) {
  if (app.grants !== "read") return "A token of yours may be allowed what this login is not.";
  return "This login reads, and does nothing else: users' servers share this address, and their pages could act in your name. To change something, paste a token here.";
}

/** @param {App} app */
function leaving(app) {
  const said = h("div");
  const out = h("button", { type: "button", class: "primary" }, "Log out");
  out.addEventListener("click", async () => {
    if (out.disabled) return;
    out.disabled = true;
    try {
      await leave(app);
      toast("You are logged out.");
    } catch (error) {
      fill(said, refused(error));
      out.disabled = false;
    }
  });
  return [out, said];
}
