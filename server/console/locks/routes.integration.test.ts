/** The routes of the page of locks, on a real database: who may do what, and what is written down. */
import { PrismaPg } from "@prisma/adapter-pg";
import { Hono } from "hono";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Role } from "../../contracts/console.ts";
import type { Trace } from "../../engine/kernel/trace-recorder.ts";
import { PrismaClient } from "../../generated/prisma/client.ts";
import { createDatabase, type TestDatabase } from "../../testing/stack.ts";
import type { ConsoleEnv } from "../api.ts";
import { failure } from "../problem.ts";
import { addLockRoutes } from "./routes.ts";

let database: TestDatabase;
let prisma: PrismaClient;
let role: Role;
let every: number;
let traced: () => Promise<string>;
let app: Hono<ConsoleEnv>;

beforeAll(async () => {
  database = await createDatabase();
  prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url, max: 2 }) });
  const trace: Trace = { traceEvents: [], displayTimeUnit: "ms", otherData: { instance: "i1", seconds: 1, dropped: 0 } };
  app = new Hono<ConsoleEnv>();
  app.use(async (c, next) => {
    c.set("session", { sessionId: "s1", expiresAtMs: 0, operator: { operatorId: "ann", name: "Ann", email: "ann@example.com", role } });
    await next();
  });
  app.onError((error, c) =>
    failure(c, error, () => {
      throw error;
    }),
  );
  addLockRoutes(
    app,
    {
      board: { locks: { snapshot: () => ({ seq: 4 }) } } as never,
      engine: {
        instance: "i1",
        profile: {
          get sampleEvery() {
            return every;
          },
        },
        setSampling(to) {
          every = to;
        },
        captureTrace: async () => trace,
      },
      prisma,
      lockFiles: { trace: () => traced(), profile: (view, seconds) => new TextEncoder().encode(`${view} ${seconds}`) },
    },
  );
});

afterAll(async () => {
  await prisma?.$disconnect();
  await database?.drop();
});

beforeEach(async () => {
  role = "operator";
  every = 8;
  traced = async () => `{"traceEvents":[]}`;
  await prisma.auditEntry.deleteMany();
  await prisma.action.deleteMany();
});

async function ask(path: string, body?: unknown, key: string | null = "k1") {
  const headers = { "content-type": "application/json", ...(key === null ? {} : { "idempotency-key": key }) };
  const response = await app.request(`/console/locks${path}`, body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text), headers: response.headers };
}

describe("the sampling rate", () => {
  test("is turned, and who turned it from what to what is in the audit", async () => {
    const answered = await ask("/sampling", { every: 1, reason: "noodles are stuck" });
    expect([answered.status, answered.json(), every]).toEqual([200, { every: 1, replayed: false }, 1]);
    expect(await prisma.auditEntry.findMany()).toMatchObject([
      { actor: "ann", verb: "contention.sampling", target: "contention", reason: "noodles are stuck", detail: { before: { every: 8 }, after: { every: 1 }, outcome: "DONE", actionKey: "console:ann:k1" } },
    ]);
  });

  test("a repeated key gets the first answer and turns nothing back", async () => {
    await ask("/sampling", { every: 1 });
    await ask("/sampling", { every: 5 }, "k2");
    expect((await ask("/sampling", { every: 1 })).json()).toEqual({ every: 1, replayed: true });
    expect([every, await prisma.auditEntry.count()]).toEqual([5, 2]);
  });

  test("a key works for one request only", async () => {
    await ask("/sampling", { every: 1 });
    expect((await ask("/sampling", { every: 2 })).status).toBe(422);
    expect([every, await prisma.auditEntry.count()]).toEqual([1, 1]);
  });

  test("is not a viewer's to turn", async () => {
    role = "viewer";
    expect((await ask("/sampling", { every: 1 })).status).toBe(403);
    expect([every, await prisma.auditEntry.count()]).toEqual([8, 0]);
  });

  test.each([[{ every: 0 }], [{ every: 1.5 }], [{ every: 1_001 }], [{ every: "1" }], [{}], [{ every: 1, more: true }], [{ every: 1, reason: "x".repeat(501) }]])(
    "of %j is refused, and nothing is written",
    async (body) => {
      expect((await ask("/sampling", body)).status).toBe(400);
      expect([every, await prisma.auditEntry.count()]).toEqual([8, 0]);
    },
  );

  test("takes an action key", async () => {
    expect((await ask("/sampling", { every: 1 }, null)).status).toBe(400);
  });
});

describe("everybody who is signed in", () => {
  beforeEach(() => {
    role = "viewer";
  });

  test("sees the first paint and one second of lanes", async () => {
    expect((await ask("")).json()).toEqual({ seq: 4 });
    expect((await ask("/lanes")).json()).toEqual({ instance: "i1", spanMs: 1_000, batches: [], leftOut: 0 });
  });

  test("downloads a trace and both profiles, as files with a name", async () => {
    const trace = await ask("/trace?seconds=2");
    expect([trace.status, trace.json(), trace.headers.get("content-disposition")]).toEqual([200, { traceEvents: [] }, `attachment; filename="trace-i1.json"`]);
    const profile = await ask("/profile/mutex?seconds=300");
    expect([profile.text, profile.headers.get("content-disposition")]).toEqual(["mutex 300", `attachment; filename="mutex-i1.pb.gz"`]);
    expect((await ask("/profile/block")).text).toBe("block 60");
    expect((await ask("/profile/heap")).status).toBe(404);
  });

  test.each(["/trace?seconds=31", "/trace?seconds=0", "/trace?seconds=x", "/profile/mutex?seconds=301", "/profile/mutex?minutes=1"])("%s is a 400", async (path) => {
    expect((await ask(path)).status).toBe(400);
  });

  test("is told when to come back while another trace is captured", async () => {
    traced = async () => {
      throw Object.assign(new Error("one at a time"), { code: "OVERLOADED", retryAfterMs: 4_200 });
    };
    const { status, headers } = await ask("/trace");
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
  });
});
