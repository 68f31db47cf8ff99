/** What `npm test` does once Node is known to be new enough. */
import { prepareBrowser } from "./browser.mjs";
import { prepareToServe } from "./prepare.mjs";
import { conclude, lint, playwright, types, vitest } from "./runners.mjs";

await prepareToServe();
await prepareBrowser();

const checks = await Promise.all([types(), lint()]);
conclude([...checks, await vitest(["unit", "integration", "simulation"]), await playwright()]);
