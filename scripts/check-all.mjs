/** What `npm run check` does once Node is known to be new enough. */
import { prepareToRun } from "./prepare.mjs";
import { conclude, lint, listenForStop, types, vitest } from "./runners.mjs";

await prepareToRun();
listenForStop();

conclude(await Promise.all([types(), lint(), vitest(["unit"])]));
