import { describe, expect, it } from "vitest";
import { broken, cleanCase, row } from "../testing/histories.ts";
import { checkStock, type StockEvidence } from "./stock.ts";
import type { Invariant } from "./verdict.ts";

const dish = ({ view }: StockEvidence) => view.dishes[0]!;
const breach = (rule: string) => (e: StockEvidence) => e.view.breaches!.push({ rule, subject: "noodles", expected: "1", found: "0" });
const doubt = { txId: "r:soldout", dishId: "noodles", slack: 10, atMs: 1_000 };

describe("stock and coupons", () => {
  it("agree with a rush that went well", () => {
    expect(broken(checkStock(cleanCase().evidence))).toEqual([]);
  });

  const bad: [string, (evidence: StockEvidence) => void, Invariant][] = [
    ["portions reserved and never deducted", breach("frozen is the sum of open reservations"), "frozen-and-sold"],
    ["a sale without a reservation", breach("sold is the sum of confirmed reservations"), "frozen-and-sold"],
    ["a supply without a movement", breach("supplied is the sum of movements"), "supplied"],
    ["any other promise that the ledger breaks", breach("a rule nobody has thought of yet"), "ledger-whole"],
    ["a dish that does not add up", (e) => (dish(e).available = 99), "available"],
    ["a dish below nothing", (e) => Object.assign(dish(e), { supplied: 1, available: -1 }), "available"],
    ["an acknowledged restock without a movement", (e) => e.view.restocks!.pop(), "restocks-once"],
    ["a restock done twice", (e) => e.view.restocks!.push(e.view.restocks![0]!), "restocks-once"],
    ["a restock of other portions", (e) => (e.view.restocks![0]!.quantity = 5), "restocks-once"],
    ["a restock that nobody asked for", (e) => e.view.restocks!.push({ actionKey: "r:restock:9", dishId: "soup", quantity: 1 }), "restocks-once"],
    ["a coupon used by two", (e) => e.view.transactions.push(row("r:2", "CONFIRMED", { couponId: "r:coupon:1" })), "coupon-used-once"],
    ["a used coupon that is on offer again", (e) => Object.assign(e.view.coupons[0]!, { state: "AVAILABLE", txId: null }), "coupon-used-once"],
    ["a coupon held by another transaction", (e) => (e.view.coupons[0]!.txId = "r:cancelled"), "coupon-used-once"],
    ["a coupon that a cancelled transaction keeps", (e) => Object.assign(e.view.coupons[1]!, { state: "FROZEN", txId: "r:cancelled" }), "coupon-used-once"],
    ["a menu that shows other figures", (e) => (e.shown!.ledger[0] as { sold: number }).sold++, "api-agrees"],
    ["a SOLD_OUT for portions that were there", (e) => Object.assign(e, { doubtful: [doubt] }), "refusals-justified"],
    [
      "a SOLD_OUT that its own figures deny",
      (e) => Object.assign(e, { odd: [{ txId: "r:soldout", dishId: "soup", wanted: 1, available: 9 }] }),
      "refusals-justified",
    ],
  ];

  it.each(bad)("betray %s", (_, breakIt, invariant) => {
    const { evidence } = cleanCase();
    breakIt(evidence);
    expect(broken(checkStock(evidence))).toContain(invariant);
  });

  it("do not blame a refusal on portions that others may have taken", () => {
    const { evidence } = cleanCase();
    evidence.view.takenByOthers = new Map([["noodles", 11]]);
    expect(broken(checkStock({ ...evidence, doubtful: [doubt] }))).toEqual([]);
  });

  it("say what cannot be checked without a database, instead of calling it fine", () => {
    const { evidence } = cleanCase();
    const view = { ...evidence.view, source: "api" as const, breaches: null, takenByOthers: null, restocks: null, orders: null };
    const open = checkStock({ ...evidence, view, shown: null }).filter(({ outcome }) => outcome === "not checked");
    expect(open.map(({ invariant }) => invariant)).toEqual(["frozen-and-sold", "supplied", "ledger-whole", "restocks-once", "api-agrees"]);
    expect(open.every(({ remark }) => remark !== null)).toBe(true);
  });
});
