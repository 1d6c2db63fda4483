/** The live feed: each change of the log once, in order, from a position on; it resumes where it was cut. */

import { Refusal } from "./api.js";

/** @typedef {import("./types.js").Change} Change */
/** @typedef {"live" | "waiting" | "away" | "denied"} State `away`: no answer, or none that helps; `denied`: it may not be read */

const SILENT_MS = 45_000; // the server sends something every 15 s
const FAR = 5_000; // changes, of which to read all anew is quicker than each
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000];

/**
 * Follows the log until `signal` says so.
 *
 * @param {import("./api.js").Api} api
 * @param {{ position: string, signal: AbortSignal, changed: (changes: Change[]) => void, lost: () => Promise<string>,
 *   told: (state: State) => void, wakes: EventTarget }} reader `lost`: the position is of no use any more; it loads anew
 *   and gives another. `wakes`: its event "wake" ends a pause.
 */
export async function follow(api, reader) {
  let { position } = reader;
  for (let failures = 0; !reader.signal.aborted; ) {
    /** @type {State} */
    let why = failures > 1 ? "away" : "waiting";
    const ends = new AbortController();
    const end = () => ends.abort();
    reader.signal.addEventListener("abort", end, { once: true });
    try {
      const headers = { Accept: "text/event-stream", "Last-Event-ID": position };
      const response = await api.open("/changes", { headers, signal: ends.signal });
      if (Number(response.headers.get("registry-revision")) - Number.parseInt(position) > FAR) {
        end();
        position = await reader.lost();
        continue;
      }
      reader.told("live");
      for await (const events of read(response, end)) {
        [failures, why] = [0, "waiting"];
        if (!events.length) continue;
        position = events[events.length - 1].position;
        reader.changed(events);
      }
    } catch (error) {
      if (reader.signal.aborted) return;
      if (error instanceof Refusal && error.status === 410) position = await reader.lost().catch(() => position);
      else if (error instanceof Refusal && (error.status === 401 || error.status === 403)) why = "denied";
    } finally {
      reader.signal.removeEventListener("abort", end);
    }
    reader.told(why);
    await pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)], reader);
    failures += 1;
  }
}

/**
 * What came together is given together.
 * @param {Response} response
 * @param {() => void} end called where nothing comes for too long
 * @returns {AsyncGenerator<Change[]>}
 */
async function* read(response, end) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const silence = setTimeout(end, SILENT_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    const { events, left } = parsed(rest + decoder.decode(value, { stream: true }));
    rest = left;
    yield events;
  }
}

/**
 * @param {string} text of an event stream
 * @returns {{ events: Change[], left: string }} `left` is what is not whole yet
 */
export function parsed(text) {
  const parts = text.split("\n\n");
  const left = /** @type {string} */ (parts.pop());
  const lines = parts.map((part) => part.split("\n").filter((line) => line.startsWith("data: ")));
  const events = lines.filter((data) => data.length).map((data) => JSON.parse(data.map((line) => line.slice(6)).join("\n")));
  return { events, left };
}

/**
 * @param {number} milliseconds
 * @param {{ signal: AbortSignal, wakes: EventTarget }} until
 */
function pause(milliseconds, { signal, wakes }) {
  return new Promise((go) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      wakes.removeEventListener("wake", done);
      go(undefined);
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    wakes.addEventListener("wake", done);
  });
}
