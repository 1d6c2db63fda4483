/** What a template sets, as people write it. Pure. */

import { bytes, cpus, counted } from "./format.js";

/** @typedef {import("./types.js").Template} Template */
/**
 * @typedef {Object} Setting
 * @property {string} title
 * @property {string[]} members whose values it says, "limits.memory"
 * @property {string} [text] for people
 * @property {string} [code] as it is
 * @property {[string, string][]} [pairs] names and values
 * @property {string} [none] where there is nothing
 */

/** A blank, which no reference to an image holds: nobody takes it for one. */
export const HUBS_OWN_IMAGE = "(the hub's own)";

/**
 * @param {Record<string, any>} template or what a choice sets
 * @returns {Setting[]} in the order of a person's questions
 */
export function settings(template) {
  const { limits = {}, requests = {}, environment = {}, overrides = {} } = template;
  const image = template["image-name"] ?? "";
  const memory = [limits.memory && `at most ${bytes(limits.memory)}`, requests.memory && `${bytes(requests.memory)} set aside`];
  const processors = [
    limits.cpus && `at most ${cpus(limits.cpus)}`,
    requests.cpus && `${cpus(requests.cpus)} set aside`,
    limits.cpu_shares && `weight ${limits.cpu_shares} of 1024`,
  ];
  /** @type {Setting[]} */
  const rows = [
    image === HUBS_OWN_IMAGE ? { title: "Image", members: ["image-name"], text: "the hub's own" } : { title: "Image", members: ["image-name"], code: image },
    { title: "Command", members: ["command"], code: template.command, none: "the image's own" },
    { title: "Memory", members: ["limits.memory", "requests.memory"], text: listed(memory), none: "no limit" },
    { title: "CPUs", members: ["limits.cpus", "requests.cpus", "limits.cpu_shares"], text: listed(processors), none: "no limit" },
    { title: "GPUs", members: ["limits.gpus"], text: limits.gpus && counted(limits.gpus, "GPU") },
    { title: "Lands at", members: ["redirect-uri"], code: template["redirect-uri"] },
    { title: "Port", members: ["bind-port"], text: template["bind-port"] && String(template["bind-port"]) },
    { title: "Binds to", members: ["container-ip"], code: template["container-ip"] },
    { title: "Environment", members: ["environment"], pairs: Object.entries(environment) },
    ...Object.entries(overrides).map(([kind, settings]) => ({
      title: `Overrides of ${kind}`,
      members: [`overrides.${kind}`],
      pairs: Object.entries(settings).map(([key, value]) => /** @type {[string, string]} */ ([key, typeof value === "string" ? value : JSON.stringify(value)])),
    })),
  ];
  return rows.filter((row) => row.text || row.code || row.pairs?.length || row.none);
}

/**
 * What of these settings is another than in `own`.
 * @param {Setting} setting
 * @param {Record<string, any>} template
 * @param {Record<string, any>} own
 */
export function differs(setting, template, own) {
  return setting.members.some((member) => JSON.stringify(at(template, member)) !== JSON.stringify(at(own, member)));
}

/**
 * What a choice sets, in one line.
 * @param {Record<string, any>} set
 * @returns {string}
 */
export function inShort(set = {}) {
  return settings({ command: "", ...set })
    .filter((row) => row.text || row.code || row.pairs?.length)
    .map((row) => `${row.title}: ${row.text || row.code || row.pairs?.map(([name, value]) => `${name}=${value}`).join(", ")}`)
    .join("; ");
}

/**
 * @param {Record<string, any>} template
 * @param {string} member
 */
function at(template, member) {
  const dot = member.indexOf(".");
  return dot < 0 ? template[member] : template[member.slice(0, dot)]?.[member.slice(dot + 1)];
}

/** @param {(string | 0 | undefined)[]} parts */
function listed(parts) {
  return parts.filter(Boolean).join(", ");
}
