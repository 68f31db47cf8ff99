import { realClock } from "../../kernel/clock.ts";
import { checkConservation, checkLocalBranches, checkRemoteBranches } from "../../simulation/checks/views.ts";
import { describeBranches } from "./branches.conformance.ts";
import { describeCreation } from "./creation.conformance.ts";
import { describeLedger } from "./ledger.conformance.ts";
import { describeDue } from "./ledger-due.conformance.ts";
import { describeLook } from "./ledger-look.conformance.ts";
import { MemoryLedger } from "./memory-ledger.ts";

const underTest = async () => {
  const ledger = new MemoryLedger(realClock);
  return {
    ledger,
    other: ledger,
    audit: async () => [checkConservation, checkLocalBranches, checkRemoteBranches].flatMap((check) => check(ledger.inspect())),
    movements: async (dishId: string) =>
      ledger
        .inspect()
        .movements.filter((movement) => movement.dishId === dishId)
        .map(({ quantity }) => quantity),
  };
};

describeLedger("the twin in memory", underTest);
describeBranches("the twin in memory", underTest);
describeCreation("the twin in memory", underTest);
describeLook("the twin in memory", underTest);
describeDue("the twin in memory", underTest);
