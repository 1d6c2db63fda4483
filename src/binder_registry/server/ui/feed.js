/** The live feed: each change of the log once, in order, from a position on; it resumes where it was cut. */

import { Refusal } from "./api.js";

/** @typedef {import("./types.js").Change} Change */
/** @typedef {"live" | "waiting" | "away"} State `away`: no answer, or none that helps */

const SILENT_MS = 45_000; // the server sends something every 15 s
const PAUSES_MS = [500, 1_000, 2_000, 5_000, 10_000];

/**
 * Follows the log until `signal` says so.
 *
 * @param {import("./api.js").Api} api
 * @param {{ position: string, signal: AbortSignal, changed: (changes: Change[]) => void, lost: () => Promise<string>,
 *   told: (state: State) => void }} reader `lost`: the position is of no use any more; it loads anew and gives another.
 */
export async function follow(api, reader) {
  let { position } = reader;
  for (let failures = 0; !reader.signal.aborted; ) {
    const ends = new AbortController();
    const end = () => ends.abort();
    reader.signal.addEventListener("abort", end, { once: true });
    try {
      const headers = { Accept: "text/event-stream", "Last-Event-ID": position };
      const response = await api.open("/changes", { headers, signal: ends.signal });
      reader.told("live");
      for await (const events of read(response, end)) {
        failures = 0;
        if (!events.length) continue;
        position = events[events.length - 1].position;
        reader.changed(events);
      }
    } catch (error) {
      if (reader.signal.aborted) return;
      if (error instanceof Refusal && error.status === 410) {
        position = await reader.lost().catch(() => position);
      }
    } finally {
      reader.signal.removeEventListener("abort", end);
    }
    reader.told(failures > 1 ? "away" : "waiting");
    await pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)], reader.signal);
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
 * @param {AbortSignal} signal
 */
function pause(milliseconds, signal) {
  return new Promise((go) => {
    const timer = setTimeout(go, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), go(undefined)), { once: true });
  });
}
