/**
 * `npm test`: everything that must hold, from a fresh clone: types, lint, unit and integration tests, and the browser's.
 * Its last line is `N passed, N failed`, summed over all of them.
 */
import { requireNode } from "./node-version.mjs";

requireNode();

import("./test-all.mjs").catch(function (error) {
  console.error(error.message);
  process.exit(1);
});
