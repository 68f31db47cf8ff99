/**
 * What `npm start` does once Node is known to be new enough. The server runs in this very process, so its process id is the one
 * that the caller sees, stops or kills.
 */
import { prepareToServe } from "./prepare.mjs";

await prepareToServe();
const { register } = await import("tsx/esm/api");
register();
await import("../server/main.ts");
