/** One template: what it runs, for whom, with options to try; now, as of a revision, or as of a channel. */

import { path, Refusal } from "../api.js";
import { anyDefault, chosenIn, parametersOf, stillThere } from "../choosing.js";
import { h } from "../dom.js";
import { who } from "../format.js";
import { look } from "../looking.js";
import { living } from "../moments.js";
import { about } from "../parts/about.js";
import { notices } from "../parts/banners.js";
import { channels } from "../parts/channels.js";
import { toast } from "../parts/dialog.js";
import { documents } from "../parts/documents.js";
import { doing } from "../parts/doing.js";
import { onAHub } from "../parts/offered.js";
import { optionsForm } from "../parts/options.js";
import { drawing, refill } from "../parts/refill.js";
import { settingsList } from "../parts/settings.js";
import { icon, long } from "../parts/small.js";
import { empty, refused } from "../parts/states.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../types.js").Template} Template */
/** @typedef {import("../types.js").Change} Change */
/** @typedef {import("../looking.js").Look} Look */

const PAUSE_MS = 150; // after the last key before the server is asked

/** @type {import("../app.js").MakePage} */
export default async function template(app, { name }, query) {
  const found = await look(app, name, query);
  if (typeof found === "string") return nothing(app, name, found);
  const page = new Shown(app, name, found, query);
  const ends = app.catalogue.listen((changes) => page.heard(changes));
  app.catalogue.load().then(() => page.drawHub(), () => page.drawHub());
  return { title: titleOf(found.shown), content: page.content, actions: page.actions, close: ends };
}

/** What is shown of one template, kept up to date. */
class Shown {
  /**
   * @param {App} app
   * @param {string} name
   * @param {Look} found
   * @param {URLSearchParams} query
   */
  constructor(app, name, found, query) {
    this.app = app;
    this.name = name;
    this.found = found;
    this.chosen = chosenIn(query, this.options);
    /** @type {Template | null} what the choices come to; null while that is not known */
    this.resolved = null;
    /** @type {Template | null} what the defaults come to, as far as that is known */
    this.standard = null;
    this.turn = 0;
    this.heardOf = 0; // so many times since it was looked at
    this.timer = 0;
    /** @type {ReturnType<typeof optionsForm> | null} */
    this.form = null;
    this.parts = {
      notices: h("div", { class: "notices" }),
      lead: h("div", { class: "lead-line" }),
      options: h("section"),
      settings: h("section"),
      about: h("section"),
      channels: h("section"),
      hub: h("section"),
    };
    this.draw = Object.fromEntries(Object.entries(this.parts).map(([part, element]) => [part, drawing(element)]));
    this.documents = documents(app, () => ({ template: this.found.shown, chosen: this.chosen, query: this.when }));
    this.actions = h("div", { class: "actions" });
    this.drawActions = drawing(this.actions);
    const { notices, lead, options, settings, about, channels, hub } = this.parts;
    this.content = [
      notices,
      lead,
      h("div", { class: "columns" }, h("div", {}, options, settings), h("div", {}, about, channels, hub)),
      h("section", {}, h("h2", {}, "For other tools"), this.documents.element),
    ];
    this.show();
    void this.resolve();
  }

  /** @returns {import("../types.js").Option[]} */
  get options() {
    return this.found.shown.options ?? [];
  }

  /** Which state is looked at, as the API is asked for it. @returns {[string, string][]} */
  get when() {
    const { revision, channel } = this.found;
    return [...(revision ? [/** @type {[string, string]} */ (["revision", String(revision)])] : []), ...(channel ? [/** @type {[string, string]} */ (["channel", channel])] : [])];
  }

  show() {
    const { app, found } = this;
    const { shown, now, then } = found;
    const [may, promotes, again] = [app.may("write", shown), app.may("promote", shown), () => void this.again()];
    this.drawActions([now.revision, may, found.revision, found.channel, shown.paused], () => doing(app, found, again));
    const away = app.catalogue.state === "away";
    this.draw.notices([shown, now.revision, then.revision, may, away], () => notices(app, found, again));
    this.draw.lead([shown.icon, shown.description], () => [icon(shown), shown.description && h("div", { class: "told", dir: "auto" }, long(shown.description))]);
    this.draw.about([shown, then], () => [h("h2", {}, "About"), about(app, shown, then)]);
    const alive = living(now);
    this.draw.channels([alive?.channels, alive?.revision, promotes], () => (alive ? [h("h2", {}, "Channels"), channels(app, alive, again)] : null));
    this.draw.options(this.options, () => this.drawOptions());
    this.drawSettings();
    const heading = document.querySelector("main h1");
    if (!heading || !this.parts.notices.isConnected || heading.textContent === titleOf(shown)) return;
    document.title = document.title.replace(heading.textContent ?? "", () => titleOf(shown));
    heading.textContent = titleOf(shown);
  }

  drawOptions() {
    if (!this.options.length) return null;
    this.form = optionsForm(this.options, this.chosen, (chosen) => this.choose(chosen));
    return [h("h2", {}, "Try the options"), h("p", { class: "quiet" }, "As on a hub’s form. What they come to stands below."), this.form.element];
  }

