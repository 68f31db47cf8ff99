/**
 * Small histories by hand, for proving the checks: a ledger that says what it is told, callers that heard what they are told.
 * For tests only.
 */
import type { EngineErrorCode, RefusalTier } from "../../kernel/errors.ts";
import type { DishRow, StockChangeRequest, TryRequest } from "../../kernel/types.ts";
import type { LedgerBatch, LedgerStockChange, LedgerTry, MoveTarget, MoveVerdict, TryVerdict } from "../../tiers/tcc/ledger.ts";
import type { Call, ChangeCall, Commit, Ending, History, MoveCall, Supply, TryCall } from "../history.ts";
import { Books } from "./books.ts";

export const SUPPLY: Supply = { dishes: [{ dishId: "noodles", storeId: "s", supplied: 3 }, { dishId: "rice", storeId: "s", supplied: 5 }], couponIds: ["c"] };

export function request(txId: string, quantity = 1, more: Partial<TryRequest> = {}): TryRequest {
  return { txId, storeId: "s", lines: [{ dishId: "noodles", quantity }], orderId: `order of ${txId}`, couponId: null, ttlSeconds: 10, ...more };
}

/** A ledger's rows as they are after each commit; `version` counts commits. */
export class Scribe {
  readonly commits: Commit[] = [];
  private version = 0;

  /** `row` of noodles after the commit, as [available, frozen, sold]; `more` changes what it says of itself. Changes were applied. */
  commit(atMs: number, what: { trys?: [TryRequest, TryVerdict][]; moves?: [string, MoveTarget, MoveVerdict][]; changes?: Change[] }, [available, frozen, sold]: [number, number, number], more: Partial<DishRow> = {}): this {
    const trys = (what.trys ?? []).map(([asked]): LedgerTry => ({ ...asked, payloadHash: "", traceId: "", stages: { accessMs: 0, casMs: 0, lockMs: 0, redisMs: 0 } }));
    const moves = (what.moves ?? []).map(([txId, to]) => ({ txId, to, cause: null }));
    const batch: LedgerBatch = { batchId: "i1.1", dishIds: ["noodles"], trys, moves, changes: (what.changes ?? []).map(changeOf) };
    const row: DishRow = { dishId: "noodles", storeId: "s", supplied: available + frozen + sold, available, frozen, sold, onSale: true, version: ++this.version, ...more };
    const result = { atMs, trys: (what.trys ?? []).map(([, verdict]) => verdict), moves: (what.moves ?? []).map(([, , verdict]) => verdict), changes: batch.changes.map(() => ({ verdict: "APPLIED" as const, dish: row })), dishes: [row] };
    this.commits.push({ kind: "batch", atMs, instance: "i1", batch, result });
    return this;
  }
}

type Change = Pick<StockChangeRequest, "actionKey" | "kind" | "quantity">;

const changeOf = (change: Change): LedgerStockChange => ({ ...change, dishId: "noodles", reason: null, actor: "op", requestHash: "" });

type Times = [startedAtMs: number, endedAtMs: number];

const base = ([startedAtMs, endedAtMs]: Times) => ({ at: "i1", startedAtMs, endedAtMs });

export function tried(asked: TryRequest, times: Times, more: { expiresAtMs?: number; state?: "RESERVED" | "CONFIRMED"; lines?: TryRequest["lines"]; replayed?: boolean } = {}): TryCall {
  const { expiresAtMs = 10_010, state = "RESERVED", lines = asked.lines, replayed = false } = more;
  const answer = { txId: asked.txId, state, lines: lines.map((line, index) => ({ ...line, freezeId: `${asked.txId}.${index + 1}` })), expiresAtMs, replayed };
  return { verb: "try", request: asked, ...base(times), ending: { kind: "answered", answer } };
}

export function refused(code: EngineErrorCode, { tier = null, wanted, retryable = false }: { tier?: RefusalTier | null; wanted?: number; retryable?: boolean } = {}): Ending<never> {
  return { kind: "refused", code, retryable, tier, shortages: wanted === undefined ? [] : [{ dishId: "noodles", wanted }] };
}

export function triedInVain(asked: TryRequest, times: Times, ending: Ending<never>): TryCall {
  return { verb: "try", request: asked, ...base(times), ending };
}

export function moved(verb: MoveCall["verb"], txId: string, times: Times, ending: Ending<MoveCallAnswer> = { kind: "answered", answer: { txId, state: TARGETS[verb] } }): MoveCall {
  return { verb, request: { txId }, ...base(times), ending };
}

type MoveCallAnswer = Extract<MoveCall["ending"], { kind: "answered" }>["answer"];

const TARGETS = { confirm: "CONFIRMED", cancel: "CANCELLED", reverse: "REVERSED" } as const;

export function changed(change: Change, times: Times, ending: ChangeCall["ending"]): ChangeCall {
  return { verb: "change", request: { dishId: "noodles", reason: null, actor: "t", ...change }, ...base(times), ending };
}

/** @returns the history, and the books kept of its commits. */
export function historyOf(calls: Call[], scribe = new Scribe()): { history: History; books: Books } {
  const books = new Books(SUPPLY);
  for (const commit of scribe.commits) books.enter(commit);
  return { history: { supply: SUPPLY, calls, commits: scribe.commits }, books };
}
