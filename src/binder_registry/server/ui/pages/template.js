import { h } from "../dom.js";

/** @type {import("../app.js").MakePage} */
export default function template(_app, _parameters, _query) {
  return { title: "template", content: h("p", {}, "To come.") };
}