  drawSettings() {
    const { shown } = this.found;
    const seen = this.resolved ?? shown;
    const title = this.options.length ? "What it comes to" : "What it runs";
    const own = this.standard ?? seen;
    this.draw.settings([seen, own, title], () => [h("h2", {}, title), settingsList(seen, own)]);
  }

  async drawHub() {
    const { now, shown, revision, channel } = this.found;
    const template = living(now);
    if (!template || revision) return refill(this.parts.hub);
    const answer = await onAHub(this.app, channel ? { ...template, labels: shown.labels } : template, channel ?? null);
    this.draw.hub([now.revision, channel, answer.textContent], () => [h("h2", {}, "On a hub"), answer]);
  }

  /** @param {import("../choosing.js").Chosen} chosen */
  choose(chosen) {
    this.chosen = chosen;
    this.app.note(new URLSearchParams([...this.when, ...parametersOf(chosen)]));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.resolve(), PAUSE_MS);
  }

  /**
   * @param {[string, string][]} parameters
   * @returns {Promise<Template>}
   */
  async ask(parameters) {
    const asked = parameters.length ? parameters : parametersOf(anyDefault(this.options));
    const { body } = await this.app.api.ask(`${path("templates", this.name)}?${new URLSearchParams([...this.when, ...asked])}`);
    return body;
  }

  /** Asks what the choices come to; the last question wins. */
  async resolve() {
    if (!this.options.length) return;
    const turn = ++this.turn;
    const parameters = parametersOf(this.chosen);
    /** @type {Map<string, string>} */
    const why = new Map();
    let failure = null;
    try {
      const [standard, resolved] = await Promise.all([parameters.length && !this.standard ? this.ask([]).catch(() => null) : this.standard, this.ask(parameters)]);
      if (turn !== this.turn) return;
      this.standard = parameters.length ? standard : resolved;
      this.resolved = resolved;
    } catch (error) {
      if (turn !== this.turn) return;
      this.resolved = null;
      const hints = error instanceof Refusal ? error.hints : [];
      for (const hint of hints) if (hint.field?.startsWith("option.")) why.set(hint.field.slice(7), hint.message ?? sentenceOf(error));
      if (!why.size) failure = error;
    }
    this.form?.refuse(why);
    if (this.resolved) this.drawSettings();
    else if (failure) this.draw.settings([String(failure)], () => [h("h2", {}, "What it comes to"), refused(failure)]);
    else this.draw.settings([...why], () => [h("h2", {}, "What it comes to"), h("p", { class: "quiet" }, "Nothing yet: one of the options has to be chosen otherwise.")]);
    this.documents.again();
  }

  /** @param {Change[]} changes */
  heard(changes) {
    if (!changes.length) {
      const { state, templates } = this.app.catalogue;
      this.show();
      const newer = (templates.get(this.name)?.revision ?? 0) > this.found.now.revision;
      if (state === "live" && newer) void this.again();
      return;
    }
    const ours = changes.filter((change) => change.name === this.name && change.revision > this.found.now.revision);
    if (!ours.length) return;
    this.heardOf += 1;
    if (this.heardOf > 1) return; // it is being looked at: once more then
    const others = ours.filter((change) => !change.by || change.by !== this.app.holder?.by);
    if (others.length) toast(saidOf(others[others.length - 1]));
    void this.lookUntilQuiet();
  }

  async lookUntilQuiet() {
    for (let heard = 0; heard !== this.heardOf; ) {
      heard = this.heardOf;
      await this.again();
    }
    this.heardOf = 0;
  }

  /** Looks again: what was chosen stays, as far as it is there. */
  async again() {
    const found = await look(this.app, this.name, new URLSearchParams(this.when)).catch(() => null);
    if (found === null) return;
    if (typeof found === "string") return void this.app.show();
    if (found.now.revision < this.found.now.revision) return;
    const before = this.found.shown;
    this.found = found;
    this.chosen = stillThere(this.chosen, this.options);
    if (!this.options.length) this.resolved = this.standard = null;
    this.show();
    void this.drawHub();
    if (JSON.stringify(before) === JSON.stringify(found.shown)) return;
    this.standard = null;
    this.documents.again();
    await this.resolve();
  }
}

/** @param {Template} template */
function titleOf(template) {
  return template["display-name"] || template.name;
}

/** @param {unknown} error */
function sentenceOf(error) {
  return error instanceof Error ? error.message.replace(/^option\.[^:]*: /, "") : "";
}

/** @param {Change} change */
function saidOf({ by, action, promoted }) {
  const they = by ? who(by) : "Somebody";
  if (promoted) return promoted.to ? `${they} pointed ${promoted.channel} at revision ${promoted.to}` : `${they} ended ${promoted.channel}`;
  if (action === "purged") return `${they} purged what it once was`;
  return `${they} ${action} it: this is what it is now`;
}

/**
 * @param {App} app
 * @param {string} name
 * @param {string} sentence
 * @returns {import("../app.js").Page}
 */
function nothing(app, name, sentence) {
  const ways = [h("a", { href: app.to("templates", name) }, "See it now"), " ", h("a", { href: app.to("templates", name, "history") }, "Its history")];
  return { title: name, content: empty(sentence, ...ways) };
}
