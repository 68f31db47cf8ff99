/**
 * What any participants adapter must do. The real one runs it against `npm run participant`'s server, its twin against a town
 * in memory. Two participants are there, `coupons` and `orders`; the tempers are those of `coupons`.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { FAILURES_TO_OPEN, OPEN_MS } from "../../guards/circuit-breaker.ts";
import type { ParticipantBook } from "./participant-book.ts";
import { CONNECTIONS_MAX, WAITING_MAX } from "./participant-gate.ts";
import type { BranchAnswer, BranchCall, BranchOperation, Participants } from "./participants.ts";

export type CommonTemper = "409" | "425" | "503" | "hang" | "garbage" | "lose" | "down";

export interface ParticipantsUnderTest {
  /** Fresh: closed circuits, nothing in flight. */
  participants: Participants;
  /** Where `coupons` or `orders` takes an operation. */
  url(participant: string, operation: BranchOperation): string;
  /** The book of `coupons`. */
  book(): ParticipantBook;
  /** Null: it does as it should. */
  behave(temper: CommonTemper | null, operations?: BranchOperation[]): Promise<void>;
  /** Lets time go on until `promise` settles. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Makes `ms` milliseconds pass for the adapter. */
  pass(ms: number): Promise<void>;
}

/** Far above what a call takes, on a busy machine too; nothing waits for it. */
const AMPLE_MS = 10_000;
/** For calls that are never answered; above PATIENCE_MS_MIN. */
const SHORT_MS = 150;
/** For a thousand calls at once: their first line must leave with more than PATIENCE_MS_MIN left, on a busy machine too. */
const CROWD_MS = 800;

