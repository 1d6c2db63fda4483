import { h } from "../dom.js";

/** @type {import("../app.js").MakePage} */
export default function compare(_app, _parameters, _query) {
  return { title: "compare", content: h("p", {}, "To come.") };
}
