/**
 * API keys against a real Postgres, on a clock that the test moves.
 */
import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SCOPES } from "../contracts/scopes.ts";
import { PrismaClient } from "../generated/prisma/client.ts";
import { createDatabase, type TestDatabase } from "../testing/stack.ts";
import { createApiClaims } from "./claims.ts";
import { Notices } from "../notices.ts";
import { ApiKeys, createFirstKey, KEYS_CHANGED } from "./keys.ts";
import { StandingClock } from "./testing.ts";

let database: TestDatabase;
let prisma: PrismaClient;
let queries = 0;

beforeAll(async () => {
  database = await createDatabase();
  const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url }), log: [{ emit: "event", level: "query" }] });
  client.$on("query", () => queries++);
  prisma = client as unknown as PrismaClient;
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.drop();
});
beforeEach(async () => {
  await prisma.apiKey.deleteMany();
});

it("a key opens what its scopes say, and the database never sees it", async () => {
  const keys = new ApiKeys(prisma, new StandingClock());
  const { keyId, secret } = await keys.create({ name: "till", scopes: ["orders"] });
  expect(secret).toMatch(/^e86_[A-Za-z0-9_-]{43}$/);
  expect(await keys.verify(secret)).toEqual({ keyId, scopes: ["orders"] });
  const row = await prisma.apiKey.findUniqueOrThrow({ where: { keyId } });
  expect(JSON.stringify(row)).not.toContain(secret.slice(4));
  expect(row.keyHash).toMatch(/^[0-9a-f]{64}$/);
});

it("the first key has every scope", async () => {
  const clock = new StandingClock();
  const { secret } = await createFirstKey(prisma, clock);
  expect(await new ApiKeys(prisma, clock).verify(secret)).toMatchObject({ scopes: SCOPES });
});

it("a revoked key is dead at once here, and within a second in another process", async () => {
  const clock = new StandingClock();
  const here = new ApiKeys(prisma, clock);
  const there = new ApiKeys(prisma, clock);
  const { keyId, secret } = await here.create({ name: "till", scopes: ["orders"] });
  expect(await there.verify(secret)).not.toBeNull();
  expect(await here.revoke(keyId)).toBe(true);
  expect(await here.verify(secret)).toBeNull();
  clock.advance(1_000);
  expect(await there.verify(secret)).toBeNull();
  expect(await here.revoke(keyId)).toBe(false);
});

describe("a process that hears of changes", () => {
  const clock = new StandingClock();
  let here: ApiKeys;
  let there: ApiKeys;
  let notices: Notices;
  let heard: () => void;

  beforeEach(async () => {
    here = new ApiKeys(prisma, clock);
    there = new ApiKeys(prisma, clock);
    notices = new Notices(database.url, KEYS_CHANGED, {
      hearing: () => there.hearing(),
      deaf: () => there.deaf(),
      heard: () => {
        there.heard();
        heard();
      },
    });
    heard = () => {};
    await notices.start();
    return () => notices.stop();
  });
  const nextNotice = () =>
    new Promise<void>((resolve) => {
      heard = resolve;
    });

  it("knows a revoked key for dead as soon as the notice comes, whatever the time", async () => {
    const made = nextNotice();
    const { keyId, secret } = await here.create({ name: "till", scopes: ["orders"] });
    await made;
    expect(await there.verify(secret)).not.toBeNull();
    const notice = nextNotice();
    await here.revoke(keyId);
    await notice;
    expect(await there.verify(secret)).toBeNull();
  });

  it("asks nothing for a key it knows, for as long as it hears", async () => {
    const notice = nextNotice();
    const { secret } = await here.create({ name: "till", scopes: ["orders"] });
    await notice;
    await there.verify(secret);
    const before = queries;
    clock.advance(9_000);
    expect(there.verify(secret)).toMatchObject({ scopes: ["orders"] }); // not a promise
    expect(queries).toBe(before);
  });

  it("reads the list every second again once the line is cut, and a revoked key is dead within it", async () => {
    const made = nextNotice();
    const { keyId, secret } = await here.create({ name: "till", scopes: ["orders"] });
    await made;
    expect(await there.verify(secret)).not.toBeNull();
    await notices.stop();
    await here.revoke(keyId);
    clock.advance(1_000);
    expect(await there.verify(secret)).toBeNull();
  });

  it("learns within ten seconds what was written by hand", async () => {
    const made = nextNotice();
    const { keyId, secret } = await here.create({ name: "till", scopes: ["orders"] });
    await made;
    expect(await there.verify(secret)).not.toBeNull();
    await prisma.apiKey.updateMany({ where: { keyId }, data: { revokedAt: new Date() } });
    clock.advance(10_000);
    await expect.poll(() => there.verify(secret)).toBeNull();
  });
});

