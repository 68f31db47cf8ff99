/** Transactions with remote participants, from their Try to their end, whatever the participants and the processes do meanwhile. */
import { describe, expect, test } from "vitest";
import type { Engine } from "../engine.ts";
import { FAILPOINTS } from "../kernel/failpoints.ts";
import { BRANCH_FAILURES_MAX, BRANCH_LEASE_MS } from "../tiers/tcc/ledger.ts";
import { MEMORY_TEMPERS, type MemoryTemper } from "../tiers/tcc/memory-participants.ts";
import { DUE_LOOK_MS_MAX } from "./due-watch.ts";
import { CALL, Neighbourhood } from "./testing.ts";

/** Longer than the longest pause between two calls of a branch, its lease, and a look for the work of others. */
const HEALED_MS = 40_000;

async function open(seed = 1): Promise<{ place: Neighbourhood; engine: Engine }> {
  const place = new Neighbourhood(seed);
  await place.supply(10);
  return { place, engine: place.engine() };
}

const codeOf = (error: unknown): unknown => (error as { code?: string }).code;
const refusal = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => "done", codeOf);

describe("a Try with participants", () => {
  test("is acknowledged when each of them has agreed, and confirms everywhere", async () => {
    const { place, engine } = await open();
    expect(await place.run(engine.try(place.basket("a"), CALL))).toMatchObject({ state: "RESERVED", replayed: false });
    expect(place.participant("points").book.totals()).toMatchObject({ frozen: 5, confirmed: 0 });
    expect(await place.run(engine.try(place.basket("a"), CALL))).toMatchObject({ state: "RESERVED", replayed: true });
    expect(await place.run(engine.confirm("a", CALL))).toEqual({ txId: "a", state: "CONFIRMED" });
    expect(await place.run(engine.confirm("a", CALL))).toEqual({ txId: "a", state: "CONFIRMED" });
    expect(await refusal(place.run(engine.cancel("a", CALL)))).toBe("ILLEGAL_STATE");
    expect(await place.run(engine.reverse("a", CALL))).toEqual({ txId: "a", state: "REVERSED" });
    expect(place.participant("points").book.totals()).toMatchObject({ frozen: 0, confirmed: 0 });
    expect(place.wrong()).toEqual([]);
  });

  test("is refused when one refuses, and everything is given back", async () => {
    const { place, engine } = await open();
    place.participant("gifts").behave({ temper: "409", operations: ["try"] });
    expect(await refusal(place.run(engine.try(place.basket("a"), CALL)))).toBe("PARTICIPANT_REFUSED");
    await place.clock.advance(HEALED_MS);
    expect(await place.state("a")).toBe("CANCELLED");
    expect(await refusal(place.run(engine.try(place.basket("a"), CALL)))).toBe("LATE_TRY");
    expect(place.wrong()).toEqual([]);
  });

  test.each(MEMORY_TEMPERS.filter((temper) => temper !== "409" && temper !== "duplicate"))("is cancelled when one is %s, and answered within its deadline", async (temper) => {
    const { place, engine } = await open();
    place.participant("gifts").behave({ temper, operations: ["try"], delayMs: [2_000, 2_000] });
    const startedAtMs = place.clock.monotonicMs();
    expect(await refusal(place.run(engine.try(place.basket("a"), CALL)))).toBe("PARTICIPANT_UNAVAILABLE");
    expect(place.clock.monotonicMs() - startedAtMs).toBeLessThanOrEqual(CALL.timeoutMs);
    await place.clock.advance(HEALED_MS);
    expect(await place.state("a")).toBe("CANCELLED");
    expect(place.wrong()).toEqual([]);
  });

  test("asks again while a participant says not yet", async () => {
    const { place, engine } = await open();
    place.participant("gifts").behave({ temper: "425", operations: ["try"], times: 3 });
    expect(await place.run(engine.try(place.basket("a"), CALL))).toMatchObject({ state: "RESERVED" });
  });

  test("with the same id and another body for a participant is a mismatch", async () => {
    const { place, engine } = await open();
    await place.run(engine.try(place.basket("a"), CALL));
    const other = place.basket("a", { participants: [place.branch("points", 6), place.branch("gifts")] });
    expect(await refusal(place.run(engine.try(other, CALL)))).toBe("IDEMPOTENCY_MISMATCH");
  });

  test("that is cancelled while participants are tried is a late Try, and nothing stays frozen anywhere", async () => {
    const { place, engine } = await open();
    place.participant("gifts").behave({ temper: "slow", operations: ["try"], delayMs: [300, 300] });
    const tried = refusal(engine.try(place.basket("a"), CALL));
    await place.clock.advance(100);
    expect(await place.state("a")).toBe("TRYING");
    expect(await refusal(place.run(engine.confirm("a", CALL)))).toBe("ILLEGAL_STATE");
    const cancelled = await place.run(Promise.all([engine.cancel("a", CALL), engine.cancel("a", CALL)]));
    expect(cancelled).toEqual([{ txId: "a", state: "CANCELLED" }, { txId: "a", state: "CANCELLED" }]);
    // Its try reaches the participant after the cancel: the fence there refuses it.
    expect(await place.run(tried)).toBe("PARTICIPANT_REFUSED");
    expect(place.participant("gifts").book.find("a", "02")?.state).toBe("FENCED");
    expect(place.wrong()).toEqual([]);
  });
});

