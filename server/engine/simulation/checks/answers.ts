/**
 * What callers were told, held against itself and against the books: each acknowledged Try exactly once, with the same answer
 * however often it is asked for; nothing acknowledged lost; a no that says "nothing was written" is true.
 */
import type { TransactionState, Verb } from "../../kernel/states.ts";
import type { Call, ChangeCall, History, MoveCall, TryCall } from "../history.ts";
import type { Books } from "./books.ts";

/** After one of these the caller may believe that nothing was written: the finals, and the two that say "not now". LATE_TRY says that it has ended. */
const isDefinite = ({ ending }: Call): boolean =>
  ending.kind === "refused" && ((!ending.retryable && ending.code !== "LATE_TRY") || ending.code === "UNAVAILABLE" || ending.code === "OVERLOADED");

const TARGETS: Record<Exclude<Verb, "expire">, TransactionState> = { confirm: "CONFIRMED", cancel: "CANCELLED", reverse: "REVERSED" };

/** @param books null when the ledger was not watched. */
export function checkAnswers({ calls, commitMsMax = 0 }: History, books: Books | null): string[] {
  const trys = groupBy(calls.filter((call): call is TryCall => call.verb === "try"), ({ request }) => request.txId);
  const moves = groupBy(calls.filter((call): call is MoveCall => call.verb !== "try" && call.verb !== "change"), ({ request }) => request.txId);
  const changes = groupBy(calls.filter((call): call is ChangeCall => call.verb === "change"), ({ request }) => request.actionKey);
  return [
    ...[...trys].flatMap(([txId, group]) => checkTrys(txId, group, books, commitMsMax)),
    ...[...moves].flatMap(([txId, group]) => checkMoves(txId, group, books, commitMsMax)),
    ...[...changes].flatMap(([actionKey, group]) => checkChanges(actionKey, group, books)),
  ];
}

function checkTrys(txId: string, calls: readonly TryCall[], books: Books | null, commitMsMax: number): string[] {
  const wrong: string[] = [];
  const account = books?.accounts.get(txId);
  let first: { call: TryCall; said: string } | null = null;
  for (const call of calls) {
    const { ending, request, startedAtMs, endedAtMs } = call;
    if (ending.kind === "answered") {
      const { lines, expiresAtMs, state } = ending.answer;
      const said = JSON.stringify([lines.map(({ dishId, quantity, freezeId }) => [dishId, quantity, freezeId]), expiresAtMs]);
      if (first && first.said !== said) wrong.push(`${txId} was answered ${first.said}, then ${said}`);
      first ??= { call, said };
      const asked = JSON.stringify(request.lines.map(({ dishId, quantity }) => [dishId, quantity]));
      if (JSON.stringify(lines.map(({ dishId, quantity }) => [dishId, quantity])) !== asked) wrong.push(`${txId} holds other lines than were asked for`);
      if (books && !account) wrong.push(`${txId} was acknowledged and is not in the ledger`);
      if (account && !account.request) wrong.push(`${txId} was acknowledged, and the ledger has only its tombstone`);
      if (account?.request) {
        if (account.request.couponId !== request.couponId || account.request.orderId !== request.orderId) wrong.push(`${txId} was answered with another order's or coupon's reservation`);
        if ((account.states[0]?.atMs ?? 0) > endedAtMs) wrong.push(`${txId} was acknowledged before it was committed`);
        if (account.expiresAtMs !== expiresAtMs) wrong.push(`${txId} was told that it expires ${(expiresAtMs - account.expiresAtMs).toFixed(1)} ms from when it does`);
        if (!wasIn(account.states, state, startedAtMs - commitMsMax, endedAtMs)) wrong.push(`${txId} was told it is ${state}, and was not ${during(call)}`);
      }
    } else if (ending.kind === "refused" && !ending.retryable && first && startedAtMs > first.call.endedAtMs && samePayload(request, first.call.request) && ending.code !== "LATE_TRY") {
      wrong.push(`${txId} was acknowledged, and asked again refused as ${ending.code}`);
    }
  }
  if (account?.request && calls.every(isDefinite)) {
    // With participants the hold is written first: a refusal has to give it back.
    const undone = (account.request.branches?.length ?? 0) > 0 && account.state === "CANCELLED";
    if (!undone) wrong.push(`${txId} was refused to everybody who asked (${codesOf(calls)}), and is ${account.state}`);
  }
  return wrong;
}

