import { h } from "../dom.js";

/** @type {import("../app.js").MakePage} */
export default function catalogue(_app, _parameters, _query) {
  return { title: "catalogue", content: h("p", {}, "To come.") };
}
