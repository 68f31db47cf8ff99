/** A program of its own that makes what the tests with servers need: the console and a browser. `npm test` runs it beside its unit tests. */
import { prepareBrowser } from "./browser.mjs";
import { prepareToServe } from "./prepare.mjs";

await prepareToServe();
await prepareBrowser();
