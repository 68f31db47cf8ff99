/**
 * Every final no had a reason: at some moment of the call, or of the lease before it, what it said was so.
 * A retryable no needs no reason here; that there are not too many of them is the business of liveness.
 */
import { groupBy } from "./answers.ts";
import { everBetween, type Books, type DishMoment } from "./books.ts";
import type { Call, ChangeCall, History, MoveCall, TryCall } from "../history.ts";
import { POISON } from "../simulated-postgres.ts";

/** How old the reading may be that a no rests on: REFUSAL_AGE_MS_MAX of `stock-gate.ts`, said again. */
const LEASE_MS = 500;

/** A caller that heard nothing may have left its flight behind; who comes later may join it. */
const FLIGHT_MS_MAX = 10_000;

export interface RefusalReport {
  wrong: string[];
  /** Refusals for want of stock, and how many of them were so within the call itself, not only within the lease. */
  soldOut: number;
  soldOutWithinCall: number;
}

export function checkRefusals({ calls, commitMsMax = 0 }: History, books: Books): RefusalReport {
  const report: RefusalReport = { wrong: [], soldOut: 0, soldOutWithinCall: 0 };
  const flights = flightsOf(calls);
  const changes = groupBy(calls.filter((call): call is ChangeCall => call.verb === "change"), ({ request }) => request.actionKey);
  for (const call of calls) {
    if (call.ending.kind !== "refused" || call.ending.retryable) {
      if (call.ending.kind === "refused" && call.ending.code === "INTERNAL" && !isPoison(call)) report.wrong.push(`${nameOf(call)} failed as INTERNAL`);
      continue;
    }
    const fromMs = beganAtMs(call, flights) - commitMsMax;
    const reason = call.verb === "try" ? ofTry(call, calls, books, fromMs) : call.verb === "change" ? ofChange(call, changes, books, commitMsMax) : ofMove(call, books, fromMs);
    if (reason !== true) report.wrong.push(`${nameOf(call)} at ${call.startedAtMs.toFixed(1)}–${call.endedAtMs.toFixed(1)} ms was refused as ${call.ending.code}: ${reason}`);
    if (call.verb === "try" && call.ending.code === "SOLD_OUT") {
      report.soldOut++;
      if (isShort(call, books, fromMs)) report.soldOutWithinCall++;
    }
  }
  return report;
}

/** The Trys that one instance was asked with one id. */
export type Flights = ReadonlyMap<string, readonly TryCall[]>;

const flightOf = ({ at, request }: TryCall): string => `${at} ${request.txId}`;

export function flightsOf(calls: readonly Call[]): Flights {
  return groupBy(calls.filter((call): call is TryCall => call.verb === "try"), flightOf);
}

/** When the work behind an answer began: a call may have joined the flight of an earlier one with the same id. */
export function beganAtMs(call: Call, flights: Flights): number {
  if (call.verb !== "try") return call.startedAtMs;
  let fromMs = call.startedAtMs;
  for (const other of flights.get(flightOf(call)) ?? []) {
    if (other.startedAtMs >= fromMs) continue;
    const openUntilMs = other.ending.kind === "unknown" ? other.startedAtMs + FLIGHT_MS_MAX : other.endedAtMs;
    if (openUntilMs >= call.startedAtMs) fromMs = other.startedAtMs;
  }
  return fromMs;
}

/** A request that the simulated Postgres does not take: it fails, alone. */
const isPoison = (call: Call): boolean => call.verb === "try" && call.request.txId.startsWith(POISON);

type Reason = true | string;

