/**
 * The real adapter: the common suite against the participant to play with, and single answers from a socket that says
 * whatever a test wants.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Participant } from "../../../../scripts/participant/participant.ts";
import { type Failure, WELL } from "../../../../scripts/participant/mode.ts";
import { type ParticipantServer, serveParticipant } from "../../../../scripts/participant/server.ts";
import { FAILURES_TO_OPEN } from "../../guards/circuit-breaker.ts";
import { type Clock, realClock } from "../../kernel/clock.ts";
import { ParticipantDirectory } from "../../kernel/participant-directory.ts";
import { seededRandom } from "../../kernel/random.ts";
import { HttpParticipants, RESPONSE_BYTES_MAX } from "./http-participants.ts";
import { describeParticipants } from "./participants.conformance.ts";
import type { BranchAnswer, BranchCall, BranchOperation } from "./participants.ts";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

const pathOf = (operation: BranchOperation) => (operation === "reverse" ? "cancel" : operation);

/** The machine's clock, which can be put forward. */
class ShiftedClock implements Clock {
  private aheadMs = 0;
  nowMs = () => realClock.nowMs();
  monotonicMs = () => realClock.monotonicMs() + this.aheadMs;
  schedule = realClock.schedule;
  soon = realClock.soon;
  pass(ms: number): void {
    this.aheadMs += ms;
  }
}

async function play(): Promise<{ participant: Participant; server: ParticipantServer }> {
  const folder = mkdtempSync(join(tmpdir(), "participant-"));
  const participant = await Participant.open(folder);
  const server = await serveParticipant({
    participant,
    port: 0,
    onBroken: (error) => {
      throw error;
    },
  });
  cleanUp.push(async () => {
    await server.close();
    await participant.close();
    rmSync(folder, { recursive: true });
  });
  return { participant, server };
}

describeParticipants("HTTP", async () => {
  const [coupons, orders] = await Promise.all([play(), play()]);
  const urls = { coupons: coupons.server.url, orders: orders.server.url };
  const configured = Object.entries(urls).map(([name, url]) => ({ name, tryUrl: `${url}/try`, confirmUrl: `${url}/confirm`, cancelUrl: `${url}/cancel` }));
  const clock = new ShiftedClock();
  const participants = new HttpParticipants({ directory: new ParticipantDirectory(configured), clock });
  cleanUp.push(() => participants.close());
  let { server } = coupons;
  return {
    participants,
    url: (participant, operation) => `${urls[participant as keyof typeof urls]}/${pathOf(operation)}`,
    book: () => coupons.participant.book,
    behave: async (temper, operations) => {
      if (temper === "down") {
        await server.close();
        return;
      }
      const mode = { ...WELL, fail: temper ?? "none", ...(operations && { operations }) } as const;
      server.mode = mode;
      const { port } = server;
      // Back from "down": the same address, the same book.
      const again = await serveParticipant({ participant: coupons.participant, port, mode, onBroken: () => {} }).catch(() => null);
      if (!again) return;
      server = again;
      cleanUp.push(() => again.close());
    },
    run: (promise) => promise,
    pass: async (ms) => clock.pass(ms),
  };
});

