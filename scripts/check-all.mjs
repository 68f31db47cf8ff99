/** What `npm run check` does once Node is known to be new enough. */
import { prepareToRun } from "./prepare.mjs";
import { conclude, lint, types, vitest } from "./runners.mjs";

await prepareToRun();

conclude(await Promise.all([types(), lint(), vitest(["unit"])]));
