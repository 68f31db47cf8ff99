/**
 * What `npm start` does once Node is known to be new enough. The server runs in this very process, so its process id is the one
 * that the caller sees, stops or kills.
 */
import { prepareToRun, prepareToServe } from "./prepare.mjs";

await prepareToRun();
const { register } = await import("tsx/esm/api");
register();
// A wrong variable is told now, not after the console has been built.
const { readConfig } = await import("../server/config.ts");
readConfig();
await prepareToServe();
await import("../server/main.ts");
