/** A file that comes in: chosen, dropped on the page, or pasted. What was pasted is kept as a draft. */

import { h } from "../dom.js";
import { field } from "./inputs.js";

const MOST_BYTES = 32 << 20; // that are read at all: the server takes less
const KEY = "registry-apply";

/** What is kept for the reload, beside the page. */
let draft = kept();

/**
 * @param {() => void} changed called with each other text
 * @returns {{ element: HTMLElement, text: () => string, typed: () => boolean, mark: (line: number) => void, clear: () => void,
 *   refuse: (why: string) => void, close: () => void }} `typed`: there is a text that is in no file; `mark` leads to a line
 */
export function filing(changed) {
  const area = h("textarea", { id: "documents", class: "mono", rows: 14, spellcheck: "false", autocapitalize: "off", autocomplete: "off", dir: "ltr", value: draft });
  const chooser = h("input", { id: "file", type: "file", accept: ".yaml,.yml,.json,application/yaml,application/json" });
  const from = h("span", { class: "quiet", role: "status" });
  let typed = Boolean(draft);
  const texts = field("Text", area, "YAML or JSON: templates as they are exported, or the values of a hub. Drop a file anywhere on this page, choose one, or paste.");

  /** @param {string} text */
  function take(text) {
    area.value = text;
    keep(text);
    changed();
  }

  /** @param {File} [file] */
  async function open(file) {
    if (!file) return;
    if (file.size > MOST_BYTES) return texts.refuse(`${file.name} is too large to be applied at once.`);
    texts.refuse("");
    const text = await file.text();
    typed = false;
    from.textContent = `${file.name} is here.`;
    take(text);
  }

  chooser.addEventListener("change", async () => {
    await open(chooser.files?.[0]);
    chooser.value = ""; // so that the same file can come again once it is another one
  });
  area.addEventListener("input", () => {
    typed = area.value.trim() !== "";
    from.textContent = "";
    keep(area.value);
    changed();
  });

  const ends = new AbortController();
  const { signal } = ends;
  const over = (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    area.classList.add("dropping");
  };
  document.addEventListener("dragover", over, { signal });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && area.classList.remove("dropping"), { signal });
  document.addEventListener("drop", (event) => {
    area.classList.remove("dropping");
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    void open(event.dataTransfer.files[0]);
  }, { signal });

  const choose = h("div", { class: "actions" }, h("label", { for: chooser.id }, "File"), chooser, from);
  return {
    element: h("div", { class: "filing" }, choose, texts.element),
    text: () => area.value,
    typed: () => typed,
    mark: (line) => mark(area, line),
    clear: () => {
      typed = false;
      from.textContent = "";
      take("");
    },
    refuse: texts.refuse,
    close: () => ends.abort(),
  };
}

/**
 * @param {HTMLTextAreaElement} area
 * @param {number} line from 1
 */
function mark(area, line) {
  const lines = area.value.split("\n");
  const begins = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  area.focus();
  area.setSelectionRange(begins, begins + (lines[line - 1] ?? "").length);
  area.scrollTop = Math.max(0, (area.scrollHeight / lines.length) * (line - 4));
}

/** @param {string} text */
function keep(text) {
  draft = text;
  try {
    if (text) sessionStorage.setItem(KEY, text);
    else sessionStorage.removeItem(KEY);
  } catch {
    // it is too long for the browser: it stays as long as the page
  }
}

function kept() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}
