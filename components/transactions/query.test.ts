import { describe, expect, test } from "vitest";
import { RowsQuery } from "@/server/contracts/transaction-page";
import { addressOf, EVERYTHING, presetOf, PRESETS, readFilters, searchOf, STATES, type TransactionFilters } from "./query";

const read = (search: string) => readFilters(new URLSearchParams(search));
const ALL: TransactionFilters = {
  q: "order 7", states: ["CONFIRMING", "EXPIRED"], storeId: "s:1", dishId: "d_2", minAgeSeconds: 300, minAttempts: 4, cause: "FAILED", fingerprint: "10.0.0.1:80/confirm/HTTP_SERVER",
};

describe("filters in the address", () => {
  test("come back as they went, and the server takes them", () => {
    expect(read(searchOf(ALL))).toEqual(ALL);
    expect(RowsQuery.safeParse(Object.fromEntries(new URLSearchParams(searchOf(ALL)))).success).toBe(true);
    expect(addressOf(EVERYTHING)).toBe("/transactions");
  });

  test.each(["state=NOWHERE", "storeId=a b", "minAgeSeconds=-1", "minAgeSeconds=1e9", "minAttempts=0", "cause=BORED", "fingerprint=<script>", "dishId="])("%s is left out", (search) => {
    expect(read(search)).toEqual(EVERYTHING);
  });

  test("every state is in one preset at most, and each preset is recognised in any order", () => {
    const [, open, stuck, ended] = Object.values(PRESETS) as (readonly string[])[];
    expect([...(open ?? []), ...(stuck ?? []), ...(ended ?? [])].sort()).toEqual([...STATES].sort());
    expect(presetOf(["REVERSING", "CONFIRMING", "CANCELLING"])).toBe("stuck");
    expect(presetOf(["RESERVED"])).toBeNull();
  });
});
