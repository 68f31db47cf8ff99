/**
 * Refusals counts the Trys that were told no, by the tier that said it and the code. It decides nothing.
 */
import { isEngineError, type EngineErrorCode, type RefusalTier } from "../kernel/errors.ts";
import type { EngineStats } from "../kernel/types.ts";

type Counts = Partial<Record<EngineErrorCode, number>>;

export class Refusals {
  private readonly counts: Record<RefusalTier, Counts> = { access: {}, cas: {}, lock: {}, redis: {}, tcc: {} };

  /** @param error how a Try ended; what is no EngineError is a fault of ours. */
  count(error: unknown): void {
    const code = isEngineError(error) ? error.code : "INTERNAL";
    const counts = this.counts[(isEngineError(error) && error.details.tier) || "tcc"];
    counts[code] = (counts[code] ?? 0) + 1;
  }

  snapshot(): EngineStats["refusals"] {
    const { access, cas, lock, redis, tcc } = this.counts;
    return { access: { ...access }, cas: { ...cas }, lock: { ...lock }, redis: { ...redis }, tcc: { ...tcc } };
  }
}
