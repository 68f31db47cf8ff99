/** Notifications on real Postgres and against a real webhook: once a cause, retried, by one of several instances. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPrisma } from "../database.ts";
import { seededRandom } from "../engine/kernel/random.ts";
import { VirtualClock } from "../engine/simulation/virtual-clock.ts";
import type { ParticipantState } from "../engine/tiers/tcc/participants.ts";
import { createDatabase, type TestDatabase } from "../testing/stack.ts";
import type { Message, NotifyFormat } from "./formats.ts";
import { DEAD_AFTER_MS, Notifier } from "./notifier.ts";
import { sendWebhook } from "./webhook.ts";

let database: TestDatabase;
let prisma: ReturnType<typeof createPrisma>;
let sent: Message[];
let fails: boolean;
let errors: unknown[];
let clock: VirtualClock;
let participants: ParticipantState[];
let runs = 0;

beforeAll(async () => {
  database = await createDatabase();
  prisma = createPrisma(database.url);
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.drop();
});
beforeEach(async () => {
  [sent, fails, errors, participants, clock] = [[], false, [], [], new VirtualClock()];
  runs++;
  await prisma.$executeRaw`TRUNCATE notifications, tickets, branches, payments`;
});

const notifier = () =>
  new Notifier({
    prisma,
    clock,
    random: seededRandom(1),
    send: async (message) => {
      if (fails) throw new Error("the webhook did not answer in time");
      sent.push(message);
    },
    participants: () => participants,
    onError: (error) => errors.push(error),
  });

async function tickets(kind: "REVIEW" | "REFUND", count: number, fingerprint?: [participant: string, errorClass: string]): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ ticket_id: string; tx_id: string }[]>`
    INSERT INTO tickets (tx_id, kind) SELECT ${`t${runs}-${Math.floor(Math.random() * 1e9)}-`} || n, ${kind}::ticket_kind FROM generate_series(1, ${count}::int) AS n RETURNING ticket_id, tx_id`;
  if (fingerprint) {
    await prisma.$executeRaw`
      INSERT INTO branches (tx_id, branch_no, participant, try_url, confirm_url, cancel_url, state, attempt, failures, error_class, next_attempt_at)
      SELECT id, 1, ${fingerprint[0]}, '', '', '', 'CONFIRMING', 5, 4, ${fingerprint[1]}, clock_timestamp() + interval '1 hour' FROM unnest(${rows.map(({ tx_id }) => tx_id)}::text[]) AS u(id)`;
  }
  return rows.map(({ ticket_id }) => ticket_id);
}

/** As if all rows were that much older. */
const pass = (minutes: number) => prisma.$executeRaw`
  UPDATE notifications SET seen_at = seen_at - ${minutes} * interval '1 minute', sent_at = sent_at - ${minutes} * interval '1 minute', next_attempt_at = next_attempt_at - ${minutes} * interval '1 minute'`;

