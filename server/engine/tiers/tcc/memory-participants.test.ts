import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { FAILURES_TO_OPEN, OPEN_MS } from "../../guards/circuit-breaker.ts";
import { ParticipantDirectory } from "../../kernel/participant-directory.ts";
import { seededRandom } from "../../kernel/random.ts";
import { type Behaviour, MEMORY_TEMPERS, MemoryParticipants, ParticipantTown, townDirectory } from "./memory-participants.ts";
import { CONNECTIONS_MAX } from "./participant-gate.ts";
import { describeParticipants } from "./participants.conformance.ts";
import type { BranchCall, BranchOperation } from "./participants.ts";

function town(seed = 7) {
  const clock = new VirtualClock();
  const everybody = new ParticipantTown(clock, seededRandom(seed));
  const participants = new MemoryParticipants({ town: everybody, directory: townDirectory("coupons", "orders"), clock });
  const coupons = everybody.participant("coupons");
  const call = (operation: BranchOperation, txId = "t", timeoutMs = 800) => {
    const path = operation === "reverse" ? "cancel" : operation;
    const branch: BranchCall = { txId, branchNo: 1, participant: "coupons", operation, url: `http://coupons/${path}`, body: null, traceId: "0".repeat(32) };
    return participants.call(branch, timeoutMs);
  };
  return { clock, everybody, participants, coupons, call };
}

describeParticipants("the in-memory twin", async () => {
  const { clock, participants, coupons } = town();
  return {
    participants,
    url: (participant, operation) => `http://${participant}/${operation === "reverse" ? "cancel" : operation}`,
    book: () => coupons.book,
    behave: async (temper, operations) => coupons.behave(...(temper === null ? [] : [operations ? { temper, operations } : { temper }])),
    run: (promise) => clock.run(promise),
    pass: (ms) => clock.advance(ms),
  };
});

describe("two participants at one origin", () => {
  const urls = { tryUrl: "http://shared/try", confirmUrl: "http://shared/confirm", cancelUrl: "http://shared/cancel" };

  test("share its line; a probe that finds no place in it leaves the circuit open, and the next one closes it", async () => {
    const clock = new VirtualClock();
    const everybody = new ParticipantTown(clock, seededRandom(1));
    const directory = new ParticipantDirectory([{ name: "coupons", ...urls }, { name: "orders", ...urls }]);
    const participants = new MemoryParticipants({ town: everybody, directory, clock });
    const call = (participant: string, timeoutMs: number) =>
      participants.call({ txId: "t", branchNo: 1, participant, operation: "try", url: urls.tryUrl, body: null, traceId: "0".repeat(32) }, timeoutMs);
    const circuit = () => participants.states().find(({ participant }) => participant === "coupons")?.circuit;

    everybody.participant("coupons").behave({ temper: "503", times: FAILURES_TO_OPEN });
    for (let at = 0; at < FAILURES_TO_OPEN; at++) await clock.run(call("coupons", 800));
    everybody.participant("orders").behave({ temper: "hang" });
    const hanging = Promise.all(Array.from({ length: CONNECTIONS_MAX }, () => call("orders", 2_000)));
    await clock.advance(OPEN_MS);
    expect(await clock.run(call("coupons", 100))).toMatchObject({ outcome: "NOT_SENT", errorClass: "OVERLOADED" });
    expect(circuit()).toBe("open");
    await clock.run(hanging);
    expect(await clock.run(call("coupons", 800))).toMatchObject({ outcome: "DONE" });
    expect(circuit()).toBe("closed");
  });
});

