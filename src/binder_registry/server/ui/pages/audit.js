import { h } from "../dom.js";

/** @type {import("../app.js").MakePage} */
export default function audit(_app, _parameters, _query) {
  return { title: "audit", content: h("p", {}, "To come.") };
}
