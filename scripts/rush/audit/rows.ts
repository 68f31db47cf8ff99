/**
 * Checks the ledger's rows against what the client was told, transaction by transaction. It does not know which tables
 * they came from. Pure: histories and a view in, verdicts out.
 */
import { type Facts, factsOf, type History, NOT_RESERVED } from "../history.ts";
import { Examination, notChecked, type Verdict } from "./verdict.ts";
import { ENDED_STATES, type LedgerTransaction, type LedgerView } from "./view.ts";

export function checkRows(histories: ReadonlyMap<string, History>, view: LedgerView): Verdict[] {
  const byHand = new Set(view.byHand ?? []);
  const present = new Examination("acknowledged-present");
  const agree = new Examination("states-agree", byHand);
  const unasked = new Examination("nothing-unasked", byHand);
  const follow = new Examination("lines-follow");
  const ended = new Examination("all-ended");
  for (const examination of [present, agree, ended, follow]) examination.remark = view.sample;

  const rowsOf = groupBy(view.transactions, (row) => row.txId);
  const ordersOf = view.orders && groupBy(view.orders, (order) => order.txId);

  for (const history of histories.values()) {
    const rows = rowsOf.get(history.txId) ?? [];
    if (view.lookedFor && !view.lookedFor.has(history.txId)) continue;
    const facts = factsOf(history);
    checkPresent(history, facts, rows, present);
    for (const row of rows) checkState(history, facts, row, agree);
  }

  for (const row of view.transactions) {
    unasked.examined += 1;
    const history = histories.get(row.txId);
    const isStuck = history?.stuck === true && row.state === "CONFIRMING"; // decided, and on purpose not done
    if (!history) unasked.fail(`a transaction ${row.state} that this rush never asked for`, row.txId);
    else checkAsked(history, factsOf(history), row, unasked);

    ended.examined += 1;
    if (!ENDED_STATES.has(row.state) && !isStuck) ended.fail(`still ${row.state}`, row.txId);

    if (isStuck) continue;
    follow.examined += 1;
    for (const line of row.lines) {
      const { quantity, dishId, state } = line;
      if (state !== row.state) follow.fail(`${row.state}, its reservation of ${quantity} × ${dishId} is ${state}`, row.txId);
    }
    if (!row.tombstone && ordersOf) {
      const order = ordersOf.get(row.txId)?.find(({ orderId }) => orderId === row.orderId);
      if (order && order.state !== row.state) follow.fail(`${row.state}, its order ${order.orderId} is ${order.state}`, row.txId);
      // The order of a cancelled transaction may have found another.
      if (!order && row.state !== "CANCELLED") follow.fail(`${row.state}, and no order row names it`, row.txId, row.orderId);
    }
  }

  const verdicts = [present, agree, follow, ended].map((examination) => examination.verdict());
  verdicts.push(view.source === "database" ? unasked.verdict() : notChecked("nothing-unasked", "the API shows what is asked for, not what else there is"));
  verdicts.push(checkOrders(histories, view, byHand));
  return verdicts;
}

function checkPresent(history: History, facts: Facts, rows: LedgerTransaction[], present: Examination): void {
  const { txId } = history;
  if (rows.length > 1) present.fail(`in the ledger ${rows.length} times`, txId);
  if (facts.cancelled && rows.length === 0) present.fail("cancelled, and the ledger does not know it", txId);
  if (!facts.accepted) return;
  present.examined += 1;
  const row = rows[0];
  if (!row) {
    present.fail("reserved, and not in the ledger", txId);
    return;
  }
  for (const field of ["storeId", "orderId", "couponId"] as const) {
    if (row[field] !== history[field]) present.fail(`${field} is ${row[field]}, was ${history[field]}`, txId);
  }
  const asked = history.lines.map((line, index) => `${line.quantity} × ${line.dishId} (${history.reserved?.freezeIds[index]})`);
  const kept = row.lines.map((line) => `${line.quantity} × ${line.dishId} (${line.freezeId})`);
  if (asked.sort().join(", ") !== kept.sort().join(", ")) {
    present.fail(`acknowledged ${asked.join(", ")}, the ledger has ${kept.join(", ") || "nothing"}`, txId);
  }
}

