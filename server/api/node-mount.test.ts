/**
 * What only a real socket shows: bodies that are late, cut, endless or a lie, and answers that still arrive.
 */
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { BODY_BYTES_MAX } from "../contracts/limits.ts";
import type { ApiDependencies } from "./ports.ts";
import { nodeListener } from "./node-mount.ts";
import { BASKET, expectProblem, KEY, requestOf, type SendOptions, sentOf, testApi } from "./testing.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(overrides: Partial<ApiDependencies> = {}) {
  const api = testApi(overrides);
  server = createServer(nodeListener(api)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server?.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const send = async (method: string, path: string, options: SendOptions = {}) =>
    sentOf(await fetch(requestOf(`http://127.0.0.1:${port}`, method, path, options)));
  /** Sends these bytes, collects what comes back until the other side closes or `until` is in it. */
  const raw = (parts: string[], until: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      let answer = "";
      socket.on("data", (chunk) => {
        answer += chunk;
        if (answer.includes(until)) socket.destroy();
      });
      socket.on("error", reject);
      socket.on("close", () => resolve(answer));
      for (const part of parts) socket.write(part);
    });
  return { api, send, raw, port };
}

const HEAD = `POST /api/v1/transactions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\n`;

it("a Try over a socket answers as one over the web standard", async () => {
  const { send, api } = await serve();
  const overSocket = await send("POST", "/api/v1/transactions", { body: BASKET });
  const direct = await api.send("POST", "/api/v1/transactions", { body: BASKET });
  expect(overSocket.body).toEqual(direct.body);
  expect(overSocket.status).toBe(direct.status);
  for (const name of ["content-type", "cache-control"]) expect(overSocket.headers.get(name)).toBe(direct.headers.get(name));
  expect(overSocket.headers.get("x-trace-id")).toMatch(/^[0-9a-f]{32}$/);
});

it.each([
  ["1 MiB", BODY_BYTES_MAX, 201],
  ["1 MiB and a byte", BODY_BYTES_MAX + 1, 413],
  ["6 MiB", 6 * BODY_BYTES_MAX, 413],
])("a body of %s, announced or not, is answered, and the connection goes on", async (_, bytes, status) => {
  const { send } = await serve();
  const text = JSON.stringify(BASKET);
  const body = text + " ".repeat(bytes - text.length);
  for (let i = 0; i < 3; i++) {
    expect((await send("POST", "/api/v1/transactions", { body })).status).toBe(status);
    const stream = new ReadableStream({
      start(controller) {
        const all = new TextEncoder().encode(body);
        for (let at = 0; at < all.length; at += 65_536) controller.enqueue(all.subarray(at, at + 65_536));
        controller.close();
      },
    });
    expect((await send("POST", "/api/v1/transactions", { body: stream })).status).toBe(status);
  }
});

it("an endless body is answered, then cut", async () => {
  const { raw, api } = await serve();
  const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
  const answer = await raw([`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, ...Array<string>(20).fill(chunk)], "BODY_TOO_LARGE");
  expect(answer).toContain("HTTP/1.1 413");
  await expect(raw([`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, ...Array<string>(400).fill(chunk)], "never").catch(() => "cut")).resolves.toBeDefined();
  expect(api.calls).toEqual([]);
});

it("bytes beyond Content-Length are no part of the body, nor a request", async () => {
  const { raw, api } = await serve();
  const text = JSON.stringify(BASKET);
  await raw([`${HEAD}Content-Length: ${text.length}\r\n\r\n${text}{"txId":"smuggled"}`], "never");
  expect(api.calls.map(([, request]) => (request as { txId: string }).txId)).toEqual(["t1"]);
});

it("a body that breaks off tries nothing and harms nobody else", async () => {
  const { port, send, api } = await serve();
  await new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`${HEAD}Content-Length: 100\r\n\r\n{"txId":`, () => socket.destroy());
    });
    socket.on("close", () => resolve());
  });
  expect((await send("GET", "/api/health")).status).toBe(200);
  expect(api.calls).toEqual([]);
  expect(api.logged).toEqual([]);
});

it("a body that does not end is answered at the deadline, and nothing is tried", async () => {
  const { raw, api } = await serve();
  const answer = await raw([`${HEAD}X-Request-Timeout-Ms: 50\r\nContent-Length: 100\r\n\r\n{"txId":`], "DEADLINE_EXCEEDED");
  expect(answer).toContain("HTTP/1.1 504");
  expect(api.calls).toEqual([]);
});

it("HEAD has headers and no body; odd targets are unknown routes", async () => {
  const { raw, port } = await serve();
  const head = await fetch(`http://127.0.0.1:${port}/api/health`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  for (const target of ["*", "http://elsewhere.invalid/api/health", "//api/health"]) {
    const answer = await raw([`OPTIONS ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`], "never");
    expect(answer).toContain("UNKNOWN_ROUTE");
  }
});

it("a header sent twice is one malformed header, not two", async () => {
  const { raw } = await serve();
  const twice = "POST /api/v1/dishes/d1/pause HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a1\r\nIdempotency-Key: a2\r\n";
  expect(await raw([`${twice}Authorization: Bearer ${KEY}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`], "never")).toContain("HTTP/1.1 400");
});

it("many requests at once on one server keep their answers apart", async () => {
  const { send } = await serve();
  const ids = Array.from({ length: 200 }, (_, i) => `t${i}`);
  const answers = await Promise.all(ids.map((txId) => send("POST", "/api/v1/transactions", { body: { ...BASKET, txId } })));
  expect(answers.map(({ body }) => body.txId)).toEqual(ids);
});

it("a request without a key is not read before it is refused", async () => {
  const { send } = await serve();
  const sent = await send("POST", "/api/v1/transactions", { key: null, body: "x".repeat(100_000) });
  expectProblem(sent, "UNAUTHENTICATED");
});
