/**
 * `npm start`: from a fresh clone to a running Eightysix. Sets up what is missing or out of date, then becomes the server.
 */
import { requireNode } from "./node-version.mjs";

requireNode();

import("./serve.mjs").catch(function (error) {
  console.error(error.message);
  process.exit(1);
});
