/** The page's modules, and their tests. Run as `make lint` does: the rules come from where npm's tools are installed. */

import { createRequire } from "node:module";

const tools = createRequire(`${process.env.BINDER_REGISTRY_TEST_NODE}/`);
const js = tools("@eslint/js");
const globals = tools("globals");

export default [
  js.configs.recommended,
  {
    files: ["src/binder_registry/server/ui/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-restricted-properties": ["error", { property: "innerHTML" }, { property: "outerHTML" }, { property: "insertAdjacentHTML" }],
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  { files: ["tests/ui/**/*.js", "eslint.config.js"], languageOptions: { globals: globals.node } },
];
