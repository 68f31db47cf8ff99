import { describe, expect, test } from "vitest";
import type { TransactionRow, TransactionRows, Watched } from "@/server/contracts/transaction-page";
import { EVERYTHING } from "./query";
import { RowsStore } from "./rows-store";

const row = (txId: string, more: Partial<TransactionRow> = {}): TransactionRow => ({
  txId, orderId: txId, storeId: "s", storeNames: null, state: "RESERVED", cause: null, lines: [], couponId: null, createdAtMs: 1, updatedAtMs: 1, expiresAtMs: 2, stuck: null, ticketId: null, ...more,
});
const page = (rows: TransactionRow[], nextCursor: string | null = null): TransactionRows => ({ atMs: 1, rows, nextCursor, newest: `after ${rows[0]?.txId}` });

function table(first: TransactionRows = page([row("b"), row("a")])) {
  const api = {
    pages: [] as TransactionRows[],
    watched: { atMs: 1, rows: [], newer: 0 } as Watched,
    asked: [] as unknown[],
    rows: async (search: string, cursor: string | null) => (api.asked.push([search, cursor]), api.pages.shift() ?? page([])),
    watch: async (search: string, txIds: readonly string[], newest: string | null) => (api.asked.push([search, txIds, newest]), api.watched),
  };
  const store = new RowsStore(first, EVERYTHING, api);
  return { api, store, ids: () => store.current().rows.map(({ txId }) => txId), state: (txId: string) => store.current().rows.find((each) => each.txId === txId)?.state };
}

describe("rows of the table", () => {
  test("what is new is counted and stays outside until it is asked for", async () => {
    const { api, store, ids } = table();
    api.watched = { atMs: 2, rows: [], newer: 3 };
    await store.refresh();
    expect([ids(), store.current().newer]).toEqual([["b", "a"], 3]);
    api.pages = [page([row("e"), row("b"), row("a")])];
    await store.reload();
    expect([ids(), store.current().newer]).toEqual([["e", "b", "a"], 0]);
    await store.refresh();
    expect(api.asked.at(-1)).toEqual(["", [], "after e"]);
  });

  test("what changes changes in its place, also when it does not match any more", async () => {
    const { api, store, ids, state } = table();
    store.look(["b", "a"]);
    api.watched = { atMs: 2, rows: [row("a", { state: "CONFIRMED" })], newer: 0 };
    await store.refresh();
    expect([ids(), state("a")]).toEqual([["b", "a"], "CONFIRMED"]);
    expect(store.heard({ seq: 1, atMs: 1, gone: [{ txId: "b", state: "CANCELLED" }] })).toBe(true);
    expect([ids(), state("b")]).toEqual([["b", "a"], "CANCELLED"]);
  });

  test("paused, nothing changes, nor does an answer that was on its way", async () => {
    const { api, store, state } = table();
    api.watched = { atMs: 2, rows: [row("a", { state: "CONFIRMED" })], newer: 9 };
    const coming = store.refresh();
    store.pause(true);
    await coming;
    store.heard({ seq: 1, atMs: 1, gone: [{ txId: "a", state: "CONFIRMED" }] });
    await store.refresh();
    expect([state("a"), store.current().newer]).toEqual(["RESERVED", 0]);
  });

  test("rows that could not be looked at twice in a row are old, until they can be again", async () => {
    const { api, store } = table();
    const { watch } = api;
    const stale: boolean[] = [];
    for (const away of [true, false, true, true, true, false]) {
      api.watch = away ? async () => Promise.reject(new Error("no answer")) : watch;
      await store.refresh();
      stale.push(store.current().stale);
    }
    expect(stale).toEqual([false, false, false, true, true, false]);
  });

  test("the next page comes below, without what is there already", async () => {
    const { api, store, ids } = table(page([row("c"), row("b")], "more"));
    api.pages = [page([row("b"), row("a")])];
    await Promise.all([store.loadMore(), store.loadMore()]);
    expect(ids()).toEqual(["c", "b", "a"]);
    expect(api.asked).toEqual([["", "more"]]);
    expect(store.current().more).toBe(false);
  });

  test("an answer to an older question is dropped", async () => {
    const { api, store, ids } = table();
    let answer = (_: TransactionRows): void => undefined;
    const slow = new Promise<TransactionRows>((resolve) => (answer = resolve));
    const fast = api.rows;
    api.rows = () => slow;
    const first = store.reload();
    api.rows = fast;
    api.pages = [page([row("z")])];
    store.setFilters({ ...EVERYTHING, q: "z" });
    await Promise.resolve();
    answer(page([row("old")]));
    await first;
    await expect.poll(ids).toEqual(["z"]);
  });

  test("a list that cannot be read says so and keeps what was there", async () => {
    const { api, store, ids } = table();
    api.rows = () => Promise.reject(new Error("away"));
    await store.reload();
    expect([ids(), store.current().failed]).toEqual([["b", "a"], true]);
  });
});
