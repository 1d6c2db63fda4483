import { h } from "../dom.js";

/** @type {import("../app.js").MakePage} */
export default function tokens(_app, _parameters, _query) {
  return { title: "tokens", content: h("p", {}, "To come.") };
}
