/** What `npm test` does once Node is known to be new enough. */
import { prepareBrowser } from "./browser.mjs";
import { prepareToServe } from "./prepare.mjs";
import { conclude, lint, playwright, types, vitest } from "./runners.mjs";

await prepareToServe();
await prepareBrowser();

conclude([await types(), await lint(), await vitest(["unit", "integration"]), await playwright()]);
