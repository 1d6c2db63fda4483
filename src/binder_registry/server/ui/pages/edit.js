import { h } from "../dom.js";

/** @type {import("../app.js").MakePage} */
export default function edit(_app, _parameters, _query) {
  return { title: "edit", content: h("p", {}, "To come.") };
}