it("a rotated key keeps its id; the old secret is dead at once", async () => {
  const keys = new ApiKeys(prisma, new StandingClock());
  const { keyId, secret } = await keys.create({ name: "till", scopes: ["stock"] });
  const rotated = await keys.rotate(keyId);
  expect(rotated?.keyId).toBe(keyId);
  expect(await keys.verify(secret)).toBeNull();
  expect(await keys.verify(rotated?.secret ?? "")).toEqual({ keyId, scopes: ["stock"] });
  await keys.revoke(keyId);
  expect(await keys.rotate(keyId)).toBeNull();
});

it("a new key is known elsewhere before the list is a second old", async () => {
  const clock = new StandingClock();
  const there = new ApiKeys(prisma, clock);
  expect(await there.verify(`e86_${"x".repeat(43)}`)).toBeNull();
  const { secret } = await new ApiKeys(prisma, clock).create({ name: "new", scopes: ["orders"] });
  clock.advance(100);
  expect(await there.verify(secret)).not.toBeNull();
});

it("a flood of invented keys asks the database at most ten times a second", async () => {
  const clock = new StandingClock();
  const keys = new ApiKeys(prisma, clock);
  await keys.create({ name: "till", scopes: ["orders"] });
  const before = queries;
  for (let i = 0; i < 1_000; i++) {
    clock.advance(1);
    expect(await keys.verify(`e86_${String(i).padStart(43, "x")}`)).toBeNull();
    expect(await keys.verify("e86_short")).toBeNull();
  }
  expect(queries - before).toBeLessThanOrEqual(10);
});

it("while the database does not answer, known keys work and unknown ones are refused without waiting", async () => {
  const clock = new StandingClock();
  let answers = true;
  const flaky = new Proxy(prisma, {
    get: (target, name) =>
      name === "apiKey" && !answers ? { findMany: () => new Promise(() => {}) } : Reflect.get(target, name),
  });
  const keys = new ApiKeys(flaky, clock);
  const { secret } = await keys.create({ name: "till", scopes: ["orders"] });
  answers = false;
  clock.advance(1_000);
  const waiting = keys.verify(secret);
  clock.advance(250);
  expect(await waiting).not.toBeNull();
  expect(keys.verify(secret)).toMatchObject({ scopes: ["orders"] }); // not a promise: nobody else waits
  expect(keys.verify(`e86_${"x".repeat(43)}`)).toBeNull();
});

it("the use of a key is noted, coarsely", async () => {
  const clock = new StandingClock();
  const keys = new ApiKeys(prisma, clock);
  const { keyId, secret } = await keys.create({ name: "till", scopes: ["orders"] });
  await keys.verify(secret);
  clock.advance(60_000);
  await keys.verify(secret);
  expect((await prisma.apiKey.findUniqueOrThrow({ where: { keyId } })).lastUsedAt).not.toBeNull();
});

it("an idempotency key belongs to its first request, whatever comes at once", async () => {
  const claims = createApiClaims(prisma);
  const claim = (hash: string) => claims.claim({ actionKey: "k_1:b1", requestHash: hash.repeat(32), verb: "BATCH", actor: "k_1" });
  const outcomes = await Promise.all(["a", "b", "a", "c", "a", "b"].map(claim));
  const winner = ["a", "b", "a", "c", "a", "b"][outcomes.indexOf(true)] ?? "";
  expect(outcomes).toEqual(["a", "b", "a", "c", "a", "b"].map((hash) => hash === winner));
  expect(await claim(winner)).toBe(true);
});
