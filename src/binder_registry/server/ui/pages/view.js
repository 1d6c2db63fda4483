import { h } from "../dom.js";

/** @type {import("../app.js").MakePage} */
export default function view(_app, _parameters, _query) {
  return { title: "view", content: h("p", {}, "To come.") };
}
