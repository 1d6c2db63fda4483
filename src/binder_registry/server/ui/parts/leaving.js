/** Logging out, by whichever way one came in. */

/** @typedef {import("../app.js").App} App */

/**
 * Forgets the token, and ends a login by the hub.
 * @param {App} app
 */
export async function leave(app) {
  app.api.token = "";
  if (app.login && app.api.knows) await app.api.ask("/ui/leave", { method: "POST" });
  await app.identify();
  app.catalogue.forget();
  await app.go(app.to("login"), { replace: true });
}
