/**
 * What `npm test` does once Node is known to be new enough. The unit tests need nothing built, so the console is built beside them;
 * types, lint and the simulation know no deadlines, so they take what the other tests leave of the processors.
 */
import { prepareToRun } from "./prepare.mjs";
import { conclude, lint, listenForStop, playwright, preparation, types, vitest, vitestAside } from "./runners.mjs";

await prepareToRun();
listenForStop();

const preparing = preparation();
const beside = preparing.then(async () => [await types(), await lint(), await vitestAside(["simulation"])]);

const unit = await vitest(["unit"]);
const prepared = await preparing;
const withServers = prepared.failed === 0 ? [await vitest(["unhurried", "integration"]), await playwright()] : [];
conclude([unit, prepared, ...withServers, ...(await beside)]);