describe("an answer", () => {
  /** Says `answer` to whoever has sent a whole request, and keeps what was asked. */
  async function saying(answer: string | ((socket: Socket) => void)): Promise<{ port: number; asked: string[] }> {
    const asked: string[] = [];
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      let heard = "";
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        heard += chunk;
        const length = Number(/content-length: (\d+)/i.exec(heard)?.[1] ?? 0);
        const head = heard.indexOf("\r\n\r\n");
        if (head < 0 || heard.length < head + 4 + length) return;
        asked.push(heard);
        heard = "";
        if (typeof answer === "string") socket.write(answer);
        else answer(socket);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanUp.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    });
    return { port: (server.address() as { port: number }).port, asked };
  }

  function caller(host: string) {
    const participants = new HttpParticipants({ directory: new ParticipantDirectory([], [host]), random: seededRandom(5) });
    cleanUp.push(() => participants.close());
    return (more: Partial<BranchCall> = {}, timeoutMs = 5_000): Promise<BranchAnswer> =>
      participants.call({ txId: "t:1", branchNo: 2, participant: host, operation: "try", url: `http://${host}/a/try`, body: null, traceId: "0af7651916cd43dd8448eb211c80319c", ...more }, timeoutMs);
  }

  const http = (status: string, body: string, headers = "") => `HTTP/1.1 ${status}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
  const answers: [string, string, Partial<BranchAnswer>][] = [
    ["200 without a word", http("200 OK", ""), { outcome: "DONE", httpStatus: 200 }],
    ["200 with garbage", http("200 OK", "<html>it works\0"), { outcome: "DONE", httpStatus: 200 }],
    ["200 that says FAILURE", http("200 OK", '{"dtm_result":"FAILURE"}'), { outcome: "REFUSED", errorClass: "REFUSED", httpStatus: 200 }],
    ["200 that says ONGOING", http("200 OK", '{"dtm_result":"ONGOING"}'), { outcome: "ONGOING", errorClass: "ONGOING", httpStatus: 200 }],
    ["103, then 200", `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${http("200 OK", "")}`, { outcome: "DONE", httpStatus: 200 }],
    ["204", "HTTP/1.1 204 No Content\r\n\r\n", { outcome: "FAILED", errorClass: "INVALID_RESPONSE", httpStatus: 204 }],
    ["a redirect", http("302 Found", "", "location: http://127.0.0.1:1/secret\r\n"), { outcome: "FAILED", errorClass: "REDIRECTED", httpStatus: 302 }],
    ["a redirect that says FAILURE", http("307 Go", "FAILURE", "location: /b\r\n"), { outcome: "FAILED", errorClass: "REDIRECTED" }],
    ["404", http("404 Not Found", "no such route"), { outcome: "FAILED", errorClass: "HTTP_CLIENT", httpStatus: 404, message: "404: no such route" }],
    ["a crash that speaks of FAILURE", http("500 Oops", "LINK FAILURE"), { outcome: "FAILED", errorClass: "HTTP_SERVER", httpStatus: 500 }],
    ["no HTTP", "hello\r\n\r\n", { outcome: "FAILED", errorClass: "INVALID_RESPONSE", httpStatus: null }],
    ["an upgrade nobody asked for", "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n", { outcome: "FAILED", errorClass: "INVALID_RESPONSE" }],
    ["endless headers", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}\r\n\r\n`, { outcome: "FAILED", errorClass: "INVALID_RESPONSE" }],
    ["a body that is announced too large", http("200 OK", "x".repeat(RESPONSE_BYTES_MAX + 1)), { outcome: "FAILED", errorClass: "INVALID_RESPONSE", httpStatus: 200 }],
    ["a body of the largest size", http("200 OK", "x".repeat(RESPONSE_BYTES_MAX)), { outcome: "DONE" }],
  ];

  test.each(answers)("%s is taken for what it is", async (_, said, expected) => {
    const { port, asked } = await saying(said);
    expect(await caller(`127.0.0.1:${port}`)()).toMatchObject(expected);
    expect(asked).toHaveLength(1); // nothing is followed, nothing is sent twice
  });

  test.each([
    [400, "closed"],
    [404, "closed"],
    [408, "open"],
    [429, "open"],
    [302, "open"],
    [204, "open"],
  ])("%i, three times, leaves the circuit %s", async (status, circuit) => {
    const { port } = await saying(http(`${status} So`, ""));
    const host = `127.0.0.1:${port}`;
    const participants = new HttpParticipants({ directory: new ParticipantDirectory([], [host]) });
    cleanUp.push(() => participants.close());
    const call: BranchCall = { txId: "t", branchNo: 1, participant: host, operation: "try", url: `http://${host}/try`, body: null, traceId: "0".repeat(32) };
    for (let at = 0; at < FAILURES_TO_OPEN; at++) await participants.call(call, 5_000);
    expect(participants.states()).toMatchObject([{ participant: host, circuit, failures: FAILURES_TO_OPEN }]);
  });

  test("that does not end is cut off at the size limit, and its connection closed", async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const { port } = await saying((socket) => {
      socket.on("close", closed);
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      const more = (): boolean => !socket.destroyed && socket.write(`10000\r\n${"z".repeat(65_536)}\r\n`);
      socket.on("drain", () => void more());
      for (let at = 0; at < 160; at++) more();
    });
    expect(await caller(`127.0.0.1:${port}`)()).toMatchObject({ errorClass: "INVALID_RESPONSE", httpStatus: 200 });
    await gone;
  });

  test("that comes byte by byte ends with the call's time, and its connection is closed", async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => (closed = resolve));
    const { port } = await saying((socket) => {
      const drip = setInterval(() => socket.write("x"), 5);
      socket.on("close", () => {
        clearInterval(drip);
        closed();
      });
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n");
    });
    expect(await caller(`127.0.0.1:${port}`)({}, 120)).toMatchObject({ errorClass: "TIMEOUT" });
    await gone;
  });

  test("that breaks off is no answer", async () => {
    const { port } = await saying((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"));
    expect(await caller(`127.0.0.1:${port}`)()).toMatchObject({ outcome: "FAILED", errorClass: "UNREACHABLE" });
  });

  test("that echoes a txId is not taken for a word of the wire", async () => {
    const { port } = await saying(http("200 OK", '{"gid":"FAILURE:1"}'));
    expect(await caller(`127.0.0.1:${port}`)({ txId: "FAILURE:1" })).toMatchObject({ outcome: "DONE" });
  });

  test("may come from a name that leads nowhere: none", async () => {
    expect(await caller("nowhere.invalid")()).toMatchObject({ outcome: "FAILED", errorClass: "UNREACHABLE", message: expect.stringContaining("nowhere.invalid") });
  });
});