describe("a town's tempers", () => {
  test("late: a try arrives after its cancel, and the fence refuses it", async () => {
    const { clock, coupons, call } = town();
    coupons.behave({ temper: "late", operations: ["try"], delayMs: [2_000, 2_000] });
    expect(await clock.run(call("try"))).toMatchObject({ outcome: "FAILED", errorClass: "TIMEOUT" });
    expect(await clock.run(call("cancel"))).toMatchObject({ outcome: "DONE" });
    await clock.advance(3_000);
    expect(coupons.arrived).toBe(2);
    expect(coupons.book.find("t", "01")).toMatchObject({ state: "FENCED", amount: 0 });
  });

  test("duplicate: the second arrival changes nothing", async () => {
    const { clock, coupons, call } = town();
    coupons.behave({ temper: "duplicate", delayMs: [500, 500] });
    await clock.run(call("try"));
    await clock.run(call("cancel"));
    await clock.advance(1_000);
    expect(coupons.arrived).toBe(4);
    expect(coupons.book.find("t", "01")?.state).toBe("CANCELLED");
  });

  test("slow: whoever waits long enough hears that it is done, whoever does not hears nothing", async () => {
    const { clock, coupons, call } = town();
    coupons.behave({ temper: "slow", delayMs: [300, 300] });
    expect(await clock.run(call("try", "patient", 800))).toMatchObject({ outcome: "DONE" });
    expect(await clock.run(call("try", "hasty", 100))).toMatchObject({ errorClass: "TIMEOUT" });
    await clock.advance(500);
    expect(coupons.book.find("hasty", "01")?.state).toBe("TRIED");
  });

  test("425 three times, then done", async () => {
    const { clock, coupons, call } = town();
    coupons.behave({ temper: "425", times: 3 });
    const outcomes: string[] = [];
    for (let at = 0; at < 4; at++) outcomes.push((await clock.run(call("try"))).outcome);
    expect(outcomes).toEqual(["ONGOING", "ONGOING", "ONGOING", "DONE"]);
    expect(coupons.met).toEqual({ "425": 3 });
  });

  test("one operation can fail while the others do as they should", async () => {
    const { clock, coupons, call } = town();
    coupons.behave({ temper: "503", operations: ["confirm"] });
    expect((await clock.run(call("try"))).outcome).toBe("DONE");
    expect((await clock.run(call("confirm"))).outcome).toBe("FAILED");
  });

  test("what is on its way arrives although its sender has died, and the dead hear nothing", async () => {
    const { clock, everybody, coupons } = town();
    let alive = true;
    const mortal = { ...clockOf(clock), schedule: (delayMs: number, task: () => void) => clock.schedule(delayMs, () => alive && task()) };
    const participants = new MemoryParticipants({ town: everybody, directory: townDirectory("coupons"), clock: mortal });
    let heard = false;
    const call: BranchCall = { txId: "t", branchNo: 1, participant: "coupons", operation: "try", url: "http://coupons/try", body: null, traceId: "0".repeat(32) };
    void participants.call(call, 800).then(() => (heard = true));
    alive = false;
    await clock.advance(2_000);
    expect(coupons.book.find("t", "01")?.state).toBe("TRIED");
    expect(heard).toBe(false);
  });

  test("the same seed gives the same history twice, and every temper is met", async () => {
    const tell = async () => {
      const { clock, coupons, call } = town(86);
      coupons.behave(...MEMORY_TEMPERS.map((temper): Behaviour => ({ temper, share: 0.08 })));
      const history: string[] = [];
      for (let at = 0; at < 400; at++) {
        const answer = await clock.run(call(at % 3 === 2 ? "cancel" : "try", `t${Math.floor(at / 3)}`, 200));
        history.push(`${clock.monotonicMs()} ${answer.outcome} ${answer.errorClass}`);
        await clock.advance(600); // past the rest of an open circuit
      }
      expect(Object.keys(coupons.met).sort()).toEqual([...MEMORY_TEMPERS].sort());
      // Every transaction was cancelled in the end, or its cancel did not arrive: nothing is confirmed, nothing is counted twice.
      expect(coupons.book.totals().confirmed).toBe(0);
      return history;
    };
    expect(await tell()).toEqual(await tell());
  });
});

function clockOf(clock: VirtualClock) {
  return { nowMs: () => clock.nowMs(), monotonicMs: () => clock.monotonicMs(), soon: (task: () => void) => clock.soon(task) };
}
