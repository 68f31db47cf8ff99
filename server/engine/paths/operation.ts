/**
 * One operation on its way through the locks into a batch: what it wants, which keys it needs, and how it ended.
 * It decides nothing.
 */
import type { Deadline } from "../kernel/deadline.ts";
import type { BasketLine } from "../kernel/types.ts";
import type { Lockable } from "../tiers/lock/dish-locks.ts";
import type { BatchItem, ItemOutcome, LedgerRequest } from "../tiers/tcc/batch-runner.ts";

export type OperationOutcome =
  | ItemOutcome
  /** Redis holds these portions for another instance; nothing was written. */
  | { kind: "short"; dishId: string; quantity: number }
  /** Its deadline passed before its batch was sent; nothing was written. */
  | { kind: "late" };

export class Operation implements Lockable, BatchItem {
  readonly lane: "move" | "try";
  readonly sharedKeys: readonly string[];
  readonly exclusiveKeys: readonly string[];
  readonly weight: number;
  readonly outcome: Promise<OperationOutcome>;
  private settle!: (outcome: OperationOutcome) => void;

  constructor(
    readonly request: LedgerRequest,
    readonly dishIds: readonly string[],
    couponId: string | null,
    readonly deadline: Deadline,
    /** When it joined the queue, monotonic clock. */
    readonly enteredAtMs: number,
    /** Other instances' holds have turned it back before: now Postgres decides, whatever Redis says. */
    readonly ignoresHolds = false,
  ) {
    this.lane = request.kind === "try" ? "try" : "move";
    this.sharedKeys = couponId === null ? dishIds : [...dishIds, `coupon ${couponId}`];
    this.exclusiveKeys = exclusiveKeysOf(request);
    this.weight = Math.max(1, dishIds.length);
    this.outcome = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** The portions a Try was promised in memory; empty for everything else. */
  get promised(): readonly BasketLine[] {
    return this.request.kind === "try" ? this.request.try.lines : [];
  }

  answer(outcome: OperationOutcome): void {
    this.settle(outcome);
  }
}

/**
 * Bare ids: a transaction and an order of one name, or a dish and an order, keep each other waiting for no reason, which is
 * rare and harmless. A key put together from two strings costs more in every set it enters than all that the locks do besides.
 */
function exclusiveKeysOf(request: LedgerRequest): string[] {
  switch (request.kind) {
    case "try": {
      const { txId, orderId } = request.try;
      return txId === orderId ? [txId] : [txId, orderId];
    }
    case "move":
      return [request.move.txId];
    case "change":
      return [`action ${request.change.actionKey}`];
  }
}