describe("the participant to play with", () => {
  test.each<[Failure, Partial<BranchAnswer>, string]>([
    ["none", { outcome: "DONE" }, "TRIED"],
    ["409", { outcome: "REFUSED" }, "NONE"],
    ["425", { outcome: "ONGOING" }, "NONE"],
    ["503", { errorClass: "HTTP_SERVER", message: expect.stringContaining("told to be out of order") }, "NONE"],
    ["hang", { errorClass: "TIMEOUT" }, "NONE"],
    ["garbage", { errorClass: "INVALID_RESPONSE", httpStatus: null }, "NONE"],
    ["redirect", { errorClass: "REDIRECTED", httpStatus: 307 }, "NONE"],
    ["huge", { errorClass: "INVALID_RESPONSE", httpStatus: 200 }, "NONE"],
    ["slow", { errorClass: "TIMEOUT" }, "TRIED"],
    ["lose", { errorClass: "UNREACHABLE" }, "TRIED"],
  ])("told to %s, does as its table says", async (fail, expected, state) => {
    const { participant, server } = await play();
    server.mode = { ...WELL, fail };
    const { host } = new URL(server.url);
    const participants = new HttpParticipants({ directory: new ParticipantDirectory([], [host]) });
    cleanUp.push(() => participants.close());
    const call: BranchCall = { txId: "t", branchNo: 1, participant: host, operation: "try", url: `${server.url}/try`, body: null, traceId: "0".repeat(32) };
    expect(await participants.call(call, fail === "hang" || fail === "slow" ? 400 : 5_000)).toMatchObject(expected);
    expect(participant.book.find("t", "01")?.state ?? "NONE").toBe(state);
  });
});

describe("a request", () => {
  test("names the branch as dtm does, carries the trace on, and sends the body as it was given", async () => {
    const asked: { url: string; headers: Record<string, string>; body: string }[] = [];
    const { createServer: createHttpServer } = await import("node:http");
    const server = createHttpServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        asked.push({ url: request.url!, headers: request.headers as Record<string, string>, body });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(server.address() as { port: number }).port}`;
    const participants = new HttpParticipants({ directory: new ParticipantDirectory([], [host]) });
    cleanUp.push(
      () => new Promise((resolve) => server.close(resolve)),
      () => participants.close(),
    );
    const call = { txId: "t:1", branchNo: 2, participant: host, traceId: "0af7651916cd43dd8448eb211c80319c" };
    await participants.call({ ...call, operation: "try", url: `http://${host}/try?shop=a%20b#part`, body: { 名: "面" } }, 5_000);
    await participants.call({ ...call, operation: "reverse", url: `http://${host}/cancel`, body: null }, 5_000);

    expect(asked[0]).toMatchObject({
      url: "/try?shop=a%20b&gid=t%3A1&branch_id=02&trans_type=tcc&op=try&branch_type=try",
      headers: { "content-type": "application/json", traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-(?!0{16})[0-9a-f]{16}-01$/) },
      body: '{"名":"面"}',
    });
    expect(asked[1]).toMatchObject({ url: "/cancel?gid=t%3A1&branch_id=02&trans_type=tcc&op=reverse&branch_type=reverse", headers: { "content-length": "0" }, body: "" });
    expect(asked[1]?.headers).not.toHaveProperty("content-type");
  });

  test("whose body is no JSON is not made, and nothing is thrown", async () => {
    const participants = new HttpParticipants({ directory: new ParticipantDirectory([], ["127.0.0.1:1"]) });
    cleanUp.push(() => participants.close());
    const answer = await participants.call({ txId: "t", branchNo: 1, participant: "p", operation: "try", url: "http://127.0.0.1:1/", body: 1n, traceId: "0".repeat(32) }, 1_000);
    expect(answer).toMatchObject({ outcome: "FAILED", errorClass: "UNREACHABLE" });
  });
});
