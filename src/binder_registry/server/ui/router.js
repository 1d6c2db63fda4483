/** Which page an address is of. Pure. */

/**
 * @template T
 * @typedef {[string, T]} Entry "templates/:name/history", and what is there
 */

/**
 * @template T
 * @param {Entry<T>[]} table
 * @param {string} path without the base, "templates/a%20b/history"
 * @returns {{ page: T, parameters: Record<string, string> } | null}
 */
export function matched(table, path) {
  const segments = path.replace(/\/$/, "").split("/");
  for (const [pattern, page] of table) {
    const wanted = pattern.split("/");
    if (wanted.length !== segments.length) continue;
    /** @type {Record<string, string>} */
    const parameters = {};
    const fits = wanted.every((word, at) => {
      if (!word.startsWith(":")) return word === segments[at];
      const value = decoded(segments[at]);
      if (value === null) return false;
      parameters[word.slice(1)] = value;
      return true;
    });
    if (fits) return { page, parameters };
  }
  return null;
}

/** @param {string} segment */
function decoded(segment) {
  try {
    return decodeURIComponent(segment) || null;
  } catch {
    return null;
  }
}
