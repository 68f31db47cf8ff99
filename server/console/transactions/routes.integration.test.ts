/** Rows, what is newer, and files, as the page of transactions asks for them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXPORT_MAX, type TransactionRows, type Watched } from "../../contracts/transaction-page.ts";
import { openStage, type Person, type Stage } from "../testing.ts";

let stage: Stage;
let viewer: Person;

beforeAll(async () => {
  stage = await openStage();
  viewer = await stage.person("vera", "viewer");
});
afterAll(() => stage?.close());

test("rows come newest first with the names people read; what is newer is counted, what is known is brought up to date", async () => {
  const one = await stage.stage("one", "RESERVED");
  const two = await stage.stage("two", "CONFIRMING+ticket");
  const first = (await viewer.get("/transactions?q=.t")).body as TransactionRows;
  expect(first.rows).toMatchObject([
    { txId: two.txId, state: "CONFIRMING", stuck: { participant: "points", lastError: "503 from the other side" }, ticketId: expect.stringMatching(/^T/), lines: [{ quantity: 2, names: { en: "rice" } }] },
    { txId: one.txId, state: "RESERVED", stuck: null, storeNames: { en: "one.store" } },
  ]);
  const three = await stage.stage("three", "RESERVED");
  await stage.engine.confirm(one.txId, { timeoutMs: 5_000, traceId: "0".repeat(32) });
  const watched = (await viewer.post("/transactions/watch?q=.t", { txIds: [one.txId, "nobody"], newest: first.newest })).body as Watched;
  expect(watched).toMatchObject({ newer: 1, rows: [{ txId: one.txId, state: "CONFIRMED" }] });
  expect((await viewer.post("/transactions/watch?q=.t&state=EXPIRED", { txIds: [], newest: first.newest })).body).toMatchObject({ newer: 0, rows: [] });
  expect((await viewer.get(`/transactions?fingerprint=points/confirm/HTTP_SERVER`)).body.rows).toMatchObject([{ txId: two.txId }]);
  expect((await viewer.get("/transactions/three.t")).body).toMatchObject({ transaction: { txId: three.txId }, branches: [{ branchId: "stock" }, { branchId: "coupon" }, { branchId: "order" }] });
});

test.each(["/transactions?state=NOWHERE", "/transactions?cursor=x", "/transactions?limit=5", "/exports/transactions.csv?minAgeSeconds=-1"])("%s is a 400", async (path) => {
  expect((await viewer.get(path)).status).toBe(400);
});

test("of an unknown transaction there is no sheet", async () => {
  expect(await viewer.get("/transactions/none")).toMatchObject({ status: 404, body: { code: "UNKNOWN_TRANSACTION" } });
});

test("a file holds everything that matches, over many pages, in both forms, over a real connection", async () => {
  const at = new Date();
  const many = Array.from({ length: 1_203 }, (_, n) => ({ txId: `file-${n}`, storeId: "s", orderId: `=o${n}`, state: "CANCELLED" as const, payloadHash: "0".repeat(32), createdAt: at, updatedAt: at, expiresAt: at }));
  await stage.prisma.transaction.createMany({ data: many });
  expect(many.length).toBeLessThan(EXPORT_MAX);
  const csv = (await viewer.get("/exports/transactions.csv?q=file-")).body as string;
  expect(csv.split("\r\n").length).toBe(1_203 + 2);
  expect(csv).toContain("file-7,'=o7,s,CANCELLED");
  const server = createServer(stage.listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/api/console/exports/transactions.json?q=file-`, { headers: { cookie: viewer.cookie } });
  const json = (await response.json()) as { transactions: unknown[]; truncated: boolean };
  server.close();
  expect([json.transactions.length, json.truncated, response.headers.get("content-disposition")]).toEqual([1_203, false, 'attachment; filename="transactions.json"']);
});
