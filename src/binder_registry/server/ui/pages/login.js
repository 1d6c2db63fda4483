import { h } from "../dom.js";

/** @type {import("../app.js").MakePage} */
export default function login(_app, _parameters, _query) {
  return { title: "login", content: h("p", {}, "To come.") };
}
