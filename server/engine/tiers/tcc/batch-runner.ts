/**
 * BatchRunner carries one batch through the ledger until every operation has an outcome: it sends again what was rolled
 * back or may have been lost (every operation is idempotent), and cuts a batch in two to find a request that breaks it.
 * It knows no stock cells, no queues and no callers: `engine.ts` brings those together.
 */
import type { Clock } from "../../kernel/clock.ts";
import { sleep } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";
import type { DishRow } from "../../kernel/types.ts";
import type { CircuitBreaker } from "../../guards/circuit-breaker.ts";
import {
  isLedgerFailure,
  type ChangeVerdict,
  type Ledger,
  type LedgerBatchResult,
  type LedgerFailureKind,
  type LedgerMove,
  type LedgerStockChange,
  type LedgerTry,
  type MoveVerdict,
  type TryVerdict,
} from "./ledger.ts";

/** A deadlock or a unique violation is gone at the next look; five in a row means that one request causes it. */
const CONFLICTS_MAX = 5;

/** Pause before sending again, doubled each time up to the cap, with full jitter (AWS Architecture Blog, 2015). */
const RESEND_PAUSE_MS = 2;
const RESEND_PAUSE_MS_MAX = 100;

export type LedgerRequest =
  | { kind: "try"; try: LedgerTry }
  | { kind: "move"; move: LedgerMove }
  | { kind: "change"; change: LedgerStockChange };

/** A request and every dish it may touch. */
export interface BatchItem {
  request: LedgerRequest;
  dishIds: readonly string[];
}

export type ItemOutcome =
  /** `resent`: an earlier call may be carried out yet, so a no of this one is not the last word. */
  | { kind: "try"; verdict: TryVerdict; atMs: number; resent: boolean }
  | { kind: "move"; verdict: MoveVerdict; atMs: number; resent: boolean }
  | { kind: "change"; verdict: ChangeVerdict; atMs: number }
  | { kind: "failed"; failure: LedgerFailureKind; cause: unknown };

export interface BatchOutcome {
  /** In the order of the items. */
  items: ItemOutcome[];
  /** Every dish row the ledger answered with, the newest of each. */
  dishes: Map<string, DishRow>;
  /** When the first of the calls that answered was sent, monotonic clock: no row is older. Without an answer Infinity, and no rows. */
  askedAtMs: number;
}

export interface RunnerCounters {
  resent: number;
  bisected: number;
}

export class BatchRunner {
  readonly counters: RunnerCounters = { resent: 0, bisected: 0 };

  constructor(
    private readonly ledger: Ledger,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly breaker: CircuitBreaker,
  ) {}

  /** Never rejects. After `giveUpAtMs` (monotonic clock) nothing is sent again. */
  async run(batchId: string, items: readonly BatchItem[], giveUpAtMs: number): Promise<BatchOutcome> {
    const outcome: BatchOutcome = { items: new Array(items.length), dishes: new Map(), askedAtMs: Number.POSITIVE_INFINITY };
    await this.runPart(batchId, items.map((item, position) => ({ item, position })), giveUpAtMs, outcome);
    return outcome;
  }

  private async runPart(
    batchId: string,
    part: readonly { item: BatchItem; position: number }[],
    giveUpAtMs: number,
    outcome: BatchOutcome,
    mayHaveCommitted = false,
  ): Promise<void> {
    let failure: { kind: LedgerFailureKind; cause: unknown } = { kind: "unavailable", cause: null };
    let conflicts = 0;
    for (let attempt = 0; attempt === 0 || this.clock.monotonicMs() < giveUpAtMs; attempt++) {
      if (!this.breaker.allows()) break;
      if (attempt > 0) this.counters.resent++;
      const askedAtMs = this.clock.monotonicMs();
      try {
        const result = await this.breaker.call(() => this.ledger.runBatch(toLedgerBatch(batchId, part.map(({ item }) => item))));
        // A part of a batch that was cut in two is older than the last one: with its row, news that came meanwhile would look set back.
        outcome.askedAtMs = Math.min(outcome.askedAtMs, askedAtMs);
        distribute(result, part, outcome, mayHaveCommitted);
        return;
      } catch (error) {
        failure = { kind: isLedgerFailure(error) ? error.kind : "poisoned", cause: error };
      }
      if (failure.kind === "unknown") mayHaveCommitted = true;
      if (failure.kind === "poisoned" || (failure.kind === "conflict" && ++conflicts >= CONFLICTS_MAX)) {
        if (part.length > 1) {
          this.counters.bisected++;
          const middle = part.length >> 1;
          await this.runPart(batchId, part.slice(0, middle), giveUpAtMs, outcome, mayHaveCommitted);
          await this.runPart(batchId, part.slice(middle), giveUpAtMs, outcome, mayHaveCommitted);
          return;
        }
        if (failure.kind === "poisoned") break;
      }
      const pauseMs = Math.min(RESEND_PAUSE_MS * 2 ** attempt, RESEND_PAUSE_MS_MAX);
      await sleep(this.clock, this.random.next() * pauseMs);
    }
    // An earlier call may have committed, so whatever came last, the outcome stays unknown.
    const kind = mayHaveCommitted && failure.kind !== "poisoned" ? "unknown" : failure.kind;
    for (const { position } of part) outcome.items[position] = { kind: "failed", failure: kind, cause: failure.cause };
  }
}

function toLedgerBatch(batchId: string, items: readonly BatchItem[]) {
  const dishIds = new Set<string>();
  const trys: LedgerTry[] = [];
  const moves: LedgerMove[] = [];
  const changes: LedgerStockChange[] = [];
  for (const { request, dishIds: touched } of items) {
    for (const dishId of touched) dishIds.add(dishId);
    if (request.kind === "try") trys.push(request.try);
    else if (request.kind === "move") moves.push(request.move);
    else changes.push(request.change);
  }
  return { batchId, dishIds: [...dishIds], trys, moves, changes };
}

function distribute(
  result: LedgerBatchResult,
  part: readonly { item: BatchItem; position: number }[],
  outcome: BatchOutcome,
  resent: boolean,
): void {
  const { atMs } = result;
  let trys = 0;
  let moves = 0;
  let changes = 0;
  for (const { item, position } of part) {
    switch (item.request.kind) {
      case "try":
        outcome.items[position] = { kind: "try", verdict: result.trys[trys++] as TryVerdict, atMs, resent };
        break;
      case "move":
        outcome.items[position] = { kind: "move", verdict: result.moves[moves++] as MoveVerdict, atMs, resent };
        break;
      case "change":
        outcome.items[position] = { kind: "change", verdict: result.changes[changes++] as ChangeVerdict, atMs };
        break;
    }
  }
  for (const row of result.dishes) {
    if (!row) continue;
    const earlier = outcome.dishes.get(row.dishId);
    if (!earlier || earlier.version <= row.version) outcome.dishes.set(row.dishId, row);
  }
}
