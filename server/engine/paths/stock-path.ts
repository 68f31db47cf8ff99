/**
 * StockPath changes what there is to sell: restock, write-off, pause, resume, and new dishes and coupons.
 * Each change is idempotent by its action key; the ledger keeps the first answer and gives it again.
 */
import { fingerprint } from "../kernel/basket.ts";
import type { Deadline } from "../kernel/deadline.ts";
import { EngineError } from "../kernel/errors.ts";
import type { DishRow, StockChangeRequest } from "../kernel/types.ts";
import { isLedgerFailure, SUPPLIED_MAX, type ChangeVerdict } from "../tiers/tcc/ledger.ts";
import { failureOf, type EngineCore } from "./engine-core.ts";
import { Operation, type OperationOutcome } from "./operation.ts";

export class StockPath {
  constructor(private readonly core: EngineCore) {}

  async change(request: StockChangeRequest, deadline: Deadline): Promise<DishRow> {
    const { dishId, kind, quantity, reason } = request;
    const change = { ...request, requestHash: fingerprint([kind, dishId, quantity, reason]) };
    const operation = new Operation({ kind: "change", change }, [dishId], null, deadline, this.core.clock.monotonicMs());
    const outcome = await this.core.submit(operation);
    if (isOverflow(outcome)) throw supplyLimit(request);
    if (outcome.kind === "failed" || outcome.kind === "late" || outcome.kind === "short") throw failureOf(outcome);
    if (outcome.kind !== "change") throw new Error(`a stock change was answered as a ${outcome.kind}`);
    return dishOf(outcome.verdict, request);
  }
}

function dishOf(verdict: ChangeVerdict, { dishId, quantity, actionKey }: StockChangeRequest): DishRow {
  switch (verdict.verdict) {
    case "APPLIED":
    case "REPLAYED":
      return verdict.dish;
    case "UNKNOWN_DISH":
      throw new EngineError("UNKNOWN_DISH", `There is no dish ${dishId}.`);
    case "INSUFFICIENT_STOCK": {
      const dishes = [{ dishId, wanted: quantity, available: verdict.available }];
      throw new EngineError("INSUFFICIENT_STOCK", `Dish ${dishId} has ${verdict.available} portions to write off, not ${quantity}.`, { dishes });
    }
    case "MISMATCH":
      throw mismatch(actionKey);
  }
}

/** The one thing about a checked change that a row may not hold: so many portions. It failed alone, its batch went on without it. */
function isOverflow(outcome: OperationOutcome): boolean {
  return outcome.kind === "failed" && outcome.failure === "poisoned" && isLedgerFailure(outcome.cause) && outcome.cause.overflow;
}

function supplyLimit({ dishId, quantity }: StockChangeRequest): EngineError {
  return new EngineError("SUPPLY_LIMIT", `Dish ${dishId} cannot take ${quantity} portions more: a dish is supplied with at most ${SUPPLIED_MAX} in all.`);
}

export function mismatch(actionKey: string): EngineError {
  const key = actionKey.slice(actionKey.indexOf(":") + 1); // without the namespace of its caller
  return new EngineError("IDEMPOTENCY_MISMATCH", `The idempotency key ${key} was used for another request.`);
}
