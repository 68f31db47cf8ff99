/**
 * Checks what the client was told against itself and the contract: no ledger is needed, and none is trusted.
 * Pure: histories in, verdicts out.
 */
import { type Attempt, type History, NOT_RESERVED } from "../history.ts";
import { Examination, type Verdict } from "./verdict.ts";

/** Certain order: `earlier` was answered before `later` was sent. */
function precedes(earlier: Attempt, later: Attempt): boolean {
  return earlier.doneAtMs <= later.sentAtMs;
}

function saidYes(attempt: Attempt): boolean {
  return attempt.status >= 200 && attempt.status < 300;
}

/** Codes below 500 that a verb may answer; `null` is a yes. 401, 403 and 413 never: the rush is well formed and allowed. */
const ALLOWED: Record<Attempt["verb"], readonly (string | null)[]> = {
  try: [
    null, "SOLD_OUT", "DISH_PAUSED", "COUPON_UNAVAILABLE", "ORDER_CONFLICT", "LATE_TRY",
    "PARTICIPANT_REFUSED", "IN_PROGRESS", "IDEMPOTENCY_MISMATCH", "RATE_LIMITED",
  ],
  confirm: [null, "UNKNOWN_TRANSACTION", "ILLEGAL_STATE", "REFUND_DUE", "IN_PROGRESS", "RATE_LIMITED"],
  cancel: [null, "ILLEGAL_STATE", "IN_PROGRESS", "RATE_LIMITED"],
  reverse: [null, "ILLEGAL_STATE", "IN_PROGRESS", "RATE_LIMITED"],
};

const YES_STATES: Record<Attempt["verb"], readonly string[]> = {
  try: ["RESERVED", "CONFIRMING", "CONFIRMED", "REVERSING", "REVERSED"],
  confirm: ["CONFIRMED", "CONFIRMING", "REVERSING", "REVERSED"],
  cancel: ["CANCELLED", "CANCELLING"],
  reverse: ["REVERSED", "REVERSING"],
};

export function checkTold(histories: readonly History[], byHand: ReadonlySet<string> = new Set()): Verdict[] {
  const contract = new Examination("answers-by-contract", byHand);
  const replays = new Examination("replays-repeat", byHand);
  const stays = new Examination("acknowledged-stays", byHand);
  const decision = new Examination("one-decision", byHand);
  const late = new Examination("late-try", byHand);
  const payload = new Examination("other-payload", byHand);
  const expiry = new Examination("expires-in-time", byHand);

  const askedFor = new Map<string, number>();
  for (const { orderId } of histories) askedFor.set(orderId, (askedFor.get(orderId) ?? 0) + 1);

  for (const history of histories) {
    for (const attempt of history.attempts) {
      if (attempt.status === 0 || attempt.status >= 500) continue;
      contract.examined += 1;
      checkContract(history, attempt, contract);
      if (attempt.code === "ORDER_CONFLICT" && askedFor.get(history.orderId) === 1) {
        contract.fail("ORDER_CONFLICT for an order that no other transaction named", history.txId, history.orderId);
      }
      if (attempt.code === "COUPON_UNAVAILABLE" && history.couponId === null) {
        contract.fail("COUPON_UNAVAILABLE without a coupon", history.txId);
      }
    }
    if (history.attempts.filter((attempt) => attempt.verb === "try" && saidYes(attempt)).length > 1) replays.examined += 1;
    for (const contradiction of history.contradictions ?? []) replays.fail(contradiction, history.txId);
    checkTrys(history, { contract, stays, late, payload, expiry });
    checkMoves(history, { stays, decision, expiry });
  }
  return [contract, replays, stays, decision, late, payload, expiry].map((examination) => examination.verdict());
}

function checkContract({ txId }: History, { verb, altered, status, code, state }: Attempt, contract: Examination): void {
  if (!ALLOWED[verb].includes(code)) {
    contract.fail(`${verb} was answered ${status} ${code ?? "without a code"}`, txId);
  } else if (code === null) {
    const statuses = verb === "try" ? [200, 201] : [200, 202];
    if (!statuses.includes(status)) contract.fail(`${verb} was answered ${status}`, txId);
    // A yes to another payload is reported as such.
    else if (!altered && !YES_STATES[verb].includes(state ?? "")) contract.fail(`${verb} was answered ${status} ${state ?? "without a state"}`, txId);
  }
}

/** 201 makes a reservation, 200 repeats one; two copies under way at once may get either. */
function checkFirst(txId: string, trys: readonly Attempt[], attempt: Attempt, contract: Examination): void {
  if (attempt.status === 201 && trys.some((other) => saidYes(other) && precedes(other, attempt))) {
    contract.fail("a replay was answered 201, as if it had reserved", txId);
  } else if (attempt.status === 200 && !trys.some((other) => other !== attempt && other.sentAtMs < attempt.doneAtMs)) {
    contract.fail("a first Try was answered 200, as if it were a replay", txId);
  }
}

