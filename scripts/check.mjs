/**
 * `npm run check`: what can be known in under a minute, without servers: types, lint, unit tests, architecture.
 */
import { requireNode } from "./node-version.mjs";

requireNode();

import("./check-all.mjs").catch(function (error) {
  console.error(error.message);
  process.exit(1);
});
