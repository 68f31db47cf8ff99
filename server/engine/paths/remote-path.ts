/**
 * RemotePath speaks with the participants of a transaction: the Trys before it is reserved, and phase two once it is decided.
 * It is called outside any batch and any lock. Every answer is written down with the attempt it belongs to, so an answer that
 * comes late, twice or to a dead instance changes nothing. It decides nothing: a Try that failed is cancelled by its caller.
 */
import { sleep } from "../kernel/clock.ts";
import type { Deadline } from "../kernel/deadline.ts";
import { EngineError, isEngineError } from "../kernel/errors.ts";
import type { FailpointListener } from "../kernel/failpoints.ts";
import { Gathering, insist } from "../kernel/gathering.ts";
import type { Random } from "../kernel/random.ts";
import { BRANCH_OPERATIONS, type TransactionState, type UnfinishedState } from "../kernel/states.ts";
import type { BranchCalls, RemoteBranch } from "../kernel/types.ts";
import type { TransactionChange } from "../feed/live-feed.ts";
import { ONGOING_MS, retryInMs } from "../recovery/backoff.ts";
import type { BranchReport, ClaimedBranch, Ledger, SettledTransaction } from "../tiers/tcc/ledger.ts";
import type { BranchAnswer, Participants } from "../tiers/tcc/participants.ts";
import type { EngineCore } from "./engine-core.ts";

/** A phase-two call may take its time: nobody has to wait for it. Shorter than the lease, so that its report still counts. */
export const PARTICIPANT_CALL_MS_MAX = 3_000;

/** Kept of a Try's time to write its answers down, and to answer. */
const TRY_RESERVE_MS = 120;

/** A participant that says "not yet" to a Try is asked again while there is time. */
const TRY_ONGOING_MS = 50;

/** A report is written about now: who looks when its branch is due by our clock would come just before it is by the ledger's. */
const REPORT_MS = 100;

/** It was reserved. A report whose answer is lost is sent again, and by then a confirm may have followed. */
const AFTER_RESERVED: readonly TransactionState[] = ["RESERVED", "CONFIRMING", "CONFIRMED", "REVERSING", "REVERSED"];

/** As long as what a participant says. */
const MESSAGE_LENGTH_MAX = 200;

/** What one call is about: enough to make it and to write down what came of it. */
type Call = Pick<ClaimedBranch, "txId" | "branchNo" | "state" | "attempt" | "failures" | "traceId"> & RemoteBranch;

export interface RemoteCounters {
  /** Calls by operation and outcome. */
  calls: BranchCalls;
  /** Review tickets that this instance opened. */
  tickets: number;
}

export interface RemotePorts {
  core: EngineCore;
  ledger: Ledger;
  participants: Participants;
  random: Random;
  failpoint: FailpointListener;
  /** A transaction came to its end by a report. */
  ended(change: TransactionChange): void;
  /** A branch is not done; it may be called again then. */
  due(inMs: number): void;
  /** A review ticket was opened. */
  opened(txId: string, ticketId: string): void;
}

export class RemotePath {
  readonly counters: RemoteCounters = { calls: { try: {}, confirm: {}, cancel: {}, reverse: {} }, tickets: 0 };
  /** A report that cannot be written is given up: the branch's lease runs out, and it is called again. */
  private readonly reports: Gathering<BranchReport, SettledTransaction | null>;
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(private readonly ports: RemotePorts) {
    this.reports = new Gathering(ports.core.clock, (reports) => this.write(reports));
  }

  /**
   * Tries every branch, all at once, within the deadline.
   * @throws EngineError PARTICIPANT_REFUSED, PARTICIPANT_UNAVAILABLE: it has to be cancelled; LATE_TRY: it was already;
   *   DEADLINE_EXCEEDED: what the participants said could not be written down in time, and the outcome is unknown.
   */
  async tryAll(txId: string, branches: readonly RemoteBranch[], traceId: string, deadline: Deadline): Promise<void> {
    const { core, failpoint } = this.ports;
    failpoint("try.held");
    const calls = branches.map((branch, index) => ({ ...branch, txId, branchNo: index + 1, state: "TRYING" as const, attempt: 1, failures: 0, traceId }));
    const settled = await Promise.all(
      calls.map(async (call) => {
        const answer = await this.tryOne(call, deadline);
        failpoint("try.called");
        const report = this.reports.add(this.report(call, answer));
        if (answer.outcome !== "DONE") {
          this.track(report);
          throw notTried(txId, call.participant, answer);
        }
        return core.inTime(report, deadline, "its participants' answers were written down").catch((error: unknown) => {
          throw notWrittenDown(txId, error);
        });
      }),
    );
    failpoint("try.reported");
    const states = settled.map((transaction) => transaction?.state);
    if (states.some((state) => state !== undefined && AFTER_RESERVED.includes(state))) return;
    if (states.includes("TRYING")) throw notWrittenDown(txId);
    throw new EngineError("LATE_TRY", `Transaction ${txId} was cancelled while its participants were tried.`, { txId });
  }