export function describeParticipants(name: string, setUp: () => Promise<ParticipantsUnderTest>): void {
  describe(`participants: ${name}`, () => {
    let world: ParticipantsUnderTest;
    let run = 0;
    let txId = "";

    const branch = (operation: BranchOperation, more: Partial<BranchCall> = {}): BranchCall => {
      const participant = more.participant ?? "coupons";
      return { txId, branchNo: 1, participant, operation, url: world.url(participant, operation), body: { amount: 3 }, traceId: "ab".repeat(16), ...more };
    };
    const call = (operation: BranchOperation, timeoutMs = AMPLE_MS, more: Partial<BranchCall> = {}): Promise<BranchAnswer> =>
      world.run(world.participants.call(branch(operation, more), timeoutMs));
    const state = () => world.book().find(txId, "01")?.state ?? "NONE";
    const circuit = (participant = "coupons") => world.participants.states().find((one) => one.participant === participant)?.circuit;
    const failOften = async (times = FAILURES_TO_OPEN) => {
      await world.behave("503");
      for (let at = 0; at < times; at++) expect(await call("try")).toMatchObject({ outcome: "FAILED" });
      await world.behave(null);
    };

    beforeEach(async () => {
      world = await setUp();
      txId = `tx:${++run}`;
    });

    test("a branch goes through try, confirm and reverse, each done by the participant's own word", async () => {
      const done = { outcome: "DONE", errorClass: null, httpStatus: 200, message: null, durationMs: expect.any(Number) };
      expect(await call("try")).toEqual(done);
      expect(world.book().find(txId, "01")).toMatchObject({ state: "TRIED", amount: 3 });
      expect(await call("confirm")).toEqual(done);
      expect(world.book().totals()).toMatchObject({ frozen: 0, confirmed: 3 });
      expect(await call("reverse")).toEqual(done);
      expect(world.book().totals()).toMatchObject({ frozen: 0, confirmed: 0 });
      expect(state()).toBe("REVERSED");
    });

    test("the branches of one transaction are told apart, and need no body", async () => {
      await call("try", AMPLE_MS, { branchNo: 1 });
      await call("try", AMPLE_MS, { branchNo: 12, body: null });
      await call("cancel", AMPLE_MS, { branchNo: 12, body: null });
      expect(world.book().branchesOf(txId).map(({ branchId, state, amount }) => [branchId, state, amount])).toEqual([["01", "TRIED", 3], ["12", "CANCELLED", 1]]);
    });

    const tempers: [CommonTemper, number, Partial<BranchAnswer>][] = [
      ["409", AMPLE_MS, { outcome: "REFUSED", errorClass: "REFUSED", httpStatus: 409 }],
      ["425", AMPLE_MS, { outcome: "ONGOING", errorClass: "ONGOING", httpStatus: 425 }],
      ["503", AMPLE_MS, { outcome: "FAILED", errorClass: "HTTP_SERVER", httpStatus: 503 }],
      ["garbage", AMPLE_MS, { outcome: "FAILED", errorClass: "INVALID_RESPONSE", httpStatus: null }],
      ["down", AMPLE_MS, { outcome: "FAILED", errorClass: "UNREACHABLE", httpStatus: null }],
      ["hang", SHORT_MS, { outcome: "FAILED", errorClass: "TIMEOUT", httpStatus: null }],
    ];

    test.each(tempers)("%s touches nothing, is told apart, and is over with the participant's temper", async (temper, timeoutMs, expected) => {
      await world.behave(temper);
      const answer = await call("try", timeoutMs);
      expect(answer).toMatchObject({ ...expected, message: expect.stringMatching(/^.{1,200}$/) });
      expect(state()).toBe("NONE");
      await world.behave(null);
      expect(await call("try")).toMatchObject({ outcome: "DONE" });
    });

    test("a call that is never answered ends with its time", async () => {
      await world.behave("hang");
      expect((await call("try", SHORT_MS)).durationMs).toBeGreaterThanOrEqual(SHORT_MS - 1);
    });

    test("an answer that is lost on its way leaves the branch done, and asking again finds it so", async () => {
      await world.behave("lose");
      expect(await call("try")).toMatchObject({ outcome: "FAILED", errorClass: "UNREACHABLE" });
      expect(state()).toBe("TRIED");
      await world.behave(null);
      expect(await call("try")).toMatchObject({ outcome: "DONE" });
      expect(world.book().totals().frozen).toBe(3);
    });

    test("a try that comes after its cancel is refused, and the empty rollback before it is done", async () => {
      expect(await call("cancel")).toMatchObject({ outcome: "DONE" });
      expect(await call("try")).toMatchObject({ outcome: "REFUSED" });
      expect(await call("confirm")).toMatchObject({ outcome: "REFUSED" });
      expect(await call("cancel")).toMatchObject({ outcome: "DONE" });
      expect(world.book().totals()).toMatchObject({ frozen: 0, confirmed: 0 });
      expect(state()).toBe("FENCED");
    });

    test("the same call many times at once counts once", async () => {
      for (const [operation, frozen, confirmed] of [["try", 3, 0], ["confirm", 0, 3], ["reverse", 0, 0]] as const) {
        const answers = await world.run(Promise.all(Array.from({ length: 5 }, () => world.participants.call(branch(operation), AMPLE_MS))));
        expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(["DONE"]));
        expect(world.book().totals()).toMatchObject({ frozen, confirmed });
      }
    });

    test("a host that is not allowed is never called, and opens no circuit", async () => {
      const elsewhere = world.url("coupons", "try").replace("http://", "http://elsewhere.");
      for (let at = 0; at <= FAILURES_TO_OPEN; at++) {
        expect(await call("try", AMPLE_MS, { url: elsewhere })).toMatchObject({ outcome: "NOT_SENT", errorClass: "FORBIDDEN_HOST" });
      }
      expect(await call("try")).toMatchObject({ outcome: "DONE" });
    });

    test(`a participant that failed ${FAILURES_TO_OPEN} times in a row is left alone, its neighbour is not`, async () => {
      await failOften();
      expect(await call("try")).toMatchObject({ outcome: "NOT_SENT", errorClass: "CIRCUIT_OPEN", httpStatus: null });
      expect(state()).toBe("NONE");
      expect(await call("try", AMPLE_MS, { participant: "orders" })).toMatchObject({ outcome: "DONE" });
      expect([circuit("coupons"), circuit("orders")]).toEqual(["open", "closed"]);
    });

    test("after a rest one probe is sent; its success lets everybody through", async () => {
      await failOften();
      await world.pass(OPEN_MS);
      const [probe, other] = await world.run(Promise.all([world.participants.call(branch("try"), AMPLE_MS), world.participants.call(branch("try"), AMPLE_MS)]));
      expect([probe?.outcome, other?.errorClass]).toEqual(["DONE", "CIRCUIT_OPEN"]);
      expect(await call("confirm")).toMatchObject({ outcome: "DONE" });
    });

    test("a probe that fails, or hears nothing, leaves the circuit open", async () => {
      await failOften();
      for (const temper of ["503", "hang"] as const) {
        await world.behave(temper);
        await world.pass(OPEN_MS);
        expect(await call("try", 20)).toMatchObject({ outcome: "FAILED" });
        expect(circuit()).toBe("open");
      }
    });

    test("refusals and asking for patience are answers: they open no circuit, and end a row of failures", async () => {
      for (const temper of ["409", "425"] as const) {
        await failOften(FAILURES_TO_OPEN - 1);
        await world.behave(temper);
        await call("try");
        await failOften(FAILURES_TO_OPEN - 1);
        expect(circuit()).toBe("closed");
        await world.behave(temper);
        for (let at = 0; at <= FAILURES_TO_OPEN; at++) await call("try");
        expect(circuit()).toBe("closed");
      }
    });

    test("callers without patience do not open a circuit for the others", async () => {
      await world.behave("hang");
      for (let at = 0; at <= FAILURES_TO_OPEN; at++) expect(await call("try", 10)).toMatchObject({ errorClass: "TIMEOUT" });
      expect(circuit()).toBe("closed");
    });

    test("calls beyond the line are turned away at once, and those in it hear that the circuit opened", async () => {
      await world.behave("hang");
      const all = Array.from({ length: CONNECTIONS_MAX + WAITING_MAX + 1 }, (_, at) => world.participants.call(branch("try", { txId: `${txId}:${at}` }), CROWD_MS + at));
      expect(await world.run(all.at(-1)!)).toMatchObject({ outcome: "NOT_SENT", errorClass: "OVERLOADED" });
      expect(world.participants.states().find(({ participant }) => participant === "coupons")).toMatchObject({ inFlight: CONNECTIONS_MAX, calls: CONNECTIONS_MAX });
      const answers = await world.run(Promise.all(all));
      const count = (errorClass: string) => answers.filter((answer) => answer.errorClass === errorClass).length;
      // Whoever was given the place of an early timeout, before three of them had opened the circuit, timed out as well.
      expect(count("TIMEOUT")).toBeGreaterThanOrEqual(CONNECTIONS_MAX);
      expect(count("TIMEOUT")).toBeLessThan(CONNECTIONS_MAX + FAILURES_TO_OPEN);
      expect(count("TIMEOUT") + count("CIRCUIT_OPEN") + count("OVERLOADED")).toBe(all.length);
      expect(count("CIRCUIT_OPEN")).toBeGreaterThan(WAITING_MAX / 2);
      expect(world.participants.states().map(({ inFlight }) => inFlight)).toEqual([0]);
    });

    test("its states tell what was called, how often it failed, and what is under way", async () => {
      expect(world.participants.states()).toEqual([]);
      await call("try", AMPLE_MS, { participant: "orders" });
      await failOften(1);
      await call("try");
      expect(world.participants.states()).toEqual([
        { participant: "coupons", circuit: "closed", inFlight: 0, calls: 2, failures: 1 },
        { participant: "orders", circuit: "closed", inFlight: 0, calls: 1, failures: 0 },
      ]);
    });
  });
}
