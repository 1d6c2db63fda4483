import { h } from "../dom.js";

/** @type {import("../app.js").MakePage} */
export default function history(_app, _parameters, _query) {
  return { title: "history", content: h("p", {}, "To come.") };
}