describe("phase two", () => {
  test.each([
    ["confirm", "CONFIRMING", "CONFIRMED"],
    ["cancel", "CANCELLING", "CANCELLED"],
  ] as const)("%s is answered as decided when a participant is away, and done when it is back", async (verb, decided, done) => {
    const { place, engine } = await open();
    await place.run(engine.try(place.basket("a"), CALL));
    place.participant("points").behave({ temper: "hang" });
    const startedAtMs = place.clock.monotonicMs();
    expect(await place.run(engine[verb]("a", CALL))).toEqual({ txId: "a", state: decided });
    expect(place.clock.monotonicMs() - startedAtMs).toBeLessThanOrEqual(CALL.timeoutMs);
    expect(await place.run(engine[verb]("a", CALL))).toEqual({ txId: "a", state: decided });
    expect(await refusal(place.run(engine[verb === "confirm" ? "cancel" : "confirm"]("a", CALL)))).toBe("ILLEGAL_STATE");
    place.participant("points").behave();
    await place.clock.advance(HEALED_MS);
    expect(await place.state("a")).toBe(done);
    expect(place.wrong()).toEqual([]);
  });

  test("of a concurrent confirm and cancel exactly one wins, on every branch", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { place, engine } = await open(seed);
      const other = place.engine();
      await place.run(engine.try(place.basket("a"), CALL));
      const answers = await place.run(Promise.all([refusal(engine.confirm("a", CALL)), refusal(other.cancel("a", CALL))]));
      expect(answers.sort()).toEqual(["ILLEGAL_STATE", "done"]);
      await place.clock.advance(HEALED_MS);
      expect(place.wrong()).toEqual([]);
    }
  });

  test("a refusal of a decided call is a failure: the direction is kept, a person is asked, and every attempt is on record", async () => {
    const { place, engine } = await open();
    const tickets: string[] = [];
    engine.onEntry({ entry: () => {}, ticket: (txId) => tickets.push(txId) });
    await place.run(engine.try(place.basket("a"), CALL));
    place.participant("points").behave({ temper: "409", operations: ["confirm"] });
    expect(await place.run(engine.confirm("a", CALL))).toMatchObject({ state: "CONFIRMING" });
    await place.clock.advance(120_000);
    expect(tickets).toEqual(["a"]);
    const view = place.ledger.inspect();
    expect(view.reviews).toMatchObject([{ txId: "a" }]);
    const attempts = view.attempts.filter(({ branchNo, operation }) => branchNo === 1 && operation === "confirm");
    expect(attempts.length).toBeGreaterThan(BRANCH_FAILURES_MAX);
    expect(attempts.every(({ outcome, httpStatus, errorClass }) => outcome === "REFUSED" && httpStatus === 409 && errorClass === "REFUSED")).toBe(true);
    place.participant("points").behave();
    await place.clock.advance(HEALED_MS);
    expect(place.wrong()).toEqual([]);
    expect(place.ledger.inspect().reviews).toEqual([]);
  });

  test("an expired reservation is cancelled everywhere, and a payment that comes after it is not accepted", async () => {
    const { place, engine } = await open();
    await place.run(engine.try(place.basket("a", { ttlSeconds: 1 }), CALL));
    await place.clock.advance(6_000);
    expect((await place.ledger.findTransactions(["a"]))[0]).toMatchObject({ state: "CANCELLED", cause: "EXPIRED" });
    expect(await refusal(place.run(engine.confirm("a", CALL)))).toBe("ILLEGAL_STATE");
    expect(place.wrong()).toEqual([]);
  });

  test("retry now does not wait for its time", async () => {
    const { place, engine } = await open();
    await place.run(engine.try(place.basket("a"), CALL));
    place.participant("points").behave({ temper: "503" });
    await place.run(engine.confirm("a", CALL));
    await place.clock.advance(60_000);
    place.participant("points").behave();
    expect(await place.run(engine.retryNow(["a"], CALL))).toBe(1);
    await place.clock.advance(1_000);
    expect(await place.state("a")).toBe("CONFIRMED");
  });

  test.each(["duplicate", "late", "lose", "slow"] as const)("participants that are %s half of the time end on the side of the decision", async (temper: MemoryTemper) => {
    const { place, engine } = await open();
    for (const name of ["points", "gifts"]) place.participant(name).behave({ temper, share: 0.5 });
    for (let i = 0; i < 10; i++) {
      const reserved = await place.run(engine.try(place.basket(`a${i}`), CALL).then(() => true, () => false));
      if (reserved) await place.run(refusal(i % 2 ? engine.confirm(`a${i}`, CALL) : engine.cancel(`a${i}`, CALL)));
    }
    for (const name of ["points", "gifts"]) place.participant(name).behave();
    await place.clock.advance(HEALED_MS);
    // What nobody decided about is still reserved, and may be.
    for (const { txId, state } of place.ledger.inspect().transactions) if (state === "RESERVED") await place.run(engine.cancel(txId, CALL));
    await place.clock.advance(HEALED_MS);
    expect(place.wrong()).toEqual([]);
  });
});

