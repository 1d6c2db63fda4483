/** How far a holder reaches, as the server asks it of a template: by names and by labels. Pure. */

/** @typedef {import("./types.js").Holder} Holder */
/** @typedef {import("./types.js").Template} Template */

/**
 * @param {Holder["reach"]} reach of a holder, and of all from whom it comes: each has its own globs and selector
 * @param {Template} template
 */
export function reaches({ templates, labels }, template) {
  const named = templates.every((globs) => !globs.length || globs.some((glob) => fits(glob, template.name)));
  return named && labels.every((selector) => meets(selector, template.labels ?? {}));
}

/**
 * @param {string} glob with `*`, `?`, `[…]` and `[!…]`
 * @param {string} name
 */
function fits(glob, name) {
  const parts = glob.match(/\[!?\]?[^\]]*\]|[^]/gu) ?? [];
  const pattern = parts.map((part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (part.length > 2 && part.startsWith("[")) return `[${part.slice(1, -1).replace(/[\\\][]/g, "\\$&").replace(/^!/, "^")}]`;
    return part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  });
  try {
    return new RegExp(`^${pattern.join("")}$`, "su").test(name);
  } catch {
    return true; // one that only the server understands: it decides
  }
}

/**
 * @param {string} selector "key=value, key!=value, key, !key"; empty: all
 * @param {Record<string, string>} labels
 */
function meets(selector, labels) {
  return selector.split(",").map((one) => one.trim()).filter(Boolean).every((one) => {
    const [, not, key, operator, value] = /^(!?)([^=!]+)(?:(!?=)(.*))?$/.exec(one) ?? [];
    if (key === undefined) return true;
    if (operator) return (Object.hasOwn(labels, key) && labels[key] === value) === (operator === "=");
    return Object.hasOwn(labels, key) !== Boolean(not);
  });
}
