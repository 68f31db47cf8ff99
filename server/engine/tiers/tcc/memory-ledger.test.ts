import { realClock } from "../../kernel/clock.ts";
import { checkConservation, checkLocalBranches } from "../../simulation/checks/views.ts";
import { describeLedger } from "./ledger.conformance.ts";
import { MemoryLedger } from "./memory-ledger.ts";

describeLedger("the twin in memory", async () => {
  const ledger = new MemoryLedger(realClock);
  return {
    ledger,
    other: ledger,
    audit: async () => [...checkConservation(ledger.inspect()), ...checkLocalBranches(ledger.inspect())],
    movements: async (dishId) =>
      ledger
        .inspect()
        .movements.filter((movement) => movement.dishId === dishId)
        .map(({ quantity }) => quantity),
  };
});
