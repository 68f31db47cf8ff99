/** Causes, and one verb for a frozen list: canary, rate, grace, stop, and an instance that dies in the middle. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CANARY, GRACE_MS, type Cause } from "../../contracts/bulk.ts";
import { realClock } from "../../engine/kernel/clock.ts";
import { openStage, type Person, type Stage, type Staged } from "../testing.ts";
import { merged } from "./causes.ts";
import { BulkRunner } from "./runner.ts";

let stage: Stage;
let viewer: Person;
let operator: Person;
let lead: Person;
let runner: BulkRunner;
let runs = 0;

beforeAll(async () => {
  stage = await openStage();
  [viewer, operator, lead] = [await stage.person("vera", "viewer"), await stage.person("olga", "operator"), await stage.person("lena", "lead")];
  runner = new BulkRunner({ prisma: stage.prisma, engine: stage.engine, clock: realClock, onError: () => undefined });
});
afterAll(() => stage?.close());

// What an earlier test has begun is not taken up by a later one.
beforeEach(() => stage.prisma.$executeRaw`UPDATE bulk_actions SET due_at = NULL`);

let txIds: string[];
async function put(staged: Staged, count: number): Promise<void> {
  txIds = [];
  for (let n = 0; n < count; n++) txIds.push((await stage.stage(`b${++runs}`, staged)).txId);
}

const freeze = async (verb: string, person = operator, of: unknown = { txIds }) => person.post("/bulk", { verb, of });
const begin = async (verb: string, person = operator): Promise<string> => {
  const { body } = await freeze(verb, person);
  expect((await person.post(`/bulk/${body.bulkId}/start`, { reason: "a test" })).status).toBe(200);
  return body.bulkId;
};
/** At once on a quiet machine; on a busy one a call may be lost, and is made again after a backoff. */
const CALLED_TWICE_MS = 20_000;
/** Time passes: what waits is due. */
const due = (bulkId: string) => stage.prisma.$executeRaw`UPDATE bulk_actions SET due_at = date_trunc('milliseconds', clock_timestamp()) WHERE bulk_id = ${bulkId} AND due_at IS NOT NULL`;
async function step(bulkId: string, by = runner): Promise<string> {
  await due(bulkId);
  await by.stepOnce();
  return (await stage.prisma.bulkAction.findUniqueOrThrow({ where: { bulkId } })).state;
}
const states = async () => {
  const rows = await stage.prisma.transaction.findMany({ where: { txId: { in: txIds } }, select: { txId: true, state: true } });
  const found = new Map(rows.map(({ txId, state }) => [txId, state]));
  return txIds.map((txId) => found.get(txId));
};
const sheet = async (bulkId: string) => (await viewer.get(`/bulk/${bulkId}`)).body;

describe("a frozen list", () => {
  test("has those on it that the verb is legal on, oldest first, says what would happen, and never changes", async () => {
    await put("RESERVED", 3);
    const open = [...txIds];
    await put("CONFIRMED", 1);
    const { body } = await freeze("cancel", operator, { txIds: [...txIds, ...open] });
    expect(body).toMatchObject({ total: 3, leftOut: 1, truncated: false });
    expect(await sheet(body.bulkId)).toMatchObject({
      state: "DRAFT", total: 3, sample: open,
      effect: { states: { RESERVED: 3 }, coupons: 3, amountCents: 3 * 2 * 900, dishes: [{ portions: 2, before: { available: 8, frozen: 2 }, after: { available: 10, frozen: 0 } }, {}, {}], participants: [] },
    });
    await stage.prisma.transaction.updateMany({ where: { txId: open[0] }, data: { updatedAt: new Date() } });
    expect((await sheet(body.bulkId)).total).toBe(3);
  });

  test("is made of filters or of a cause too", async () => {
    await put("CONFIRMING", 2);
    const dish = (await stage.prisma.reservation.findFirstOrThrow({ where: { txId: txIds[0] } })).dishId;
    expect((await freeze("retry", operator, { filters: { dishId: dish } })).body).toMatchObject({ total: 1, leftOut: 0 });
    expect((await freeze("retry", operator, { fingerprints: ["points/confirm/HTTP_SERVER"] })).body.total).toBeGreaterThanOrEqual(2);
    expect((await freeze("cancel", operator, { fingerprints: ["points/confirm/HTTP_SERVER"] })).status).toBe(404);
  });

  test.each([
    ["a viewer freezes none", () => freeze("retry", viewer), 403],
    ["an unknown verb", () => freeze("destroy"), 400],
    ["no list", () => freeze("retry", operator, {}), 400],
    ["an odd id", () => freeze("retry", operator, { txIds: ["a b"] }), 400],
  ])("%s is refused", async (_what, ask, status) => {
    await put("CONFIRMING", 1);
    expect((await ask()).status).toBe(status);
  });

  test("reverse is started by a lead, and everything needs a reason", async () => {
    await put("CONFIRMED", 1);
    const { body } = await freeze("reverse");
    expect((await operator.post(`/bulk/${body.bulkId}/start`, { reason: "x" })).status).toBe(403);
    expect((await lead.post(`/bulk/${body.bulkId}/start`, {})).status).toBe(400);
    expect((await lead.post(`/bulk/${body.bulkId}/start`, { reason: "x" })).status).toBe(200);
    expect((await lead.post(`/bulk/${body.bulkId}/start`, { reason: "x" })).status).toBe(409);
  });
});