describe("notifications", () => {
  test("400 transactions stuck on one service are one message; another cause is another; what follows says nothing new", async () => {
    await tickets("REVIEW", 400, ["points", "TIMEOUT"]);
    await tickets("REVIEW", 2, ["gifts", "HTTP_SERVER"]);
    expect(await notifier().pass()).toBe(2);
    expect(sent.map(({ cause, count, sample }) => [cause, count, sample.length]).sort()).toEqual([
      ["review:gifts/confirm/HTTP_SERVER", 2, 2],
      ["review:points/confirm/TIMEOUT", 400, 5],
    ]);
    await tickets("REVIEW", 50, ["points", "TIMEOUT"]);
    expect(await notifier().pass()).toBe(0);
    await pass(31);
    await tickets("REVIEW", 3, ["points", "TIMEOUT"]);
    expect(await notifier().pass()).toBe(1);
    expect(sent.at(-1)).toMatchObject({ cause: "review:points/confirm/TIMEOUT", count: 3 });
  });

  test("three instances at once send each message once", async () => {
    const ids = await tickets("REFUND", 1);
    await tickets("REVIEW", 30, ["points", "TIMEOUT"]);
    const passes = await Promise.all([notifier(), notifier(), notifier()].map((one) => one.pass()));
    await Promise.all([notifier(), notifier()].map((one) => one.pass()));
    expect(passes.reduce((sum, many) => sum + many, 0)).toBeLessThanOrEqual(2);
    expect(sent.map(({ cause, count }) => [cause, count]).sort()).toEqual([["refund:", 1], ["review:points/confirm/TIMEOUT", 30]]);
    expect(sent.find(({ kind }) => kind === "REFUND")?.sample).toEqual(ids);
  });

  test("every refund is told, a minute's worth together; a ticket that is opened again is told again", async () => {
    const [first] = await tickets("REFUND", 1);
    await notifier().pass();
    await tickets("REFUND", 3);
    expect(await notifier().pass()).toBe(0);
    await pass(1);
    expect(await notifier().pass()).toBe(1);
    await prisma.$executeRaw`UPDATE tickets SET closed_at = NULL, opened_at = clock_timestamp() WHERE ticket_id = ${first}`;
    await notifier().pass();
    await pass(1);
    await notifier().pass();
    expect(sent.map(({ count }) => count)).toEqual([1, 3, 1]);
  });

  test("a closed ticket is nobody's business any more", async () => {
    const [id] = await tickets("REFUND", 1);
    await prisma.$executeRaw`UPDATE tickets SET closed_at = clock_timestamp() WHERE ticket_id = ${id}`;
    expect(await notifier().pass()).toBe(0);
  });

  test("a message that fails is sent again, later each time, until it is taken", async () => {
    fails = true;
    const one = notifier();
    await tickets("REFUND", 1);
    for (let failures = 1; failures <= 3; failures++) {
      expect(await one.pass()).toBe(0);
      const [row] = await prisma.notification.findMany();
      expect(row).toMatchObject({ failures, lastError: "the webhook did not answer in time", messages: 0 });
      expect(await notifier().pass()).toBe(0); // not due yet
      await pass(1);
    }
    expect(errors).toHaveLength(3);
    fails = false;
    expect(await one.pass()).toBe(1);
    expect(one.counters).toMatchObject({ sent: { REFUND: 1, REVIEW: 0 }, failed: { REFUND: 3 } });
    expect(await prisma.notification.findMany()).toMatchObject([{ failures: 0, messages: 1, told: 1, pending: 0, nextAttemptAt: null }]);
  });

  const payments = (source: string, count: number, minutesAgo: number, more: { txId?: string; status?: string } = {}) => prisma.$executeRaw`
    INSERT INTO payments (payment_key, source, order_id, event_id, status, occurred_at, received_at, updated_at, state, tx_id, next_attempt_at)
    SELECT ${`${source}:${runs}:${Math.floor(Math.random() * 1e9)}:`} || n, ${source}, 'o', n::text, ${more.status ?? "PAID"}::payment_status, clock_timestamp(), clock_timestamp() - ${minutesAgo} * interval '1 minute', clock_timestamp(),
           'PENDING', ${more.txId ?? null}, clock_timestamp() + interval '1 minute' FROM generate_series(1, ${count}::int) AS n`;

  test("payments whose order does not come are one message a source, once, however long they wait", async () => {
    await payments("bank", 300, 11);
    await payments("wallet", 1, 11);
    await payments("bank", 5, 9); // their order may come yet
    await payments("bank", 5, 600, { txId: "t" }); // theirs has
    await payments("bank", 5, 600, { status: "FAILED" }); // nobody waits for a sale
    const passes = await Promise.all([notifier(), notifier()].map((one) => one.pass()));
    await notifier().pass();
    expect(passes.reduce((sum, many) => sum + many, 0)).toBeLessThanOrEqual(2);
    expect(sent.map(({ cause, kind, count, sample }) => [cause, kind, count, sample.length]).sort()).toEqual([
      ["payment:bank", "PAYMENT", 300, 5],
      ["payment:wallet", "PAYMENT", 1, 1],
    ]);
    for (let i = 0; i < 3; i++) {
      await pass(31);
      expect(await notifier().pass()).toBe(0);
    }
    await payments("bank", 2, 11);
    expect(await notifier().pass()).toBe(1);
    expect(sent.at(-1)).toMatchObject({ cause: "payment:bank", count: 2 });
  });

  test("it looks when it hears of something, when the due watch finds something, and once a minute; one look at a time", async () => {
    let looks = 0;
    const one = new Notifier({
      prisma: { $queryRaw: (async () => (looks++, [])) as never, $executeRaw: (async () => 0) as never },
      clock,
      random: seededRandom(1),
      send: async () => {},
      participants: () => [],
      onError: (error) => errors.push(error),
    });
    one.start();
    await clock.advance(1_000);
    expect(looks).toBe(1);
    for (let i = 0; i < 5; i++) one.heard();
    await clock.advance(2_000);
    expect(looks).toBe(2);
    one.expect(3_000);
    await clock.advance(2_000);
    expect(looks).toBe(2);
    await clock.advance(2_000);
    expect(looks).toBe(3);
    await clock.advance(10 * 60_000);
    expect(looks).toBeGreaterThanOrEqual(12);
    expect(looks).toBeLessThanOrEqual(14);
    await one.stop();
    one.heard();
    await clock.advance(120_000);
    expect(looks).toBeLessThanOrEqual(14);
    expect(errors).toEqual([]);
  });

  test("a participant whose breaker stays open is told of once; one that stumbles is not", async () => {
    const state = (circuit: ParticipantState["circuit"]): ParticipantState[] => [{ participant: "points", circuit, inFlight: 0, calls: 9, failures: 9 }];
    const one = notifier();
    participants = state("open");
    expect(await one.pass()).toBe(0);
    await clock.advance(DEAD_AFTER_MS - 1);
    participants = state("halfOpen");
    expect(await one.pass()).toBe(0);
    participants = state("closed");
    await one.pass();
    participants = state("open");
    await one.pass();
    await clock.advance(DEAD_AFTER_MS);
    expect(await one.pass()).toBe(1);
    for (let i = 0; i < 3; i++) expect(await one.pass()).toBe(0);
    expect(sent).toMatchObject([{ cause: "participant:points", kind: "PARTICIPANT", count: 1 }]);
    await pass(31);
    expect(await one.pass()).toBe(1);
  });
});

