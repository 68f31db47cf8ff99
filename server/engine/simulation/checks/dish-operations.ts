/**
 * Turns a history into what each dish saw: portions taken and given back, found too few, seen. Whether a call nobody heard of
 * took effect is asked of the books; when it did is left open, up to the first answer that proves it.
 */
import type { BasketLine } from "../../kernel/types.ts";
import type { Call, ChangeCall, History, MoveCall, TryCall } from "../history.ts";
import { groupBy } from "./answers.ts";
import type { Books } from "./books.ts";
import { checkLinearizable, type Operation } from "./linearizable.ts";
import { beganAtMs, flightsOf } from "./refusals.ts";

const LEASE_MS = 500;

export interface LinearizabilityReport {
  wrong: string[];
  dishes: number;
  undecided: number;
  operations: number;
}

/** Every dish by itself. */
export function checkDishes(history: History, books: Books): LinearizabilityReport {
  const report: LinearizabilityReport = { wrong: [], dishes: 0, undecided: 0, operations: 0 };
  const operations = dishOperations(history, books);
  for (const { dishId, supplied } of history.supply.dishes) {
    const own = operations.get(dishId) ?? [];
    const verdict = checkLinearizable(supplied, own);
    report.dishes++;
    report.operations += own.length;
    if (verdict.kind === "undecided") report.undecided++;
    if (verdict.kind === "not linearizable") {
      report.wrong.push(`${dishId}: ${own.length} operations cannot be put in a row; after ${verdict.longest} none of these fits: ${verdict.stuck.slice(0, 8).join("; ")}`);
    }
  }
  return report;
}

export function dishOperations({ calls, commitMsMax = 0 }: History, books: Books): Map<string, Operation[]> {
  const operations = new Map<string, Operation[]>();
  const add = (dishId: string, operation: Operation): void => {
    const own = operations.get(dishId);
    if (own) own.push(operation);
    else operations.set(dishId, [operation]);
  };
  const byTx = groupBy(calls.filter((call) => call.verb !== "change") as (TryCall | MoveCall)[], ({ request }) => request.txId);
  for (const [txId, group] of byTx) addTransaction(txId, group, books, commitMsMax, add);
  const flights = flightsOf(calls);
  for (const call of calls) {
    if (call.verb !== "try" || call.ending.kind !== "refused" || call.ending.code !== "SOLD_OUT") continue;
    const { ending, request, endedAtMs } = call;
    // The ledger's no names no dish: with one line it is clear which.
    const shortages = ending.tier === "cas" ? ending.shortages : request.lines.length === 1 ? request.lines.map(({ dishId, quantity }) => ({ dishId, wanted: quantity })) : [];
    const fromMs = beganAtMs(call, flights) - LEASE_MS;
    for (const { dishId, wanted } of shortages) add(dishId, { name: `${request.txId} finds fewer than ${wanted}`, fromMs, toMs: endedAtMs, effect: { kind: "finds too few", wanted } });
  }
  const changes = groupBy(calls.filter((call): call is ChangeCall => call.verb === "change"), ({ request }) => request.actionKey);
  for (const [actionKey, group] of changes) addChange(actionKey, group, books, commitMsMax, add);
  return operations;
}

type Add = (dishId: string, operation: Operation) => void;

