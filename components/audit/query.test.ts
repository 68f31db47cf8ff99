import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { AUDIT_KINDS, AUDIT_OUTCOMES, AUDIT_VERBS } from "@/server/contracts/audit";
import { dayStartMs } from "./day";
import { auditAddress, auditSearch, EVERY_ENTRY, isNarrowed, readAuditQuery } from "./query";

const iso = (ms: number) => new Date(ms).toISOString();

describe("a day", () => {
  test.each([
    ["2026-11-22", "UTC", 0, "2026-11-22T00:00:00.000Z"],
    ["2026-11-22", "Asia/Shanghai", 0, "2026-11-21T16:00:00.000Z"],
    ["2026-11-22", "Asia/Shanghai", 1, "2026-11-22T16:00:00.000Z"],
    ["2026-11-22", "Asia/Kolkata", 0, "2026-11-21T18:30:00.000Z"],
    ["2026-03-29", "Europe/Berlin", 0, "2026-03-28T23:00:00.000Z"],
    ["2026-03-29", "Europe/Berlin", 1, "2026-03-29T22:00:00.000Z"], // a day of 23 hours
    ["2026-10-25", "Europe/Berlin", 1, "2026-10-25T23:00:00.000Z"], // of 25
    ["2026-11-01", "America/New_York", 0, "2026-11-01T04:00:00.000Z"],
  ])("%s in %s begins, %i later, at %s", (day, zone, days, expected) => {
    expect(iso(dayStartMs(day, zone, days))).toBe(expected);
  });
});

describe("the address", () => {
  test("keeps every filter, and says nothing for none", () => {
    const query = { q: "tofu", actor: "ada", kind: "dish", verb: "dish.restock", outcome: "DONE", target: "dish-1", from: "2026-11-01", to: "2026-11-02" } as const;
    const address = auditAddress(query);
    expect(readAuditQuery(new URLSearchParams(address.slice(address.indexOf("?"))))).toEqual(query);
    expect([auditAddress(EVERY_ENTRY), isNarrowed(EVERY_ENTRY), isNarrowed(query)]).toEqual(["/audit", false, true]);
  });

  test("that says something wrong is read without it", () => {
    expect(readAuditQuery(new URLSearchParams("actor=a b&kind=cooks&verb=dish.eat&outcome=MAYBE&from=yesterday&to=2026-13-40&target="))).toEqual(EVERY_ENTRY);
  });

  test("of two days asks the server from the first moment of one to before the day after the other", () => {
    expect(auditSearch({ ...EVERY_ENTRY, from: "2026-11-22", to: "2026-11-22" }, "Asia/Shanghai").toString()).toBe("from=2026-11-21T16%3A00%3A00.000Z&to=2026-11-22T16%3A00%3A00.000Z");
  });
});

test("every verb, kind and outcome has its words in both languages", () => {
  for (const locale of ["en", "zh-CN"]) {
    const { audit } = JSON.parse(readFileSync(new URL(`../../messages/${locale}.json`, import.meta.url), "utf8")) as { audit: Record<"verbs" | "kinds" | "outcomes", Record<string, string>> };
    expect(Object.keys(audit.verbs).sort()).toEqual(AUDIT_VERBS.map((verb) => verb.replaceAll(".", "-")).sort());
    expect(Object.keys(audit.kinds).sort()).toEqual([...AUDIT_KINDS].sort());
    expect(Object.keys(audit.outcomes).sort()).toEqual([...AUDIT_OUTCOMES].sort());
    expect(AUDIT_VERBS.filter((verb) => !AUDIT_KINDS.some((kind) => verb.startsWith(`${kind}.`)))).toEqual([]);
  }
});
