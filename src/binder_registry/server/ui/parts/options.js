/** A template's options as a hub's form draws them, to try the choices. */

import { choiceIn, defaultOf, titleOf, told } from "../choosing.js";
import { h } from "../dom.js";
import { beginning, counted } from "../format.js";
import { inShort } from "../settings.js";
import { long } from "./small.js";

/** @typedef {import("../types.js").Option} Option */
/** @typedef {import("../types.js").Choice} Choice */
/** @typedef {import("../choosing.js").Chosen} Chosen */

const OTHER = "--"; // what is typed counts: no choice is called so
const LONGEST = 1024; // that a hub takes of a text

/**
 * @param {Option[]} options
 * @param {Chosen} chosen
 * @param {(chosen: Chosen) => void} changed
 * @returns {{ element: HTMLElement, refuse: (refused: Map<string, string>) => void }} `refuse`: by option, why its choice
 *   cannot be had; an option that is not named is well
 */
export function optionsForm(options, chosen, changed) {
  const fields = options.map((option) => field(option, choiceIn(chosen, option), () => changed(taken())));
  /** @returns {Chosen} */
  function taken() {
    const pairs = fields.map((one, at) => [options[at].name, one.choice()]);
    return Object.fromEntries(pairs.filter(([, choice]) => choice !== undefined));
  }
  return {
    element: h("div", { class: "try-options" }, fields.map((one) => one.element)),
    refuse: (refused) => fields.forEach((one, at) => one.refuse(refused.get(options[at].name) ?? "")),
  };
}

/**
 * @param {Option} option
 * @param {string | { "free-text": string } | undefined} chosen
 * @param {() => void} changed
 */
function field(option, chosen, changed) {
  const id = `option-${option.name}`;
  const typed = option["free-text"];
  const text = typed ? textField(option, id, typeof chosen === "object" ? chosen["free-text"] : "") : null;
  const menu = option.choices?.length ? menuOf(option, id, chosen) : null;
  const about = h("div", { class: "about" });
  const hint = h("p", { class: "hint", id: `${id}-hint` });
  const menuIs = () => menu?.value ?? OTHER;

  function show() {
    const choice = option.choices?.find((one) => one.name === menuIs());
    about.replaceChildren(...(choice ? aboutChoice(choice) : []));
  }
  menu?.addEventListener("change", () => (show(), changed()));
  text?.input.addEventListener("input", () => {
    if (menu) menu.value = OTHER; // to type chooses what is typed, as on a hub's form
    show();
    changed();
  });
  show();

  const controls = [menu, text?.input].filter((one) => one !== null && one !== undefined);
  return {
    element: h(
      "div",
      { class: "field" },
      menu ? h("label", { for: id, dir: "auto" }, titleOf(option)) : null,
      menu,
      text?.element,
      option.description && h("div", { class: "help", dir: "auto", id: `${id}-help` }, long(option.description)),
      option.build && !controls.length ? h("p", { class: "help" }, "For hubs that build images from repositories: they draw this field themselves.") : null,
      hint,
      about,
      everyChoice(option),
    ),
    choice() {
      if (menuIs() !== OTHER) return menuIs() === defaultOf(option)?.name ? undefined : menuIs();
      return text?.input.value ? { "free-text": text.input.value } : menu ? { "free-text": "" } : undefined;
    },
    /** @param {string} why */
    refuse(why) {
      hint.textContent = why;
      hint.hidden = !why;
      const at = menuIs() === OTHER ? text?.input : menu;
      for (const control of controls) {
        const described = [why && control === at && hint.id, control === menu && option.description && `${id}-help`, control === text?.input && text?.helps].filter(Boolean);
        control.toggleAttribute("aria-invalid", false);
        if (why && control === at) control.setAttribute("aria-invalid", "true");
        if (described.length) control.setAttribute("aria-describedby", described.join(" "));
        else control.removeAttribute("aria-describedby");
      }
    },
  };
}

/**
 * @param {Option} option
 * @param {string} id
 * @param {string | { "free-text": string } | undefined} chosen
 */
function menuOf(option, id, chosen) {
  const items = (option.choices ?? []).map((choice) => h("option", { value: choice.name }, beginning(told(choice), 150, 1) + forWhom(choice)));
  const typed = option["free-text"];
  if (typed) items.push(h("option", { value: OTHER }, (typed["display-name-in-choices"] || `${typed["display-name"] || "Other"}...`) + forWhom(typed)));
  const menu = h("select", { id }, items);
  menu.value = typeof chosen === "object" ? OTHER : (chosen ?? defaultOf(option)?.name ?? "");
  return menu;
}

/**
 * @param {Option} option
 * @param {string} id
 * @param {string} value
 */
function textField(option, id, value) {
  const typed = option["free-text"] ?? {};
  const own = typed["display-name"] || "Other";
  const input = h("input", { type: "text", id: `${id}-text`, maxlength: LONGEST, value, autocomplete: "off", spellcheck: "false", dir: "auto" });
  const help = [typed.description, typed.message].filter(Boolean).join(" ");
  const helps = `${id}-text-help`;
  const element = h(
    "div",
    { class: "field typed" },
    h("label", { for: input.id, dir: "auto" }, option.choices?.length ? `${titleOf(option)}: ${own}` : titleOf(option)),
    input,
    h("div", { class: "help", id: helps, dir: "auto" }, long(help), help && typed.pattern ? " " : "", typed.pattern && ["It matches ", h("code", {}, typed.pattern), "."]),
    groups(typed),
  );
  return { element, input, helps };
}

/**
 * What a menu has no room for.
 * @param {Choice & { deprecated?: string }} choice
 */
function aboutChoice(choice) {
  return [groups(choice), choice.deprecated ? h("span", { class: "tag warn", dir: "auto" }, "Deprecated: ", long(choice.deprecated)) : null].filter((one) => one !== null);
}

/** @param {{ "allowed-groups"?: string[] }} part */
function groups(part) {
  const allowed = part["allowed-groups"];
  if (!allowed) return null;
  return h("span", { class: "tag accent", dir: "auto" }, allowed.length ? `Only for ${allowed.join(", ")}` : "For nobody");
}

/** @param {{ "allowed-groups"?: string[] }} part */
function forWhom(part) {
  const allowed = part["allowed-groups"];
  if (!allowed) return "";
  return allowed.length ? ` (for ${allowed.slice(0, 3).join(", ")}${allowed.length > 3 ? "…" : ""})` : " (for nobody)";
}

/**
 * All choices at a glance, drawn once somebody looks.
 * @param {Option} option
 */
function everyChoice(option) {
  const choices = option.choices ?? [];
  if (!choices.length) return null;
  const body = h("div", {});
  const details = h("details", {}, h("summary", {}, `What each of ${counted(choices.length, "choice")} sets`), body);
  details.addEventListener("toggle", () => details.open && !body.firstChild && body.append(tableOf(option, choices)));
  return details;
}

/**
 * @param {Option} option
 * @param {Choice[]} choices
 */
function tableOf(option, choices) {
  const standard = defaultOf(option);
  return h(
    "table",
    { class: "table" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Choice"), h("th", { scope: "col" }, "Sets"))),
    h(
      "tbody",
      {},
      choices.map((choice) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", dir: "auto" }, titleOf(choice), choice === standard ? [" ", h("span", { class: "tag" }, "default")] : null),
          h("td", { dir: "auto" }, long(inShort(choice.set)) || h("span", { class: "quiet" }, "nothing"), " ", groups(choice)),
        ),
      ),
    ),
  );
}
