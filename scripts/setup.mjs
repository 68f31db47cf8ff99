/**
 * `npm run setup`: everything `npm start` prepares, without serving. For editors and for work on the code.
 */
import { requireNode } from "./node-version.mjs";

requireNode();

import("./prepare.mjs")
  .then(function (prepare) {
    return prepare.prepareToRun();
  })
  .catch(function (error) {
    console.error(error.message);
    process.exit(1);
  });