describe("the webhook", () => {
  const message: Message = { cause: "review:points/confirm/TIMEOUT", kind: "REVIEW", count: 2, sample: ["T1", "T2"], firstAtMs: 0 };
  let server: Server;
  let answer: { status: number; body: string; hang?: boolean; headers?: Record<string, string> };
  let bodies: unknown[];
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk));
      request.on("end", () => {
        bodies.push(JSON.parse(text));
        if (!answer.hang) response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/robot?access_token=very-secret`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    bodies = [];
  });

  const send = (format: NotifyFormat, given: typeof answer) => {
    answer = given;
    return sendWebhook({ url, format, timeoutMs: 500 }, message).then(
      () => "taken",
      (error: Error) => error.message,
    );
  };
  const TEXT = "Eightysix: 2 review tickets (points/confirm/TIMEOUT) · 2 个工单需人工处理\nT1, T2";

  test.each([
    ["json", { cause: message.cause, kind: "REVIEW", count: 2, sample: ["T1", "T2"], firstAt: "1970-01-01T00:00:00.000Z", text: TEXT }, "anything"],
    ["dingtalk", { msgtype: "text", text: { content: TEXT } }, '{"errcode":0,"errmsg":"ok"}'],
    ["feishu", { msg_type: "text", content: { text: TEXT } }, '{"code":0,"msg":"success"}'],
  ] as const)("speaks %s", async (format, body, ok) => {
    expect(await send(format, { status: 200, body: ok })).toBe("taken");
    expect(bodies).toEqual([body]);
  });

  test.each([
    ["json", { status: 500, body: "" }, "HTTP 500"],
    ["json", { status: 302, body: "", headers: { location: "http://127.0.0.1:1/" } }, "HTTP 302"],
    ["dingtalk", { status: 200, body: '{"errcode":130101,"errmsg":"send too fast"}' }, "code 130101"],
    ["dingtalk", { status: 200, body: "<html>" }, "not JSON"],
    ["feishu", { status: 200, body: '{"code":19024,"msg":"Key Words Not Found"}' }, "code 19024"],
    ["feishu", { status: 200, body: "{}" }, "without a code"],
    ["json", { status: 200, body: "", hang: true }, "in time"],
    ["json", { status: 200, body: "x".repeat(100_000) }, "size limit"],
  ] as const)("%s: %o is a failure", async (format, given, why) => {
    const outcome = await send(format, given);
    expect(outcome).toContain(why);
    expect(outcome).not.toContain("secret");
  });

  test("an address that nobody answers at is not named", async () => {
    const outcome = await sendWebhook({ url: "http://127.0.0.1:1/robot?access_token=very-secret", format: "json" }, message).catch((error: unknown) => error);
    const whole = `${(outcome as Error).message} ${(outcome as Error).stack} ${String((outcome as Error).cause)}`;
    expect(whole).toContain("ECONNREFUSED");
    expect(whole).not.toContain("very-secret");
  });
});