describe("what cannot be undone", () => {
  test("begins only when the grace is over, which the server keeps; until then Undo leaves everything as it was", async () => {
    await put("RESERVED", 2);
    const bulkId = await begin("cancel");
    const view = await sheet(bulkId);
    expect(view).toMatchObject({ state: "GRACE" });
    expect(Math.abs(view.dueAtMs - view.startedAtMs - GRACE_MS)).toBeLessThan(50);
    expect(await runner.stepOnce()).toBe(false);
    expect(await states()).toEqual(["RESERVED", "RESERVED"]);
    expect((await operator.post(`/bulk/${bulkId}/undo`)).status).toBe(200);
    await due(bulkId);
    expect(await runner.stepOnce()).toBe(false);
    expect(await states()).toEqual(["RESERVED", "RESERVED"]);
    expect(await sheet(bulkId)).toMatchObject({ state: "UNDONE" });
  });

  test("goes five first, then the rest at the rate, each with an audit entry; undo comes too late", async () => {
    await put("RESERVED", 17);
    const bulkId = await begin("cancel");
    expect(await step(bulkId)).toBe("CANARY");
    expect((await operator.post(`/bulk/${bulkId}/undo`)).status).toBe(409);
    expect(await step(bulkId)).toBe("RUNNING");
    expect((await states()).filter((state) => state === "CANCELLED").length).toBe(CANARY);
    expect(await runner.stepOnce()).toBe(false); // the rate
    expect(await step(bulkId)).toBe("RUNNING");
    expect((await states()).filter((state) => state === "CANCELLED").length).toBe(CANARY + 10);
    expect(await step(bulkId)).toBe("DONE");
    expect(new Set(await states())).toEqual(new Set(["CANCELLED"]));
    expect(await sheet(bulkId)).toMatchObject({ state: "DONE", counts: { done: 17, waiting: 0, refused: 0, failed: 0 } });
    const audit = await stage.prisma.auditEntry.findMany({ where: { target: { in: txIds } } });
    expect(audit.length).toBe(17);
    expect(audit[0]).toMatchObject({ actor: "olga", verb: "transaction.cancel", reason: "a test", detail: { bulkId, outcome: "DONE", result: "CANCELLED" } });
  });

  test("is stopped in the middle: the rest is left alone", async () => {
    await put("RESERVED", 20);
    const bulkId = await begin("confirm");
    for (const expected of ["CANARY", "RUNNING", "RUNNING"]) expect(await step(bulkId)).toBe(expected);
    expect((await lead.post(`/bulk/${bulkId}/stop`)).status).toBe(200);
    await due(bulkId);
    expect(await runner.stepOnce()).toBe(false);
    expect((await states()).filter((state) => state === "RESERVED").length).toBe(5);
    expect(await sheet(bulkId)).toMatchObject({ state: "STOPPED", why: "PERSON", counts: { done: 15, waiting: 5 } });
    expect((await operator.post(`/bulk/${bulkId}/stop`)).status).toBe(409);
  });

  test("what others have done meanwhile is refused one by one, and named", async () => {
    await put("RESERVED", 6);
    const bulkId = await begin("cancel");
    await operator.post(`/transactions/${txIds[1]}/confirm`, { reason: "paid" });
    for (const expected of ["CANARY", "RUNNING", "DONE"]) expect(await step(bulkId)).toBe(expected);
    expect(await sheet(bulkId)).toMatchObject({ counts: { done: 5, refused: 1 }, problems: [{ txId: txIds[1], state: "REFUSED", result: "ILLEGAL_STATE" }] });
    expect((await states())[1]).toBe("CONFIRMED");
  });

  test("a person who has lost the role does nothing any more", async () => {
    await put("RESERVED", 2);
    const other = await stage.person("otto", "operator");
    const bulkId = await begin("cancel", other);
    await stage.prisma.user.update({ where: { id: "otto" }, data: { disabledAt: new Date() } });
    expect(await step(bulkId)).toBe("STOPPED");
    expect(await sheet(bulkId)).toMatchObject({ why: "ROLE" });
    expect(await states()).toEqual(["RESERVED", "RESERVED"]);
  });
});

