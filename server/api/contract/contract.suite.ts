/**
 * The whole contract, for any server that speaks it.
 */
import { beforeAll, describe } from "vitest";
import { observingSuite } from "./observing.suite.ts";
import { participantsSuite } from "./participants.suite.ts";
import { paymentsSuite } from "./payments.suite.ts";
import { stockSuite } from "./stock.suite.ts";
import { transactionsSuite } from "./transactions.suite.ts";
import { wireSuite } from "./wire.suite.ts";
import { type Server, World } from "./world.ts";

/** What the suites need expired: three of a late payment, one for each verb. */
const EXPIRED_WANTED = [[5, 2], [1, 1], [1, 1], [10, 2], [10, 2], [10, 2]] as const satisfies readonly (readonly [number, number])[];

/** `server` is asked inside tests, after the hooks that start it. */
export function contractSuite(mount: string, server: () => Server): void {
  describe(mount, () => {
    const world = new World(server);
    beforeAll(() => world.prepareExpired(EXPIRED_WANTED));
    wireSuite(world);
    stockSuite(world);
    transactionsSuite(world);
    participantsSuite(world, server);
    paymentsSuite(world);
    observingSuite(world, server);
  });
}