function ofTry(call: TryCall, calls: readonly Call[], books: Books, fromMs: number): Reason {
  const { request, endedAtMs, ending } = call;
  if (ending.kind !== "refused") return true;
  const { txId, storeId, orderId, couponId, lines } = request;
  const account = books.accounts.get(txId);
  switch (ending.code) {
    case "SOLD_OUT":
      return isShort(call, books, fromMs - LEASE_MS) || "there was enough all the time";
    case "DISH_PAUSED":
      return lines.some(({ dishId }) => everBetween(momentsOf(books, dishId), fromMs - LEASE_MS, endedAtMs, ({ onSale }) => !onSale)) || "every dish was on sale all the time";
    case "UNKNOWN_DISH":
      return lines.some(({ dishId }) => !books.dishes.has(dishId)) || "every dish exists";
    case "WRONG_STORE":
      return lines.some(({ dishId }) => books.dishes.get(dishId)?.storeId !== storeId) || "every dish is of this store";
    case "UNKNOWN_COUPON":
      return (couponId !== null && !books.coupons.has(couponId)) || "the coupon exists";
    case "COUPON_UNAVAILABLE":
      return everBetween(books.coupons.get(couponId ?? "")?.moments ?? [], fromMs, endedAtMs, (moment) => moment.txId !== null) || "the coupon was free all the time";
    case "ORDER_CONFLICT": {
      const taken = (moment: { txId: string | null }): boolean => moment.txId !== null && moment.txId !== txId;
      return everBetween(books.orders.get(orderId)?.moments ?? [], fromMs, endedAtMs, taken) || "the order was nobody else's";
    }
    case "LATE_TRY":
      return (account && everBetween(account.states, fromMs, endedAtMs, ({ state }) => state === "CANCELLED" || state === "EXPIRED" || state === "CANCELLING")) || "it had not ended";
    case "PARTICIPANT_REFUSED":
      return (request.participants?.length ?? 0) > 0 || "nobody else takes part";
    case "INTERNAL":
      return isPoison(call) || "it could have been stored";
    case "IDEMPOTENCY_MISMATCH":
      return calls.some((other) => other.verb === "try" && other.request.txId === txId && JSON.stringify(other.request) !== JSON.stringify(request)) || "nobody asked for anything else";
    default:
      return "a Try is never refused so";
  }
}

function ofMove({ verb, request, endedAtMs, ending }: MoveCall, books: Books, fromMs: number): Reason {
  if (ending.kind !== "refused") return true;
  const states = books.accounts.get(request.txId)?.states ?? [];
  const was = (...names: string[]): boolean => everBetween(states, fromMs, endedAtMs, ({ state }) => names.includes(state));
  switch (ending.code) {
    case "UNKNOWN_TRANSACTION":
      return verb !== "cancel" && (states[0]?.atMs ?? Number.POSITIVE_INFINITY) >= fromMs || "it existed";
    case "ILLEGAL_STATE":
      if (verb === "confirm") return was("CANCELLED", "CANCELLING", "REVERSED", "REVERSING", "TRYING") || "it could be confirmed";
      if (verb === "cancel") return was("CONFIRMED", "CONFIRMING", "REVERSED", "REVERSING") || "it could be cancelled";
      return was("TRYING", "RESERVED", "EXPIRED", "CANCELLED", "CANCELLING", "CONFIRMING") || "it could be reversed";
    case "REFUND_DUE":
      return (verb === "confirm" && books.accounts.get(request.txId)?.refundDue === true) || "no refund is due";
    default:
      return `a ${verb} is never refused so`;
  }
}

function ofChange({ request, endedAtMs, ending }: ChangeCall, changes: ReadonlyMap<string, readonly ChangeCall[]>, books: Books, commitMsMax: number): Reason {
  if (ending.kind !== "refused") return true;
  const { actionKey, dishId, kind, quantity } = request;
  // A refusal is remembered under its key: it was so when the key was first used.
  const firstMs = Math.min(...(changes.get(actionKey) ?? []).map(({ startedAtMs }) => startedAtMs)) - commitMsMax;
  switch (ending.code) {
    case "INSUFFICIENT_STOCK": {
      const tooFew = ({ available }: { available: number }): boolean => available < quantity;
      const between = books.dishes.get(dishId)?.between ?? [];
      const wasShort = everBetween(momentsOf(books, dishId), firstMs, endedAtMs, tooFew) || between.some((moment) => moment.atMs >= firstMs && moment.atMs <= endedAtMs && tooFew(moment));
      return (kind === "WRITE_OFF" && wasShort) || "there was enough all the time";
    }
    case "UNKNOWN_DISH":
      return !books.dishes.has(dishId) || "the dish exists";
    default:
      return "a change is never refused so";
  }
}

/** A no from memory names every dish it found short, and each must have been; the ledger's needs one. */
function isShort({ request, ending, endedAtMs }: TryCall, books: Books, fromMs: number): boolean {
  if (ending.kind !== "refused") return false;
  const wasShort = (dishId: string, wanted: number): boolean => everBetween(momentsOf(books, dishId), fromMs, endedAtMs, ({ available }) => available < wanted);
  if (ending.tier === "cas" && ending.shortages.length > 0) return ending.shortages.every(({ dishId, wanted }) => wasShort(dishId, wanted));
  return request.lines.some(({ dishId, quantity }) => wasShort(dishId, quantity));
}

const momentsOf = (books: Books, dishId: string): readonly DishMoment[] => books.dishes.get(dishId)?.moments ?? [];

function nameOf(call: Call): string {
  return `${call.verb} ${call.verb === "change" ? `${call.request.kind} ${call.request.dishId}` : call.request.txId}`;
}
