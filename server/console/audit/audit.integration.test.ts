/** The audit as people read it: filters, pages, a file. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AuditPage } from "../../contracts/audit.ts";
import { openStage, type Person, type Stage } from "../testing.ts";

let stage: Stage;
let viewer: Person;

beforeAll(async () => {
  stage = await openStage();
  viewer = await stage.person("vera", "viewer");
  await stage.person("olaf", "operator");
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second));
  const entry = (n: number, more: object) => ({ at: at(n), actor: "olaf", verb: "dish.restock", target: `dish-${n}`, reason: null, detail: { outcome: "DONE", actionKey: `k${n}` }, ...more });
  await stage.prisma.auditEntry.createMany({
    data: [
      entry(1, { reason: "delivery of 100 % fresh tofu", detail: { outcome: "DONE", quantity: 5, before: { available: 1 }, after: { available: 6 }, actionKey: "k1" } }),
      entry(2, { verb: "transaction.cancel", target: "t2", detail: { outcome: "REFUSED", code: "ILLEGAL_STATE" } }),
      entry(3, { actor: "gone", verb: "ticket.claim", target: "T3", detail: { outcome: "ASKED" } }),
      entry(4, { verb: "transaction.retry", target: "=cmd()", reason: "+1, please \"now\"" }),
      ...Array.from({ length: 130 }, (_, n) => entry(10 + n, { actor: "vera", verb: "ticket.note", target: "T9" })),
    ],
  });
}, 30_000);

afterAll(() => stage?.close());

const read = async (query: string) => (await viewer.get(`/audit?${query}`)).body as AuditPage;
const targets = async (query: string) => (await read(query)).entries.map(({ target }) => target);

test("an entry says who did what to what, why, and what was before and after", async () => {
  const [entry] = (await read("target=dish-1")).entries;
  expect(entry).toMatchObject({ actor: "olaf", actorId: "olaf", verb: "dish.restock", target: "dish-1", reason: "delivery of 100 % fresh tofu", outcome: "DONE", before: { available: 1 }, after: { available: 6 }, more: { quantity: 5 } });
  await stage.prisma.auditEntry.create({ data: { actor: "olaf", verb: "operator.role", target: "vera", detail: { outcome: "DONE" } } });
  await stage.prisma.auditEntry.create({ data: { actor: "olaf", verb: "ticket.hand-over", target: "T8", detail: { outcome: "DONE", to: "vera", before: { claimedBy: "olaf" }, after: { claimedBy: "vera" } } } });
  await stage.prisma.user.update({ where: { id: "vera" }, data: { name: "Vera Lang" } });
  expect((await read("target=vera")).entries[0]).toMatchObject({ target: "vera", targetName: "Vera Lang" });
  expect((await read("target=T8")).entries[0]).toMatchObject({ before: { claimedBy: "olaf" }, after: { claimedBy: "Vera Lang" }, more: { to: "Vera Lang" } });
  await stage.prisma.auditEntry.deleteMany({ where: { target: { in: ["vera", "T8"] } } });
  expect((await read("actor=gone")).entries[0]).toMatchObject({ actor: "gone", outcome: "ASKED" });
});

test.each([
  ["actor=olaf", ["=cmd()", "t2", "dish-1"]],
  ["kind=transaction", ["=cmd()", "t2"]],
  ["verb=transaction.retry", ["=cmd()"]],
  ["outcome=REFUSED", ["t2"]],
  ["q=100 %25", ["dish-1"]],
  ["q=100_%25", []],
  ["actor=olaf&outcome=DONE&kind=dish", ["dish-1"]],
  ["from=2026-01-01T12:00:02Z&to=2026-01-01T20:00:04%2B08:00", ["T3", "t2"]],
])("%s finds %j", async (query, expected) => {
  expect(await targets(query)).toEqual(expected);
});

test.each(["kind=everything", "outcome=MAYBE", "cursor=0", "cursor=1x", "from=yesterday", "limit=0", "more=1", "actor=%00", "q="])("%s is a 400", async (query) => {
  expect((await viewer.get(`/audit?${query}`)).status).toBe(400);
});

test("pages have every entry once, newest first, whatever is written meanwhile", async () => {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page: AuditPage = await read(`actor=vera&limit=50${cursor === null ? "" : `&cursor=${cursor}`}`);
    seen.push(...page.entries.map(({ id }) => id));
    cursor = page.nextCursor;
    await stage.prisma.auditEntry.create({ data: { actor: "vera", verb: "ticket.note", target: "T9" } });
  } while (cursor !== null);
  expect(seen).toHaveLength(130);
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => Number(b) - Number(a)));
});

test("the file has all that match and no formula that a spreadsheet would run", async () => {
  const { status, body } = await viewer.get("/exports/audit.csv?actor=olaf");
  const lines = (body as string).trimEnd().split("\r\n");
  expect([status, lines.length]).toEqual([200, 4]);
  expect(lines[0]).toBe("id,at,actor,actorId,verb,target,targetName,outcome,code,reason,before,after,more");
  expect(lines[1]).toContain(`'=cmd(),,DONE,,"'+1, please ""now"""`);
});