/** What a transaction did to its dishes, state by state. Which states it had is the books' word; when, the callers'. */
function addTransaction(txId: string, calls: readonly (TryCall | MoveCall)[], books: Books, commitMsMax: number, add: Add): void {
  const account = books.accounts.get(txId);
  if (!account?.request) return;
  const { lines } = account.request;
  const each = (effect: "takes" | "gives", name: string, interval: Interval): void => {
    for (const { dishId, quantity } of lines as readonly BasketLine[]) add(dishId, { name: `${txId} ${name} ${quantity}`, ...interval, effect: { kind: effect, quantity } });
  };
  const expiredAtMs = account.states.find(({ state }) => state === "EXPIRED")?.atMs;
  let free = false; // whether the portions are the dish's again
  for (const { state, atMs } of account.states) {
    const [takes, gives] = [free, !free];
    if (state === "RESERVED" || state === "TRYING") {
      if (state === account.states[0]?.state) each("takes", "reserves", intervalOf(calls, "try", atMs, commitMsMax));
    } else if (state === "EXPIRED") {
      each("gives", "expires and gives", { fromMs: atMs, toMs: atMs + commitMsMax, likelyAtMs: atMs });
      free = true;
    } else if (state === "CONFIRMED" && takes && expiredAtMs !== undefined) {
      each("takes", "reserves again", intervalOf(calls, "confirm", atMs, commitMsMax));
      free = false;
    } else if ((state === "CANCELLED" || state === "CANCELLING") && gives) {
      each("gives", "cancels and gives", intervalOf(calls, "cancel", atMs, commitMsMax));
      free = true;
    } else if ((state === "REVERSED" || state === "REVERSING") && gives) {
      each("gives", "reverses and gives", intervalOf(calls, "reverse", atMs, commitMsMax));
      free = true;
    }
  }
}

interface Interval {
  fromMs: number;
  toMs: number;
  likelyAtMs: number;
}

/**
 * From the first call of a verb to the first answer that proves it was carried out. What nobody asked for happened by itself:
 * a reservation with participants that expired or failed is cancelled. Then the commit says when.
 */
function intervalOf(calls: readonly Call[], verb: Call["verb"], committedAtMs: number, commitMsMax: number): Interval {
  const asked = calls.filter((call) => call.verb === verb && call.startedAtMs <= committedAtMs);
  if (asked.length === 0) return { fromMs: committedAtMs, toMs: committedAtMs + commitMsMax, likelyAtMs: committedAtMs };
  const fromMs = Math.min(...asked.map(({ startedAtMs }) => startedAtMs));
  const proves = (call: Call): boolean =>
    call.ending.kind === "answered" && (call.verb === verb || (verb === "try" && call.verb !== "cancel") || (verb === "confirm" && call.verb === "reverse"));
  // Among three hundred operations nothing is taken on trust. Among a hundred thousand, what may have happened at any time makes
  // the search endless: there the ledger's clock bounds it.
  const latestMs = commitMsMax > 0 ? committedAtMs + commitMsMax : Number.POSITIVE_INFINITY;
  return { fromMs, toMs: Math.min(latestMs, ...calls.filter(proves).map(({ endedAtMs }) => endedAtMs)), likelyAtMs: committedAtMs };
}

function addChange(actionKey: string, calls: readonly ChangeCall[], books: Books, commitMsMax: number, add: Add): void {
  const { dishId, kind, quantity } = (calls[0] as ChangeCall).request;
  const interval = intervalOf(calls, "change", books.applied.get(actionKey) ?? Number.POSITIVE_INFINITY, commitMsMax);
  const answered = calls.find(({ ending }) => ending.kind === "answered");
  if (answered?.ending.kind === "answered") {
    const { available } = answered.ending.answer;
    add(dishId, { name: `${actionKey} sees ${available}`, ...interval, effect: { kind: "sees", available } });
  }
  const refused = calls.find(({ ending }) => ending.kind === "refused" && ending.code === "INSUFFICIENT_STOCK");
  if (refused) add(dishId, { name: `${actionKey} finds fewer than ${quantity}`, fromMs: interval.fromMs, toMs: refused.endedAtMs, effect: { kind: "finds too few", wanted: quantity } });
  if (!books.applied.has(actionKey)) return;
  if (kind === "RESTOCK") add(dishId, { name: `${actionKey} gives ${quantity}`, ...interval, effect: { kind: "gives", quantity } });
  if (kind === "WRITE_OFF") add(dishId, { name: `${actionKey} takes ${quantity}`, ...interval, effect: { kind: "takes", quantity } });
}