function checkMoves(txId: string, calls: readonly MoveCall[], books: Books | null, commitMsMax: number): string[] {
  const wrong: string[] = [];
  const acknowledged = new Set(calls.filter(({ ending }) => ending.kind === "answered").map(({ verb }) => verb));
  if (acknowledged.has("cancel") && (acknowledged.has("confirm") || acknowledged.has("reverse"))) {
    wrong.push(`${txId}: ${[...acknowledged].join(" and ")} were both acknowledged`);
  }
  if (!books) return wrong;
  const states = books.accounts.get(txId)?.states ?? [];
  for (const call of calls) {
    const { verb, ending, startedAtMs, endedAtMs } = call;
    if (ending.kind !== "answered") continue;
    const told = ending.answer.state;
    const reached = states.find(({ state }) => state === told);
    if (!reached) wrong.push(`${verb} of ${txId} was acknowledged as ${told}, which it never was`);
    else if (reached.atMs > endedAtMs) wrong.push(`${verb} of ${txId} was acknowledged before it was committed`);
    else if (!wasIn(states, told, startedAtMs - commitMsMax, endedAtMs)) wrong.push(`${verb} of ${txId} was told ${told}, and it was not ${during(call)}`);
  }
  for (const verb of ["confirm", "cancel", "reverse"] as const) {
    const asked = calls.filter((call) => call.verb === verb);
    if (verb === "cancel" && (books.accounts.get(txId)?.request?.branches?.length ?? 0) > 0) continue; // it may have been cancelled by itself
    const happened = states.some(({ state }) => state === TARGETS[verb]);
    if (happened && asked.length > 0 && asked.every(isDefinite)) wrong.push(`${verb} of ${txId} was refused to everybody (${codesOf(asked)}), and happened`);
  }
  return wrong;
}

function checkChanges(actionKey: string, calls: readonly ChangeCall[], books: Books | null): string[] {
  const wrong: string[] = [];
  const answers = new Set(calls.flatMap(({ ending }) => (ending.kind === "answered" ? [JSON.stringify(ending.answer)] : [])));
  if (answers.size > 1) wrong.push(`${actionKey} was answered ${[...answers].join(", then ")}`);
  if (books && answers.size > 0 && !books.applied.has(actionKey)) wrong.push(`${actionKey} was acknowledged and never applied`);
  if (books?.applied.has(actionKey) && calls.every(isDefinite)) wrong.push(`${actionKey} was refused to everybody (${codesOf(calls)}), and was applied`);
  return wrong;
}

function wasIn(states: readonly { atMs: number; state: TransactionState }[], wanted: TransactionState, fromMs: number, toMs: number): boolean {
  return states.some(({ atMs, state }, index) => state === wanted && atMs <= toMs && (states[index + 1]?.atMs ?? Number.POSITIVE_INFINITY) >= fromMs);
}

const during = ({ startedAtMs, endedAtMs }: Call): string => `between ${startedAtMs.toFixed(1)} and ${endedAtMs.toFixed(1)} ms`;

function samePayload(a: TryCall["request"], b: TryCall["request"]): boolean {
  const payload = ({ storeId, lines, orderId, couponId, participants = [] }: TryCall["request"]): string =>
    JSON.stringify([storeId, orderId, couponId, lines.map(({ dishId, quantity }) => [dishId, quantity]), participants.map(({ participant, body }) => [participant, body])]);
  return payload(a) === payload(b);
}

const codesOf = (calls: readonly Call[]): string => [...new Set(calls.map(({ ending }) => (ending.kind === "refused" ? ending.code : ending.kind)))].join(", ");

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
