/**
 * HandPath is what a person does with one transaction: the API's moves, only where the table of `hand-verbs.ts` allows them,
 * and two verbs that no program has: retry now, and force-end.
 * It never turns a decision round, and it cannot know who asks or whether a second person agreed: the console does.
 */
import type { Deadline } from "../kernel/deadline.ts";
import { EngineError } from "../kernel/errors.ts";
import { isDoneByHand, isLegalByHand, type HandVerb } from "../kernel/hand-verbs.ts";
import type { TransactionState, UnfinishedState } from "../kernel/states.ts";
import type { CallContext, MoveAnswer, TransactionRecord } from "../kernel/types.ts";
import type { Ledger } from "../tiers/tcc/ledger.ts";
import type { EngineCore } from "./engine-core.ts";
import type { MovePath } from "./move-path.ts";
import type { RemotePath } from "./remote-path.ts";

export interface HandRequest {
  verb: HandVerb;
  txId: string;
  /** This act was begun before, and may have been done: its own result is no refusal. */
  again?: boolean;
  /** Of force-end: what somebody vouches for. */
  outside?: OutsideEvidence;
}

export interface OutsideEvidence {
  /** The decision that the branches belong to; when it is another by now, the evidence is not about it. */
  state: TransactionState;
  branchNos: readonly number[];
  evidence: string;
}

export interface HandPorts {
  core: EngineCore;
  ledger: Ledger;
  moves: MovePath;
  remote: RemotePath;
  /** Throws when this instance takes in nothing any more. */
  checkOpen(): void;
  /** Branches are due now. */
  hastened(): void;
}

export class HandPath {
  constructor(private readonly ports: HandPorts) {}

  /** @throws EngineError UNKNOWN_TRANSACTION, ILLEGAL_STATE (nothing was changed), and what the verb itself throws. */
  async run(request: HandRequest, call: CallContext): Promise<MoveAnswer> {
    const { core, moves } = this.ports;
    const { verb, txId, again = false } = request;
    this.ports.checkOpen();
    const deadline = core.deadlineOf(call);
    const record = await core.findTransaction(txId, deadline);
    if (!record) throw new EngineError("UNKNOWN_TRANSACTION", `There is no transaction ${txId}.`, { txId });
    if (again && isDoneByHand(verb, record.state)) return { txId, state: record.state };
    if (!isLegalByHand(verb, record.state)) throw illegal(record, verb);
    switch (verb) {
      case "confirm":
      case "reverse":
        return moves.run(verb, txId, deadline, call.traceId);
      case "cancel":
        return moves.run("cancel", txId, deadline, call.traceId, "REQUESTED");
      case "retry":
        return this.retry(record);
      case "force-end":
        return this.forceEnd(record, request.outside, deadline);
    }
  }

  private async retry({ txId, state }: TransactionRecord): Promise<MoveAnswer> {
    const { core, ledger } = this.ports;
    if ((await core.ask(() => ledger.hastenBranches([txId]))) > 0) this.ports.hastened();
    return { txId, state };
  }

  private async forceEnd(record: TransactionRecord, outside: OutsideEvidence | undefined, deadline: Deadline): Promise<MoveAnswer> {
    const { core, ledger, remote } = this.ports;
    const { txId, state } = record;
    if (record.ticketId === null || !outside || outside.state !== state) throw illegal(record, "force-end");
    const [branches = []] = await core.inTime(core.ask(() => ledger.findBranches([txId])), deadline, "its branches were read");
    const undone = branches.filter(({ nextAttemptAtMs }) => nextAttemptAtMs !== null).map(({ branchNo }) => branchNo);
    const unnamed = undone.filter((branchNo) => !outside.branchNos.includes(branchNo));
    if (unnamed.length > 0) {
      throw new EngineError("ILLEGAL_STATE", `Branch ${unnamed.join(", ")} of ${txId} is not done, and the evidence does not name it.`, { txId });
    }
    const settled = await core.inTime(remote.endOutside(txId, state as UnfinishedState, undone, outside.evidence), deadline, "it was written down");
    return { txId, state: settled ?? state };
  }
}

function illegal({ txId, state, ticketId }: TransactionRecord, verb: HandVerb): EngineError {
  return new EngineError("ILLEGAL_STATE", `Transaction ${txId} is ${state}: it cannot ${verb}.`, { txId, ticketId: ticketId ?? undefined });
}
