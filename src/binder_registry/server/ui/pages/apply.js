import { h } from "../dom.js";

/** @type {import("../app.js").MakePage} */
export default function apply(_app, _parameters, _query) {
  return { title: "apply", content: h("p", {}, "To come.") };
}