describe("a canary", () => {
  test("that the participant does not answer holds the rest; a person lets it go on", async () => {
    stage.service.mode = { ...stage.service.mode, fail: "503" };
    await put("CONFIRMING", 7);
    const bulkId = await begin("retry");
    expect(await step(bulkId)).toBe("WATCHING");
    await stage.prisma.$executeRaw`UPDATE bulk_items SET at = clock_timestamp() - interval '1 minute' WHERE bulk_id = ${bulkId} AND at IS NOT NULL`;
    expect(await step(bulkId)).toBe("HELD");
    await due(bulkId);
    expect(await runner.stepOnce()).toBe(false);
    expect(await sheet(bulkId)).toMatchObject({ state: "HELD", why: "CANARY_FAILED", counts: { done: 5, waiting: 2 } });
    stage.service.mode = { ...stage.service.mode, fail: "none" };
    expect((await operator.post(`/bulk/${bulkId}/continue`)).status).toBe(200);
    expect(await step(bulkId)).toBe("DONE");
  });

  test("that ends lets the rest follow at once", async () => {
    await put("CANCELLING", 8); // the participant takes a cancel of what it never saw
    const bulkId = await begin("retry");
    expect(await step(bulkId)).toBe("WATCHING");
    await expect.poll(async () => (await states()).filter((state) => state === "CANCELLED").length, { timeout: CALLED_TWICE_MS }).toBe(CANARY);
    expect(await step(bulkId)).toBe("RUNNING");
    expect(await step(bulkId)).toBe("DONE");
    await expect.poll(async () => new Set(await states()), { timeout: CALLED_TWICE_MS }).toEqual(new Set(["CANCELLED"]));
  });

  test("whose every verb fails for want of an engine holds the rest", async () => {
    await put("RESERVED", 7);
    const bulkId = await begin("cancel");
    const down = Object.assign(new Error("away"), { code: "UNAVAILABLE", retryable: true, details: {}, [Symbol.for("eightysix.engineError")]: true });
    const dead = new BulkRunner({ prisma: stage.prisma, engine: { hand: { run: () => Promise.reject(down) } }, clock: realClock, onError: () => undefined });
    await step(bulkId, dead);
    expect(await step(bulkId, dead)).toBe("HELD");
    expect(await sheet(bulkId)).toMatchObject({ counts: { failed: 5, waiting: 2 }, problems: [{ state: "FAILED", result: "UNAVAILABLE" }, {}, {}, {}, {}] });
    await operator.post(`/bulk/${bulkId}/continue`);
    expect(await step(bulkId)).toBe("DONE");
    expect(new Set(await states())).toEqual(new Set(["CANCELLED"]));
  });
});

