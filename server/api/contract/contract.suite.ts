/**
 * The whole contract, for any server that speaks it.
 */
import { describe } from "vitest";
import { observingSuite } from "./observing.suite.ts";
import { participantsSuite } from "./participants.suite.ts";
import { paymentsSuite } from "./payments.suite.ts";
import { stockSuite } from "./stock.suite.ts";
import { transactionsSuite } from "./transactions.suite.ts";
import { wireSuite } from "./wire.suite.ts";
import { type Server, World } from "./world.ts";

/** `server` is asked inside tests, after the hooks that start it. */
export function contractSuite(mount: string, server: () => Server): void {
  describe(mount, () => {
    const world = new World(server);
    wireSuite(world);
    stockSuite(world);
    transactionsSuite(world);
    participantsSuite(world, server);
    paymentsSuite(world);
    observingSuite(world, server);
  });
}
