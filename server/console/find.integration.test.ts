/** What the palette's question finds, on a real database. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Found } from "../contracts/find.ts";
import { openStage, type Person, type Stage } from "./testing.ts";

let stage: Stage;
let viewer: Person;

beforeAll(async () => {
  stage = await openStage();
  viewer = await stage.person("vera", "viewer");
});
afterAll(() => stage.close());

const find = async (q: string): Promise<Found> => (await viewer.get(`/find?q=${encodeURIComponent(q)}`)).body;

test("a transaction is found by its id, by how its id begins, and by its order; the very one comes first", async () => {
  await stage.stage("f1", "RESERVED");
  const byId = await find("f1.t");
  expect(byId.transactions[0]).toMatchObject({ txId: "f1.t", orderId: "f1.order-t", state: "RESERVED" });
  // Another order may be called as this transaction is.
  const { txId } = await stage.stage("f0", "CANCELLED");
  await stage.prisma.$executeRaw`UPDATE transactions SET order_id = 'f1.t' WHERE tx_id = ${txId}`;
  expect((await find("f1.t")).transactions.map((each) => each.txId)).toEqual(["f1.t", txId]);
  expect((await find("f1.")).transactions.map(({ txId }) => txId)).toContain("f1.t");
  expect((await find("f1.order-t")).transactions).toMatchObject([{ txId: "f1.t" }]);
  expect((await find("1.t")).transactions).toEqual([]);
});

test("a ticket is found by its id alone", async () => {
  const { txId } = await stage.stage("f2", "CONFIRMING+ticket");
  const { ticketId } = await stage.prisma.ticket.findFirstOrThrow({ where: { txId } });
  expect((await find(ticketId)).tickets).toEqual([{ ticketId, kind: "REVIEW", txId, open: true }]);
});

test("a dish is found by words of both languages and of its store in any order, and what looks like a pattern is only text", async () => {
  await stage.prisma.store.create({ data: { storeId: "find-store", nameEn: "Golden Wok", nameZh: "金锅" } });
  const dish = { storeId: "find-store", priceCents: 100, supplied: 0, available: 0 };
  await stage.prisma.dish.createMany({ data: [{ ...dish, dishId: "find-1", nameEn: "Golden noodles", nameZh: "黄金面" }, { ...dish, dishId: "find-2", nameEn: "Silver noodles 100%", nameZh: "银丝面" }] });
  expect((await find("wok silver")).dishes.map(({ dishId }) => dishId)).toEqual(["find-2"]);
  expect((await find("黄金")).dishes).toMatchObject([{ dishId: "find-1", names: { en: "Golden noodles", "zh-CN": "黄金面" }, storeNames: { en: "Golden Wok" } }]);
  expect((await find("golden")).dishes.map(({ dishId }) => dishId)).toEqual(["find-1", "find-2"]);
  expect((await find("100%")).dishes.map(({ dishId }) => dishId)).toEqual(["find-2"]);
  expect((await find("%")).dishes.map(({ dishId }) => dishId)).toEqual(["find-2"]);
});

test.each(["", " ", "x".repeat(101)])("%j is refused", async (q) => {
  expect((await viewer.get(`/find?q=${encodeURIComponent(q)}`)).body.code).toBe("VALIDATION");
});
