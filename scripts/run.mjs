/**
 * `node scripts/run.mjs FILE [arguments]`: sets up what is missing, then runs a TypeScript program of ours.
 */
import { requireNode } from "./node-version.mjs";

requireNode();

import("./run-program.mjs").catch(function (error) {
  console.error(error.message);
  process.exit(1);
});