describe("an instance that dies", () => {
  const verbs = ["confirm", "cancel", "reverse"] as const;
  const cases = FAILPOINTS.flatMap((failpoint) => verbs.map((verb) => ({ failpoint, verb })));

  test.each(cases)("at $failpoint of a $verb leaves nothing that another does not end, on every branch alike", async ({ failpoint, verb }) => {
    const { place, engine: survivor } = await open();
    const dying = place.engine(failpoint);
    const during = failpoint.startsWith("try.") ? "try" : "phase two";
    if (during === "try") {
      void dying.try(place.basket("a"), CALL);
      await place.clock.advance(2_000);
      await place.run(refusal(survivor[verb]("a", CALL)));
    } else {
      await place.run(survivor.try(place.basket("a"), CALL));
      if (verb === "reverse") await place.run(survivor.confirm("a", CALL));
      if (failpoint === "claim.committed") {
        place.participant("points").behave({ temper: "503", times: 1 });
        await place.run(refusal(dying[verb]("a", CALL)));
      } else void dying[verb]("a", CALL);
    }
    await place.clock.advance(HEALED_MS);
    const state = await place.state("a");
    if (during === "try" && verb !== "cancel") expect(["CANCELLED", "RESERVED", "CONFIRMED"]).toContain(state);
    else expect(state).toBe({ confirm: "CONFIRMED", cancel: "CANCELLED", reverse: "REVERSED" }[verb]);
    if (state === "RESERVED") await place.run(survivor.cancel("a", CALL));
    await place.clock.advance(HEALED_MS);
    expect(place.wrong()).toEqual([]);
  });
});

describe("a Try whose instance dies in the middle", () => {
  test("is abandoned by another that nobody asks anything: cancelled for the cause FAILED, on every branch, soon after its lease", async () => {
    const { place } = await open();
    const dying = place.engine("try.called");
    void dying.try(place.basket("a"), CALL);
    await place.clock.advance(BRANCH_LEASE_MS - 500);
    expect(await place.state("a")).toBe("TRYING"); // its caller may still be answered
    await place.clock.advance(500 + DUE_LOOK_MS_MAX + 1_000);
    expect((await place.ledger.findTransactions(["a"]))[0]).toMatchObject({ state: "CANCELLED", cause: "FAILED" });
    for (const name of ["points", "gifts"]) expect(place.participant(name).book.totals()).toMatchObject({ frozen: 0, confirmed: 0 });
    expect(place.wrong()).toEqual([]);
  });

  test("is left alone while its own instance goes on with it", async () => {
    const { place, engine } = await open();
    const other = place.engine();
    place.participant("gifts").behave({ temper: "slow", operations: ["try"], delayMs: [600, 600] });
    expect(await place.run(engine.try(place.basket("a"), CALL))).toMatchObject({ state: "RESERVED" });
    await place.run(other.recoverOnce());
    await place.clock.advance(HEALED_MS);
    expect(await place.state("a")).toBe("RESERVED");
  });
});

describe("a participant that is away for a minute with a thousand transactions pending", () => {
  test("hears of all of them within 30 s after it is back, without a storm", { timeout: 60_000 }, async () => {
    const pending = 1_000;
    const place = new Neighbourhood(7, ["points"]);
    await place.supply(pending);
    const engines = [place.engine(), place.engine()];
    const trys = Array.from({ length: pending }, (_, i) => (engines[i % 2] as Engine).try(place.basket(`a${i}`), { ...CALL, timeoutMs: 60_000 }));
    await place.run(Promise.all(trys));
    place.participant("points").behave({ temper: "down" });
    await place.run(Promise.all(trys.map((_, i) => (engines[i % 2] as Engine).confirm(`a${i}`, CALL))));
    const before = place.participant("points").arrived;
    await place.clock.advance(60_000);
    place.participant("points").behave();
    const met = place.participant("points").met.down ?? 0;
    const perSecond: number[] = [];
    const unfinished = (): number => place.ledger.inspect().transactions.filter(({ state }) => state !== "CONFIRMED").length;
    for (let second = 0; second < 30 && unfinished() > 0; second++) {
      const arrived = place.participant("points").arrived;
      await place.clock.advance(1_000);
      perSecond.push(place.participant("points").arrived - arrived);
    }
    console.log(`${met} calls in the minute it was away; ${place.participant("points").arrived - before} calls after it, by second: ${perSecond.join(" ")}`);
    expect(unfinished()).toBe(0);
    expect(place.wrong()).toEqual([]);
    // One call each, and no second in which a third of all come at once.
    expect(place.participant("points").arrived - before).toBe(pending);
    expect(Math.max(...perSecond)).toBeLessThan(pending / 3);
    // While it was away its breakers let one call through every half second.
    expect(met).toBeLessThan(60 * 2 * 2 * 2 + 200);
  });
});