function checkTrys(
  history: History,
  { contract, stays, late, payload, expiry }: Record<"contract" | "stays" | "late" | "payload" | "expiry", Examination>,
): void {
  const { txId, attempts } = history;
  const trys = attempts.filter((attempt) => attempt.verb === "try");
  const cancels = attempts.filter((attempt) => attempt.verb === "cancel");
  const yes = trys.filter((attempt) => saidYes(attempt) && !attempt.altered);
  stays.examined += yes.length > 0 ? 1 : 0;

  for (const attempt of trys) {
    if (attempt.altered) {
      if (!yes.some((accepted) => precedes(accepted, attempt)) || attempt.status === 0 || attempt.status >= 500) continue;
      payload.examined += 1;
      if (attempt.code !== "IDEMPOTENCY_MISMATCH" && attempt.code !== "RATE_LIMITED") {
        payload.fail(`another payload was answered ${attempt.status} ${attempt.code ?? attempt.state ?? ""}`, txId);
      }
      continue;
    }
    checkFirst(txId, trys, attempt, contract);
    if (cancels.some((cancel) => cancel.status === 200 && precedes(cancel, attempt))) {
      late.examined += 1;
      if (saidYes(attempt)) late.fail(`a Try after the cancel was answered ${attempt.status} ${attempt.state}`, txId);
    }
    if (attempt.code !== null && (NOT_RESERVED.has(attempt.code) || attempt.code === "IDEMPOTENCY_MISMATCH")) {
      const before = yes.find((accepted) => precedes(accepted, attempt));
      if (before) stays.fail(`reserved, then a replay was answered ${attempt.code}`, txId);
    }
    if (attempt.code === "LATE_TRY") {
      expiry.examined += 1;
      if (!cancels.some((cancel) => cancel.sentAtMs < attempt.doneAtMs) && !mayHaveExpired(history, attempt)) {
        expiry.fail("LATE_TRY without a cancel, before the reservation's time was up", txId);
      }
    }
  }
}

/**
 * Double clicks of which one copy was reserved and the other refused. Right if they were decided one after the other and
 * portions came back in between; worth a note, because a server lets copies that it sees together share one answer.
 */
export function splitAnswers(histories: readonly History[]): string[] {
  return histories.flatMap(({ txId, attempts }) => {
    const trys = attempts.filter(({ verb, altered }) => verb === "try" && !altered);
    const yes = trys.filter(saidYes);
    const split = trys.some(
      (no) => no.code !== null && NOT_RESERVED.has(no.code) && yes.some((one) => one.sentAtMs < no.doneAtMs && no.sentAtMs < one.doneAtMs),
    );
    return split ? [txId] : [];
  });
}

function checkMoves(history: History, { stays, decision, expiry }: Record<"stays" | "decision" | "expiry", Examination>): void {
  const { txId, attempts } = history;
  const of = (verb: Attempt["verb"]) => attempts.filter((attempt) => attempt.verb === verb);
  const [confirms, cancels, reverses] = [of("confirm"), of("cancel"), of("reverse")];
  const yesTrys = of("try").filter((attempt) => saidYes(attempt) && !attempt.altered);
  const confirmed = confirms.find((attempt) => attempt.status === 200);
  const cancelled = cancels.find((attempt) => attempt.status === 200);

  if (confirms.length > 0 && cancels.length > 0) {
    decision.examined += 1;
    if (confirmed && cancelled) decision.fail("both confirm and cancel were answered 200", txId);
    const noConfirm = confirms.some((attempt) => attempt.code === "ILLEGAL_STATE");
    if (noConfirm && cancels.some((attempt) => attempt.code === "ILLEGAL_STATE") && !confirmed && !cancelled) {
      decision.fail("both confirm and cancel were answered ILLEGAL_STATE", txId);
    }
  }

  for (const attempt of confirms) {
    if (attempt.code === "UNKNOWN_TRANSACTION" && yesTrys.some((accepted) => precedes(accepted, attempt))) {
      stays.fail("reserved, then a confirm was answered UNKNOWN_TRANSACTION", txId);
    }
    if (attempt.code === "ILLEGAL_STATE" && !cancels.some((cancel) => cancel.sentAtMs < attempt.doneAtMs)) {
      stays.fail("a confirm was answered ILLEGAL_STATE, and nobody had cancelled", txId);
    }
    if (attempt.code === "REFUND_DUE") {
      expiry.examined += 1;
      if (!mayHaveExpired(history, attempt)) expiry.fail("REFUND_DUE before the reservation's time was up", txId);
      if (confirmed && precedes(confirmed, attempt)) stays.fail("confirmed, then REFUND_DUE", txId);
    }
    if (saidYes(attempt) && !attempts.some((other) => other.verb === "try" && other.sentAtMs < attempt.doneAtMs)) {
      stays.fail("a confirm was answered yes, and nobody had tried", txId);
    }
  }
  for (const attempt of cancels) {
    if (attempt.code === "ILLEGAL_STATE" && !confirms.some((confirm) => confirm.sentAtMs < attempt.doneAtMs)) {
      stays.fail("a cancel was answered ILLEGAL_STATE, and nobody had confirmed", txId);
    }
    if (attempt.code === "ILLEGAL_STATE" && cancelled && precedes(cancelled, attempt)) {
      stays.fail("cancelled, then a cancel was answered ILLEGAL_STATE", txId);
    }
  }
  for (const attempt of reverses) {
    if (attempt.code === "ILLEGAL_STATE" && confirmed && precedes(confirmed, attempt)) {
      stays.fail("confirmed, then a reversal was answered ILLEGAL_STATE", txId);
    }
  }
  const reversed = reverses.find((attempt) => attempt.status === 200);
  for (const attempt of attempts) {
    if (!saidYes(attempt) || attempt.altered || (attempt.verb !== "try" && attempt.verb !== "confirm")) continue;
    if (reversed && precedes(reversed, attempt) && attempt.state !== "REVERSED") {
      stays.fail(`reversed, then ${attempt.verb} was answered ${attempt.state}`, txId);
    } else if (confirmed && precedes(confirmed, attempt) && attempt.state === "RESERVED") {
      stays.fail("confirmed, then a replay of the Try was answered RESERVED", txId);
    }
  }
}

/** By the client's clock alone: the reservation was made after its first Try was sent. */
function mayHaveExpired(history: History, attempt: Attempt): boolean {
  return history.firstTryAtMs !== null && attempt.doneAtMs >= history.firstTryAtMs + history.ttlSeconds * 1000;
}
