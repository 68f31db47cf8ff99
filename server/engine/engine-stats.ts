/** The counters of all parts as one plain object. Nothing is counted here. */
import type { EngineParts } from "./engine-parts.ts";
import type { Refusals } from "./guards/refusals.ts";
import type { EngineStats } from "./kernel/types.ts";

/** What the engine itself counts. */
export interface EngineCounts {
  refusals: Refusals;
  shed: number;
  gaps: number;
  /** Messages of the live feed. */
  dropped: number;
}

export function statsOf(parts: EngineParts, more: EngineCounts): EngineStats {
  const { trys, moves, flight, runner } = parts;
  return {
    refusals: more.refusals.snapshot(),
    cas: {
      admitted: trys.counters.admitted,
      refused: trys.counters.refused,
      parked: trys.counters.parked,
      casRetries: parts.gate.cells.retriesTotal,
      cellReads: parts.core.looks.dishReads,
    },
    lock: {
      batches: flight.counters.batches,
      batched: flight.counters.batched,
      timedOut: parts.core.timedOut,
      shed: more.shed,
      waiting: parts.locks.waiting,
      inFlight: parts.locks.inFlight,
    },
    redis: {
      takes: flight.counters.takes,
      short: flight.counters.short,
      failures: flight.counters.redisFailures,
      expiredHolds: flight.counters.expiredHolds,
      circuit: parts.cellsBreaker.state,
    },
    tcc: {
      reserved: trys.counters.reserved,
      replayed: trys.counters.replayed,
      refused: trys.counters.guardRefused,
      ...moves.counters,
      ...runner.counters,
      calls: structuredClone(parts.remote.counters.calls),
      tickets: parts.remote.counters.tickets,
      recovered: parts.recovery.claimed,
      circuit: parts.ledgerBreaker.state,
    },
    feed: { dropped: more.dropped, gaps: more.gaps },
  };
}
