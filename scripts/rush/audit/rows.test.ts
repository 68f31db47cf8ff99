import { describe, expect, it } from "vitest";
import { attempt, broken, cleanCase, history, row } from "../testing/histories.ts";
import { checkRows, overtaken } from "./rows.ts";
import type { Invariant } from "./verdict.ts";

type Case = ReturnType<typeof cleanCase>;
const rowOf = ({ view }: Case, txId: string) => view.transactions.find((transaction) => transaction.txId === txId)!;
const add = (rush: Case, one: ReturnType<typeof history>) => rush.histories.set(one.txId, one);

describe("the ledger's rows", () => {
  it("agree with a rush that went well", () => {
    const { histories, view } = cleanCase();
    const verdicts = checkRows(histories, view);
    expect(broken(verdicts)).toEqual([]);
    expect(verdicts.every(({ examined }) => examined > 0)).toBe(true);
  });

  const bad: [string, (rush: Case) => void, Invariant][] = [
    ["an acknowledged Try that is missing", ({ view }) => view.transactions.splice(0, 1), "acknowledged-present"],
    ["a transaction that is there twice", (rush) => rush.view.transactions.push(rowOf(rush, "r:confirmed")), "acknowledged-present"],
    ["a missing line", (rush) => rowOf(rush, "r:confirmed").lines.pop(), "acknowledged-present"],
    ["a line with other portions", (rush) => (rowOf(rush, "r:confirmed").lines[0]!.quantity = 1), "acknowledged-present"],
    ["a doubled line", (rush) => rowOf(rush, "r:confirmed").lines.push(rowOf(rush, "r:confirmed").lines[0]!), "acknowledged-present"],
    ["another freezeId", (rush) => (rowOf(rush, "r:confirmed").lines[0]!.freezeId = "x"), "acknowledged-present"],
    ["another store", (rush) => (rowOf(rush, "r:confirmed").storeId = "store-2"), "acknowledged-present"],
    ["a lost coupon", (rush) => (rowOf(rush, "r:confirmed").couponId = null), "acknowledged-present"],
    ["a fence that is missing", ({ view }) => view.transactions.splice(4, 1), "acknowledged-present"],
    ["a confirmed transaction that is still RESERVED", (rush) => (rowOf(rush, "r:confirmed").state = "RESERVED"), "states-agree"],
    ["a confirmed transaction that expired", (rush) => (rowOf(rush, "r:confirmed").state = "EXPIRED"), "states-agree"],
    ["a confirmed transaction that nobody reversed, REVERSED", (rush) => (rowOf(rush, "r:confirmed").state = "REVERSED"), "states-agree"],
    ["a cancelled transaction that is CONFIRMED", (rush) => (rowOf(rush, "r:cancelled").state = "CONFIRMED"), "states-agree"],
    ["a reversed transaction that is CONFIRMED", (rush) => (rowOf(rush, "r:reversed").state = "CONFIRMED"), "states-agree"],
    ["an abandoned transaction that somebody confirmed", (rush) => (rowOf(rush, "r:expired").state = "CONFIRMED"), "states-agree"],
    [
      "a refund ticket that does not exist",
      (rush) => {
        const late = history("r:late", [["try", "201 RESERVED"], ["confirm", "409 REFUND_DUE"]]);
        late.attempts[1] = attempt("confirm", "409 REFUND_DUE", 40_000, { ticketId: "T1" });
        add(rush, late);
        rush.view.transactions.push(row("r:late", "EXPIRED"));
      },
      "states-agree",
    ],
    ["a refused Try that is there", ({ view }) => view.transactions.push(row("r:soldout", "EXPIRED")), "nothing-unasked"],
    ["a transaction that nobody asked for", ({ view }) => view.transactions.push(row("r:ghost", "CANCELLED")), "nothing-unasked"],
    [
      "a Try answered 503, which promises that nothing was done",
      (rush) => {
        add(rush, history("r:busy", [["try", "503 OVERLOADED"]]));
        rush.view.transactions.push(row("r:busy", "EXPIRED"));
      },
      "nothing-unasked",
    ],
    ["a reservation in another state than its transaction", (rush) => (rowOf(rush, "r:cancelled").lines[0]!.state = "RESERVED"), "lines-follow"],
    ["an order in another state than its transaction", ({ view }) => (view.orders![0]!.state = "RESERVED"), "lines-follow"],
    ["a transaction without its order", ({ view }) => view.orders!.splice(0, 1), "lines-follow"],
    ["an abandoned transaction that never expired", (rush) => (rowOf(rush, "r:expired").state = "RESERVED"), "all-ended"],
    [
      "two transactions for one order",
      (rush) => {
        add(rush, history("r:rival", [["try", "201 RESERVED"], ["confirm", "200 CONFIRMED"]], { orderId: "r:confirmed" }));
        rush.view.transactions.push(row("r:rival", "CONFIRMED", { orderId: "r:confirmed" }));
      },
      "one-transaction-an-order",
    ],
    [
      "one order acknowledged twice, whatever the ledger says",
      (rush) => {
        add(rush, history("r:rival", [["try", "201 RESERVED"]], { orderId: "r:confirmed" }));
      },
      "one-transaction-an-order",
    ],
  ];

  it.each<[string, string, boolean, Invariant[]]>([
    ["one made to hang, CONFIRMING", "CONFIRMING", true, []],
    ["one made to hang, still RESERVED", "RESERVED", true, ["all-ended"]],
    ["one made to hang, CANCELLING", "CANCELLING", true, ["states-agree", "all-ended"]],
    ["any other, CONFIRMING", "CONFIRMING", false, ["all-ended"]],
  ])("know which may be open after the rush: %s", (_, state, stuck, invariants) => {
    const rush = cleanCase();
    add(rush, { ...history("r:hung", [["try", "201 RESERVED"], ["confirm", "202 CONFIRMING"]]), stuck });
    rush.view.transactions.push(row("r:hung", state));
    rush.view.orders!.push({ orderId: "r:hung", txId: "r:hung", state });
    expect(broken(checkRows(rush.histories, rush.view)).sort()).toEqual([...invariants].sort());
  });

  it.each(bad)("betray %s", (_, breakIt, invariant) => {
    const rush = cleanCase();
    breakIt(rush);
    expect(broken(checkRows(rush.histories, rush.view))).toContain(invariant);
  });

  const fine: [string, (rush: Case) => void][] = [
    [
      "a lost Try that had been done",
      ({ view }) => {
        view.transactions.push(row("r:lost", "EXPIRED"));
        view.orders!.push({ orderId: "r:lost", txId: "r:lost", state: "EXPIRED" });
      },
    ],
    [
      "a lost confirm that had been done",
      (rush) => {
        add(rush, history("r:paid", [["try", "201 RESERVED"], ["confirm", "lost"]]));
        rush.view.transactions.push(row("r:paid", "CONFIRMED"));
        rush.view.orders!.push({ orderId: "r:paid", txId: "r:paid", state: "CONFIRMED" });
      },
    ],
    [
      "a second transaction for an order whose first was cancelled",
      (rush) => {
        add(rush, history("r:again", [["try", "201 RESERVED"], ["confirm", "200 CONFIRMED"]], { orderId: "r:cancelled" }));
        rush.view.transactions.push(row("r:again", "CONFIRMED", { orderId: "r:cancelled" }));
        rush.view.orders = rush.view.orders!.map((order) =>
          order.orderId === "r:cancelled" ? { orderId: "r:cancelled", txId: "r:again", state: "CONFIRMED" } : order,
        );
      },
    ],
    [
      "a transaction that an operator cancelled",
      (rush) => {
        rowOf(rush, "r:expired").state = "CANCELLED";
        for (const line of rowOf(rush, "r:expired").lines) line.state = "CANCELLED";
        rush.view.orders!.find(({ txId }) => txId === "r:expired")!.state = "CANCELLED";
        rush.view.byHand = ["r:expired"];
      },
    ],
  ];

  it.each(fine)("may hold %s", (_, change) => {
    const rush = cleanCase();
    change(rush);
    expect(broken(checkRows(rush.histories, rush.view))).toEqual([]);
  });

  it("may hold a Try whose second copy was refused, which is worth a note", () => {
    const { histories, view } = cleanCase();
    expect(overtaken(histories, view)).toEqual([]);
    view.transactions.push(row("r:refused", "EXPIRED"), row("r:lost", "EXPIRED"));
    expect(overtaken(histories, view)).toEqual(["r:refused"]);
  });

  it("are not missed where a sample did not look", () => {
    const { histories, view } = cleanCase();
    view.transactions = [rowOf({ histories, view } as Case, "r:confirmed")];
    const looked = (ids: string[]) => broken(checkRows(histories, { ...view, orders: null, sample: "some", lookedFor: new Set(ids) }));
    expect(looked(["r:confirmed"])).toEqual([]);
    expect(looked(["r:confirmed", "r:cancelled"])).toEqual(["acknowledged-present"]);
  });
});
