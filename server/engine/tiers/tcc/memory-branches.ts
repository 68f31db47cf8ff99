/**
 * MemoryBranches is the twin of the tables branches and attempts: what is due, who has it, what came of it.
 * It knows no stock and ends no transaction: `memory-ledger.ts` does, told by `allDone`.
 */
import { BRANCH_OPERATIONS, ENDED_STATES, isUnfinished, type TransactionState, type UnfinishedState } from "../../kernel/states.ts";
import type { RemoteBranch } from "../../kernel/types.ts";
import { BRANCH_FAILURES_MAX, BRANCH_LEASE_MS, type BranchRecord, type BranchReport } from "./ledger.ts";
import { copies } from "./memory-rows.ts";

export interface AttemptView extends Omit<BranchReport, "state" | "retryInMs"> {
  operation: (typeof BRANCH_OPERATIONS)[UnfinishedState];
  atMs: number;
}

export class MemoryBranches {
  private readonly branches = new Map<string, BranchRecord[]>();
  private readonly attempts = new Map<string, AttemptView>();

  /** Those of a Try: whoever sent it may call them first. */
  begin(txId: string, remote: readonly RemoteBranch[], atMs: number): void {
    const records = remote.map((branch, index) => ({ ...branch, txId, branchNo: index + 1, ...fresh("TRYING", atMs) }));
    this.branches.set(txId, records);
  }

  /** The transaction was decided: every branch has to be told. */
  decide(txId: string, state: TransactionState, atMs: number): void {
    for (const branch of this.branches.get(txId) ?? []) Object.assign(branch, fresh(state, atMs));
  }

  of(txId: string): BranchRecord[] {
    return copies(this.branches.get(txId) ?? []);
  }

  claim(limit: number, nowMs: number): BranchRecord[] {
    const due = [...this.branches.values()]
      .flat()
      .filter(({ nextAttemptAtMs }) => nextAttemptAtMs !== null && nextAttemptAtMs <= nowMs)
      .sort((a, b) => (a.nextAttemptAtMs as number) - (b.nextAttemptAtMs as number))
      .slice(0, limit);
    for (const branch of due) {
      branch.attempt++;
      branch.nextAttemptAtMs = nowMs + BRANCH_LEASE_MS;
    }
    return copies(due);
  }

  report(report: BranchReport, nowMs: number): void {
    const { txId, branchNo, state, outcome, errorClass, message, httpStatus, durationMs, retryInMs } = report;
    const branch = this.branches.get(txId)?.[branchNo - 1];
    if (!branch || (report.attempt === 0 && branch.state !== state)) return;
    const attempt = report.attempt === 0 ? branch.attempt + 1 : report.attempt;
    const operation = BRANCH_OPERATIONS[state];
    const key = `${txId} ${branchNo} ${operation} ${attempt}`;
    if (this.attempts.has(key)) return;
    this.attempts.set(key, { txId, branchNo, operation, attempt, outcome, errorClass, message, httpStatus, durationMs, atMs: nowMs - durationMs });
    if (branch.state !== state || (report.attempt !== 0 && branch.attempt !== attempt)) return;
    const done = outcome === "DONE" || outcome === "OUTSIDE";
    Object.assign(branch, { attempt, errorClass, lastError: message, httpStatus, nextAttemptAtMs: done ? null : nowMs + retryInMs });
    if (done) branch.state = ENDED_STATES[state];
    else if (outcome !== "ONGOING") branch.failures++;
  }

  /** When undone ones are due. */
  times(): number[] {
    return [...this.branches.values()].flat().flatMap(({ nextAttemptAtMs }) => nextAttemptAtMs ?? []);
  }

  allDone(txId: string): boolean {
    return (this.branches.get(txId) ?? []).every(({ nextAttemptAtMs }) => nextAttemptAtMs === null);
  }

  /** True when a person should look at it. */
  failing(txId: string): boolean {
    return (this.branches.get(txId) ?? []).some(({ nextAttemptAtMs, failures }) => nextAttemptAtMs !== null && failures > BRANCH_FAILURES_MAX);
  }

  hasten(txId: string, nowMs: number): number {
    const waiting = (this.branches.get(txId) ?? []).filter(
      ({ state, nextAttemptAtMs }) => state !== "TRYING" && nextAttemptAtMs !== null && nextAttemptAtMs > nowMs,
    );
    for (const branch of waiting) branch.nextAttemptAtMs = nowMs;
    return waiting.length;
  }

  inspect(): { branches: BranchRecord[]; attempts: AttemptView[] } {
    return { branches: copies([...this.branches.values()].flat()), attempts: copies([...this.attempts.values()]) };
  }
}

function fresh(state: TransactionState, atMs: number) {
  const nextAttemptAtMs = isUnfinished(state) ? atMs + BRANCH_LEASE_MS : null;
  return { state, attempt: 1, failures: 0, errorClass: null, lastError: null, httpStatus: null, nextAttemptAtMs };
}