describe("several instances", () => {
  test("share the steps: one step is one instance's, and nothing is done twice", async () => {
    await put("RESERVED", 12);
    const bulkId = await begin("cancel");
    const calls: string[] = [];
    const counting = { hand: { run: (request: Parameters<typeof stage.engine.hand.run>[0], call: Parameters<typeof stage.engine.hand.run>[1]) => (calls.push(request.txId), stage.engine.hand.run(request, call)) } };
    const both = [1, 2].map(() => new BulkRunner({ prisma: stage.prisma, engine: counting, clock: realClock, onError: () => undefined }));
    for (let n = 0; n < 5; n++) {
      await due(bulkId);
      await Promise.all(both.map((each) => each.stepOnce()));
    }
    expect(calls.sort()).toEqual([...txIds].sort());
    expect(await sheet(bulkId)).toMatchObject({ state: "DONE", counts: { done: 12 } });
  });

  test("one that dies in the middle of a step is followed by another, and what it had done is found done", async () => {
    await put("RESERVED", 8);
    const bulkId = await begin("cancel");
    await step(bulkId);
    let left = 3;
    const dying = { hand: { run: async (...asked: Parameters<typeof stage.engine.hand.run>) => {
      if (left-- > 0) return stage.engine.hand.run(...asked);
      throw new Error("killed");
    } } };
    const dead = new BulkRunner({ prisma: stage.prisma, engine: dying, clock: realClock, onError: () => undefined });
    await due(bulkId);
    await expect(dead.stepOnce()).rejects.toThrow("killed");
    await expect.poll(async () => (await states()).filter((state) => state === "CANCELLED").length).toBe(3);
    expect(await runner.stepOnce()).toBe(false); // its lease
    expect(await step(bulkId)).toBe("RUNNING");
    expect(await step(bulkId)).toBe("DONE");
    expect(await sheet(bulkId)).toMatchObject({ counts: { done: 8, refused: 0, failed: 0 } });
    expect(await stage.prisma.auditEntry.count({ where: { target: { in: txIds } } })).toBe(8);
  });

  test("one that comes back after its lease changes nothing", async () => {
    await put("RESERVED", 6);
    const bulkId = await begin("cancel");
    await step(bulkId);
    await due(bulkId);
    let release = (): void => undefined;
    const slow = new Promise<void>((resolve) => (release = resolve));
    const late = new BulkRunner({ prisma: stage.prisma, engine: { hand: { run: async (...asked) => (await slow, stage.engine.hand.run(...asked)) } }, clock: realClock, onError: () => undefined });
    const coming = late.stepOnce();
    await expect.poll(() => stage.prisma.bulkItem.count({ where: { bulkId, state: "ASKED" } })).toBe(CANARY);
    expect(await step(bulkId)).toBe("RUNNING");
    expect(await step(bulkId)).toBe("DONE");
    release();
    await coming;
    expect(await sheet(bulkId)).toMatchObject({ state: "DONE", counts: { done: 6, refused: 0 } });
    expect(await stage.prisma.auditEntry.count({ where: { target: { in: txIds } } })).toBe(6);
  });
});

describe("causes", () => {
  // What earlier tests left undone is called no more, and counts no more.
  beforeEach(async () => {
    await stage.prisma.$executeRaw`UPDATE branches SET next_attempt_at = clock_timestamp() + interval '1 hour' WHERE next_attempt_at IS NOT NULL`;
    await stage.engine.recoverOnce();
    await stage.prisma.$executeRaw`UPDATE branches SET failures = 0, next_attempt_at = next_attempt_at + interval '1 hour' WHERE next_attempt_at IS NOT NULL`;
  });

  test("many transactions on one service are one row, with their ages and tickets", async () => {
    await put("CONFIRMING", 3);
    await put("CONFIRMING+ticket", 2);
    await stage.prisma.$executeRaw`UPDATE transactions SET updated_at = clock_timestamp() - interval '10 minutes' WHERE tx_id = ${txIds[0]}`;
    const { causes } = (await viewer.get("/causes")).body;
    expect(causes).toMatchObject([
      { fingerprint: "points/confirm/HTTP_SERVER", participant: "points", operation: "confirm", transactions: 5, tickets: 2, ages: { underMinute: 4, underHalfHour: 1 }, failuresMax: 4, lastError: "503 from the other side" },
    ]);
  });

  test("what was not sent has the cause of what failed", async () => {
    await put("CANCELLING", 4);
    await stage.prisma.branch.updateMany({ where: { txId: { in: txIds.slice(1) } }, data: { errorClass: "CIRCUIT_OPEN" } });
    const { causes } = (await viewer.get("/causes")).body;
    expect(causes).toMatchObject([{ fingerprint: "points/cancel/HTTP_SERVER", fingerprints: ["points/cancel/HTTP_SERVER", "points/cancel/CIRCUIT_OPEN"], transactions: 4 }]);
    expect((await freeze("retry", operator, { fingerprints: causes[0].fingerprints })).body.total).toBe(4);
  });

  test("of other calls it is none", () => {
    const cause = (fingerprint: string, transactions: number): Cause => {
      const [participant = "", operation = "", errorClass = ""] = fingerprint.split("/");
      const ages = { underMinute: transactions, underFive: 0, underHalfHour: 0, older: 0 };
      return { fingerprint, participant, operation: operation as Cause["operation"], errorClass, fingerprints: [fingerprint], transactions, tickets: 0, ages, oldestSinceMs: 1, failuresMax: 1, nextAttemptAtMs: 1, lastError: null };
    };
    const all = [cause("a/confirm/CIRCUIT_OPEN", 9), cause("a/confirm/TIMEOUT", 2), cause("a/cancel/CIRCUIT_OPEN", 3), cause("b/confirm/UNREACHABLE", 1)];
    expect(merged(all).map(({ fingerprint, transactions }) => [fingerprint, transactions])).toEqual([["a/confirm/TIMEOUT", 11], ["a/cancel/CIRCUIT_OPEN", 3], ["b/confirm/UNREACHABLE", 1]]);
    expect(all[1]?.transactions).toBe(2);
  });
});