function checkState(history: History, facts: Facts, row: LedgerTransaction, agree: Examination): void {
  const allowed = allowedStates(facts);
  agree.examined += 1;
  if (!allowed.has(row.state)) {
    agree.fail(`told ${toldInWords(facts)}, the ledger says ${row.state}`, history.txId);
  }
  if (facts.refundTicket !== null && !row.refundTickets.includes(facts.refundTicket)) {
    agree.fail(`told REFUND_DUE with ticket ${facts.refundTicket || "none"}, the ledger has ${row.refundTickets.join(" ") || "none"}`, history.txId);
  }
}

/** Where a transaction may stand, given everything its client was told. Open states are "all-ended"'s to judge. */
function allowedStates(facts: Facts): Set<string> {
  if (facts.reversed) return new Set(["REVERSED", "REVERSING"]);
  const reversal = facts.reverseUnknown ? ["REVERSING", "REVERSED"] : [];
  if (facts.confirmed) return new Set(["CONFIRMED", ...reversal]);
  if (facts.cancelled) return new Set(["CANCELLED"]);
  const allowed = new Set(["EXPIRED", "RESERVED", "TRYING"]);
  if (facts.confirmUnknown) for (const state of ["CONFIRMING", "CONFIRMED", ...reversal]) allowed.add(state);
  if (facts.cancelUnknown) for (const state of ["CANCELLING", "CANCELLED"]) allowed.add(state);
  return allowed;
}

function checkAsked(history: History, facts: Facts, row: LedgerTransaction, unasked: Examination): void {
  if (row.tombstone) {
    if (!facts.cancelled && !facts.cancelUnknown) unasked.fail("a fence, and nobody had cancelled", row.txId);
    if (row.lines.length > 0) unasked.fail("a fence with portions", row.txId);
  } else if (!facts.accepted && !facts.tryUnknown) {
    const codes = history.attempts.filter(({ verb }) => verb === "try").map(({ status, code }) => code ?? String(status));
    unasked.fail(`refused (${codes.join(", ") || "never tried"}), and the ledger has it as ${row.state}`, row.txId);
  }
}

/**
 * Trys whose answer was lost, that were refused when asked again, and are reserved all the same: the two copies overtook
 * each other on the way. No promise is broken, a refused Try leaves nothing behind that could stop the other copy; but
 * nobody will decide on them, and they hold portions until they expire. A caller who cancels after such a no is safe.
 */
export function overtaken(histories: ReadonlyMap<string, History>, view: LedgerView): string[] {
  return view.transactions.flatMap((row) => {
    const history = histories.get(row.txId);
    if (!history || row.tombstone) return [];
    const facts = factsOf(history);
    if (facts.accepted || !facts.tryUnknown) return [];
    const trys = history.attempts.filter(({ verb }) => verb === "try");
    const last = trys.reduce((a, b) => (b.sentAtMs >= a.sentAtMs ? b : a));
    return last.code !== null && NOT_RESERVED.has(last.code) ? [row.txId] : [];
  });
}

function checkOrders(histories: ReadonlyMap<string, History>, view: LedgerView, byHand: ReadonlySet<string>): Verdict {
  const examination = new Examination("one-transaction-an-order", byHand);
  examination.remark = view.sample;
  const live = view.transactions.filter((row) => !row.tombstone && row.state !== "CANCELLED");
  for (const [orderId, rows] of groupBy(live, (row) => row.orderId)) {
    examination.examined += 1;
    if (rows.length > 1) examination.fail(`order ${orderId} has ${rows.length} transactions that are not cancelled`, ...rows.map((row) => row.txId));
  }
  for (const rows of view.orders ? groupBy(view.orders, (order) => order.orderId).values() : []) {
    if (rows.length > 1) examination.fail(`order ${rows[0]!.orderId} has ${rows.length} rows`, ...rows.map((row) => row.txId));
  }
  for (const [orderId, rivals] of groupBy([...histories.values()], (history) => history.orderId)) {
    if (rivals.length < 2) continue;
    const kept = rivals.filter((history) => factsOf(history).accepted && !history.attempts.some(({ verb }) => verb === "cancel"));
    if (kept.length > 1) examination.fail(`order ${orderId} was acknowledged ${kept.length} times`, ...kept.map(({ txId }) => txId));
  }
  return examination.verdict();
}

function toldInWords(facts: Facts): string {
  const told = [
    facts.accepted && "reserved",
    facts.confirmed && "confirmed",
    facts.cancelled && "cancelled",
    facts.reversed && "reversed",
    facts.refundTicket !== null && "refund due",
  ].filter(Boolean);
  return told.join(", ") || "nothing certain";
}

export function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
