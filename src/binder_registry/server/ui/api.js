/** The registry's API, asked from the page: nothing is possible here that it would refuse. */

/** @typedef {import("./types.js").Hint} Hint */

/** What the server answered where it did not do what was asked. `kind` is the class of the error, "offline" where there was no answer. */
export class Refusal extends Error {
  /**
   * @param {number} status 0 where no answer came
   * @param {string} kind
   * @param {string} message
   * @param {Hint[]} hints
   * @param {number} again seconds after which it may be tried again
   */
  constructor(status, kind, message, hints = [], again = 0) {
    super(message);
    Object.assign(this, { name: "Refusal" });
    this.status = status;
    this.kind = kind;
    this.hints = hints;
    this.again = again;
  }
}

/**
 * @typedef {Object} Question
 * @property {string} [method]
 * @property {any} [body] sent as JSON, unless `type` says otherwise
 * @property {string} [type] of the body
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 *
 * @typedef {{ status: number, headers: Headers, body: any }} Answered `body` is JSON, or text of another type
 */

const XSRF = "registry-xsrf"; // the cookie whose value only pages below our path can read, and the header that brings it

export class Api {
  /** @param {string} base the path below which the registry is, without a slash at its end */
  constructor(base) {
    this.base = base;
    /** A token that was pasted: it lives as long as the page. */
    this.token = "";
  }

  /** Whether questions bring a token, or ride on a login. */
  get knows() {
    return Boolean(this.token || cookie(XSRF));
  }

  /**
   * Raises `Refusal`.
   * @param {string} path "/templates?view=full"
   * @param {Question} [question]
   * @returns {Promise<Answered>}
   */
  async ask(path, question = {}) {
    const response = await this.open(path, question);
    const text = await response.text().catch(() => {
      throw offline();
    });
    const is = response.headers.get("content-type") ?? "";
    return { status: response.status, headers: response.headers, body: is.includes("json") && text ? JSON.parse(text) : text };
  }

  /**
   * The answer whose body is still to be read, for what does not end. Raises `Refusal`.
   * @param {string} path
   * @param {Question} [question]
   */
  async open(path, question = {}) {
    const { method = "GET", body, type = "application/json", signal } = question;
    const headers = new Headers(question.headers);
    if (this.token) headers.set("Authorization", `token ${this.token}`);
    else {
      const second = cookie(XSRF);
      if (second) headers.set(XSRF, second);
    }
    if (body !== undefined) headers.set("Content-Type", type);
    const sent = body === undefined || type !== "application/json" ? body : JSON.stringify(body);
    let response;
    try {
      response = await fetch(this.base + path, { method, headers, body: sent, signal, cache: "no-cache", redirect: "error" });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw offline();
    }
    if (!response.ok && response.status !== 304) throw await refusal(response);
    return response;
  }
}

/** @param {...string} segments of a path, each escaped: "/templates/a%20b" */
export function path(...segments) {
  return segments.map((segment) => `/${encodeURIComponent(segment)}`).join("");
}

function offline() {
  return new Refusal(0, "offline", "The registry does not answer. What you see may be old.");
}

/** @param {Response} response */
async function refusal(response) {
  const kind = response.headers.get("registry-error") ?? "";
  const again = Number(response.headers.get("retry-after") ?? 0);
  const text = await response.text().catch(() => "");
  try {
    const { message, errors = [] } = JSON.parse(text);
    return new Refusal(response.status, kind, String(message), errors, again);
  } catch {
    return new Refusal(response.status, kind, `The answer was ${response.status} ${response.statusText}`.trim(), [], again);
  }
}

/** @param {string} name */
function cookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? found.slice(name.length + 1) : "";
}