  /**
   * Tells the branches of a transaction that this instance has just decided.
   * @returns its state when each of them has been called once.
   */
  async tell(txId: string, traceId: string): Promise<TransactionState | null> {
    const { ledger, failpoint } = this.ports;
    failpoint("decide.committed");
    const [branches = []] = await ledger.findBranches([txId]);
    // A later attempt is somebody else's: its lease began after the decision.
    const own = branches.filter(({ attempt, nextAttemptAtMs }) => attempt === 1 && nextAttemptAtMs !== null);
    const told = await Promise.all(own.map((branch) => this.call({ ...branch, state: branch.state as UnfinishedState, traceId })));
    return told.find((transaction) => transaction?.ended)?.state ?? told[0]?.state ?? null;
  }

  /** Calls a branch whose lease is ours, once, and writes down what came of it. */
  async call(call: Call): Promise<SettledTransaction | null> {
    const answer = await this.send(call, PARTICIPANT_CALL_MS_MAX);
    this.ports.failpoint("branch.called");
    const settled = await this.reports.add(this.report(call, answer));
    this.ports.failpoint("branch.reported");
    return settled;
  }

  /**
   * Writes down that branches were done by other means, as a person says. Whatever is called meanwhile, it counts.
   * @returns the transaction's state after it; null: nobody knows it.
   */
  async endOutside(txId: string, state: UnfinishedState, branchNos: readonly number[], evidence: string): Promise<TransactionState | null> {
    const said = { state, attempt: 0, outcome: "OUTSIDE", errorClass: null, message: evidence.slice(0, MESSAGE_LENGTH_MAX), httpStatus: null, durationMs: 0, retryInMs: 0 } as const;
    const settled = await Promise.all(branchNos.map((branchNo) => this.reports.add({ txId, branchNo, ...said })));
    return settled.find((transaction) => transaction?.ended)?.state ?? settled[0]?.state ?? null;
  }

  /** Goes on without a caller; `idle` waits for it. */
  track(work: Promise<unknown>): void {
    const tracked = work.catch(() => {}).finally(() => this.underWay.delete(tracked));
    this.underWay.add(tracked);
  }

  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private async tryOne(call: Call, deadline: Deadline): Promise<BranchAnswer> {
    for (;;) {
      const answer = await this.send(call, Math.max(0, deadline.remainingMs - TRY_RESERVE_MS));
      if (answer.outcome !== "ONGOING" || deadline.remainingMs < TRY_RESERVE_MS + 2 * TRY_ONGOING_MS) return answer;
      await sleep(this.ports.core.clock, TRY_ONGOING_MS);
    }
  }

  private async send(call: Call, timeoutMs: number): Promise<BranchAnswer> {
    const { txId, branchNo, participant, body, traceId, state } = call;
    const operation = BRANCH_OPERATIONS[state];
    const url = operation === "try" ? call.tryUrl : operation === "confirm" ? call.confirmUrl : call.cancelUrl;
    const answer = await this.ports.participants.call({ txId, branchNo, participant, operation, url, body, traceId }, timeoutMs);
    const counts = this.counters.calls[operation];
    counts[answer.outcome] = (counts[answer.outcome] ?? 0) + 1;
    return answer;
  }

  private report({ txId, branchNo, state, attempt, failures }: Call, answer: BranchAnswer): BranchReport {
    const { outcome, errorClass, httpStatus, durationMs } = answer;
    const inMs = outcome === "ONGOING" ? ONGOING_MS : retryInMs(failures + 1, this.ports.random);
    if (outcome !== "DONE") this.ports.due(inMs + REPORT_MS);
    return { txId, branchNo, state, attempt, outcome, errorClass, message: answer.message, httpStatus, durationMs, retryInMs: inMs };
  }

  /** @returns one answer a report: its transaction after it; null: nobody knows it. */
  private async write(reports: readonly BranchReport[]): Promise<(SettledTransaction | null)[]> {
    const { core, ledger } = this.ports;
    const settled = await insist(core.clock, () => core.ask(() => ledger.settleBranches(reports)));
    for (const transaction of settled) this.tellAround(transaction);
    const byId = new Map(settled.map((transaction) => [transaction.txId, transaction]));
    return reports.map(({ txId }) => byId.get(txId) ?? null);
  }

  private tellAround({ txId, storeId, state, ended, openedTicketId }: SettledTransaction): void {
    if (ended) this.ports.ended({ txId, storeId, state });
    if (openedTicketId === null) return;
    this.counters.tickets++;
    this.ports.opened(txId, openedTicketId);
  }
}

function notTried(txId: string, participant: string, answer: BranchAnswer): EngineError {
  if (answer.outcome === "REFUSED") {
    return new EngineError("PARTICIPANT_REFUSED", `${participant} refused to take part: ${answer.message ?? "it gave no reason"}`, { txId });
  }
  return new EngineError("PARTICIPANT_UNAVAILABLE", `${participant} did not take part (${answer.errorClass}); the transaction is cancelled.`, { txId, retryAfterMs: 1_000 });
}

/** Its hold is committed, and of a report that failed nobody knows whether it was written: no failure of it says that nothing was. */
function notWrittenDown(txId: string, cause?: unknown): EngineError {
  return new EngineError("DEADLINE_EXCEEDED", "Its participants' answers could not all be written down; ask again with the same id.", { txId, cause });
}

/** True for a Try that has to be cancelled, because a participant did not agree. */
export function isNotTried(error: unknown): boolean {
  return isEngineError(error) && (error.code === "PARTICIPANT_REFUSED" || error.code === "PARTICIPANT_UNAVAILABLE");
}
