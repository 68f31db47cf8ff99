/** Every verb that a person has, in every state, through the console's routes, on a real engine. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HAND_VERBS, type HandVerb } from "../engine/kernel/hand-verbs.ts";
import { type Answer, openStage, type Person, type Stage, STAGED, type Staged } from "./testing.ts";

let stage: Stage;
let viewer: Person;
let operator: Person;
let lead: Person;
let second: Person;
let runs = 0;

beforeAll(async () => {
  stage = await openStage();
  [viewer, operator, lead, second] = [await stage.person("vera", "viewer"), await stage.person("olga", "operator"), await stage.person("lena", "lead"), await stage.person("lars", "lead")];
});
afterAll(() => stage?.close());

const put = (staged: Staged) => stage.stage(`h${++runs}`, staged);
const outside = { reason: "their shop is closed for good", evidence: "mail of the points team, 22 November", branches: ["01"] };

const VERBS = [...(Object.keys(HAND_VERBS) as HandVerb[]), "claim", "hand-over", "note"] as const;
type Asked = (typeof VERBS)[number];

/** As the table of the contract says it. */
const LEGAL: Record<Asked, readonly Staged[]> = {
  retry: ["CONFIRMING", "CONFIRMING+ticket", "CANCELLING", "CANCELLING+ticket", "REVERSING", "REVERSING+ticket"],
  confirm: ["RESERVED", "RESERVED|remote", "EXPIRED"],
  cancel: ["TRYING", "RESERVED", "RESERVED|remote", "EXPIRED"],
  reverse: ["CONFIRMED"],
  "force-end": ["CONFIRMING+ticket", "CANCELLING+ticket", "REVERSING+ticket"],
  claim: ["CONFIRMING+ticket", "CANCELLING+ticket", "REVERSING+ticket"],
  "hand-over": ["CONFIRMING+ticket", "CANCELLING+ticket", "REVERSING+ticket"],
  note: ["CONFIRMING+ticket", "CANCELLING+ticket", "REVERSING+ticket"],
};

async function ask(verb: Asked, txId: string, actionKey?: string): Promise<Answer> {
  if (verb === "claim" || verb === "hand-over" || verb === "note") {
    const ticket = await stage.prisma.ticket.findFirst({ where: { txId } });
    const body = { claim: {}, "hand-over": { to: "olga" }, note: { text: "called them" } }[verb];
    return lead.post(`/tickets/${ticket?.ticketId ?? "none"}/${verb}`, body, actionKey);
  }
  return lead.post(`/transactions/${txId}/${verb}`, verb === "force-end" ? outside : { reason: "a test" }, actionKey);
}

describe.each(VERBS)("%s", (verb) => {
  test.each(STAGED)("in %s does what the table says, and nothing else", async (staged) => {
    const place = await put(staged);
    const before = await stage.picture(place);
    const answer = await ask(verb, place.txId);
    const audit = await stage.prisma.auditEntry.findMany({ where: { OR: [{ target: place.txId }, { target: before.tickets[0]?.ticketId ?? "none" }] } });
    if (LEGAL[verb].includes(staged)) {
      expect([answer.status, answer.body]).toMatchObject([200, {}]);
      expect(audit).toMatchObject([{ actor: "lena", detail: { outcome: "DONE" } }]);
      return;
    }
    const ticketless = ["claim", "hand-over", "note"].includes(verb);
    expect(answer).toMatchObject(ticketless ? { status: 404 } : { status: 409, body: { code: "ILLEGAL_STATE" } });
    expect(await stage.picture(place)).toEqual(before);
    if (!ticketless) expect(audit).toMatchObject([{ actor: "lena", detail: { outcome: "REFUSED", code: "ILLEGAL_STATE" } }]);
  });
});

describe("a verb by hand", () => {
  test("that is repeated with its key gets the first answer, and is one audit entry", async () => {
    const { txId } = await put("RESERVED");
    const first = await operator.post(`/transactions/${txId}/confirm`, { reason: "paid at the counter" }, "same");
    const again = await operator.post(`/transactions/${txId}/confirm`, { reason: "paid at the counter" }, "same");
    expect([first.body, again.body]).toEqual([{ txId, state: "CONFIRMED", replayed: false }, { txId, state: "CONFIRMED", replayed: true }]);
    expect(await stage.prisma.auditEntry.count({ where: { target: txId } })).toBe(1);
    expect(await operator.post(`/transactions/${txId}/cancel`, { reason: "x" }, "same")).toMatchObject({ status: 422 });
  });

  test("that was refused is not taken for done when its key is asked again", async () => {
    const { txId } = await put("CANCELLED");
    for (let n = 0; n < 2; n++) expect(await operator.post(`/transactions/${txId}/cancel`, { reason: "x" }, "refused")).toMatchObject({ status: 409 });
  });

  test("of somebody whose process died in between is asked again with the key, and finds it done", async () => {
    const { txId } = await put("RESERVED");
    await operator.post(`/transactions/${txId}/cancel`, { reason: "x" }, "died");
    await stage.prisma.action.updateMany({ where: { target: txId }, data: { answer: { outcome: "ASKED" } } });
    expect(await operator.post(`/transactions/${txId}/cancel`, { reason: "x" }, "died")).toMatchObject({ status: 200, body: { state: "CANCELLED" } });
  });

  test.each([
    ["retry", "operator"],
    ["confirm", "operator"],
    ["cancel", "operator"],
    ["reverse", "lead"],
    ["force-end", "lead"],
  ] as const)("%s takes the role %s", async (verb, role) => {
    const { txId } = await put("CONFIRMED");
    const body = verb === "force-end" ? outside : { reason: "x" };
    expect((await viewer.post(`/transactions/${txId}/${verb}`, body)).status).toBe(403);
    expect((await operator.post(`/transactions/${txId}/${verb}`, body)).status === 403).toBe(role === "lead");
  });

  test.each(["confirm", "cancel", "reverse"])("%s needs a reason", async (verb) => {
    const { txId } = await put(verb === "reverse" ? "CONFIRMED" : "RESERVED");
    expect(await lead.post(`/transactions/${txId}/${verb}`, {})).toMatchObject({ status: 400, body: { errors: [{ path: "reason" }] } });
    expect((await lead.post(`/transactions/${txId}/${verb}`, { reason: " " })).status).toBe(400);
  });

  test("retry calls a branch whose pause is long, now, and it ends", async () => {
    const { txId } = await put("CANCELLING+ticket"); // the participant takes a cancel of what it never saw, as an empty rollback
    expect(await operator.post(`/transactions/${txId}/retry`)).toMatchObject({ status: 200, body: { state: "CANCELLING" } });
    await expect.poll(async () => (await stage.prisma.transaction.findUnique({ where: { txId } }))?.state, { timeout: 5_000 }).toBe("CANCELLED");
    expect(await stage.prisma.ticket.findMany({ where: { txId } })).toMatchObject([{ closedAt: expect.any(Date) }]);
  });
});

describe("the preview", () => {
  test("says where stock, coupon and each branch go, and what is called", async () => {
    const { txId, dishId } = await put("RESERVED|remote");
    const sheet = (await viewer.get(`/transactions/${txId}`)).body;
    const [retry, confirm, cancel, reverse] = sheet.previews;
    expect(retry).toMatchObject({ verb: "retry", legal: false, because: "NOTHING_TO_RETRY" });
    expect(confirm).toMatchObject({ legal: false, because: "ROLE", becomes: "CONFIRMED", coupon: { becomes: "USED" }, lines: [{ dishId, before: { frozen: 2, sold: 0 }, after: { frozen: 0, sold: 2 } }] });
    expect(cancel).toMatchObject({ becomes: "CANCELLED", coupon: { becomes: "AVAILABLE" }, lines: [{ after: { available: 10, frozen: 0 } }] });
    expect(cancel.branches).toMatchObject([
      { branchId: "stock", call: null }, { branchId: "coupon", call: null }, { branchId: "order", call: null },
      { branchId: "01", participant: "points", from: "RESERVED", becomes: "CANCELLED", call: "cancel" },
    ]);
    expect(reverse).toMatchObject({ legal: false, because: "NOT_CONFIRMED" });
  });

  test.each(STAGED)("in %s agrees with what the verbs then answer", async (staged) => {
    for (const verb of ["retry", "confirm", "cancel", "reverse"] as const) {
      const { txId } = await put(staged);
      const { body: preview } = await lead.get(`/transactions/${txId}/preview?verb=${verb}`);
      const { status } = await lead.post(`/transactions/${txId}/${verb}`, { reason: "a test" });
      expect([verb, preview.legal]).toEqual([verb, status === 200]);
      if (!preview.legal || verb === "retry") continue;
      const dish = await stage.prisma.dish.findUnique({ where: { dishId: preview.lines[0].dishId } });
      expect(dish).toMatchObject(preview.lines[0].after);
    }
  });
});

describe("force-end", () => {
  test("takes two people, names every undone branch, keeps the decision, and ends the transaction", async () => {
    const place = await put("CONFIRMING+ticket");
    const { txId } = place;
    const asked = await lead.post(`/transactions/${txId}/force-end`, outside);
    expect(asked.status).toBe(200);
    const { requestId } = asked.body;
    expect((await stage.picture(place)).transaction).toMatchObject({ state: "CONFIRMING" });
    expect((await viewer.get(`/transactions/${txId}`)).body.forceEnd).toMatchObject({ legal: false, because: "ROLE", request: { requestId, askedBy: "lena", evidence: outside.evidence, branchIds: ["01"] } });
    expect(await lead.post(`/end-requests/${requestId}/approve`)).toMatchObject({ status: 403 });
    expect(await operator.post(`/end-requests/${requestId}/approve`)).toMatchObject({ status: 403 });
    expect(await second.post(`/end-requests/${requestId}/approve`)).toMatchObject({ status: 200, body: { txId, state: "CONFIRMED" } });
    const after = await stage.picture(place);
    expect(after).toMatchObject({ transaction: { state: "CONFIRMED" }, branches: [{ state: "CONFIRMED", nextAttemptAt: null }], dish: { sold: 2 }, tickets: [{ closedAt: expect.any(Date) }] });
    expect(await stage.prisma.attempt.findMany({ where: { txId, outcome: "OUTSIDE" } })).toMatchObject([{ branchNo: 1, operation: "confirm", message: outside.evidence }]);
    const audit = await stage.prisma.auditEntry.findMany({ where: { target: txId }, orderBy: { id: "asc" } });
    expect(audit).toMatchObject([
      { actor: "lena", verb: "transaction.force-end.ask", reason: outside.reason },
      { actor: "lars", verb: "transaction.force-end", detail: { askedBy: "lena", selfApproved: false, outcome: "DONE" } },
    ]);
  });

  test.each([
    ["none of its branches", ["07"]],
    ["more than its undone branches", ["01", "02"]],
  ])("evidence that names %s is refused", async (_what, branches) => {
    const { txId } = await put("CANCELLING+ticket");
    expect(await lead.post(`/transactions/${txId}/force-end`, { ...outside, branches })).toMatchObject({ status: 409 });
  });

  test.each([["reason", { reason: "" }], ["evidence", { evidence: "  " }], ["branch", { branches: [] }]])("without a %s it is not asked", async (_what, more) => {
    const { txId } = await put("CANCELLING+ticket");
    expect((await lead.post(`/transactions/${txId}/force-end`, { ...outside, ...more })).status).toBe(400);
  });

  test("two leads at once leave one request", async () => {
    const { txId } = await put("CANCELLING+ticket");
    const both = await Promise.all([lead.post(`/transactions/${txId}/force-end`, outside), second.post(`/transactions/${txId}/force-end`, outside)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  test("a request for a decision that ended by itself does nothing", async () => {
    const place = await put("CANCELLING+ticket");
    const { requestId } = (await lead.post(`/transactions/${place.txId}/force-end`, outside)).body;
    await lead.post(`/transactions/${place.txId}/retry`);
    await expect.poll(async () => (await stage.picture(place)).transaction?.state, { timeout: 5_000 }).toBe("CANCELLED");
    expect(await second.post(`/end-requests/${requestId}/approve`)).toMatchObject({ status: 409, body: { code: "ILLEGAL_STATE" } });
    expect(await stage.prisma.attempt.count({ where: { txId: place.txId, outcome: "OUTSIDE" } })).toBe(0);
  });

  test("rejected, it is over, and may be asked again", async () => {
    const { txId } = await put("REVERSING+ticket");
    const { requestId } = (await lead.post(`/transactions/${txId}/force-end`, outside)).body;
    expect((await second.post(`/end-requests/${requestId}/reject`, { reason: "ask them again" })).status).toBe(200);
    expect(await second.post(`/end-requests/${requestId}/approve`)).toMatchObject({ status: 409 });
    expect((await second.post(`/transactions/${txId}/force-end`, outside)).status).toBe(200);
  });

  test("one person may do both only when the installation allows it, and the audit says so", async () => {
    const admin = await stage.person("ada", "admin");
    expect((await lead.post("/settings/self-approval", { allowed: true, reason: "alone at night" })).status).toBe(403);
    expect((await admin.post("/settings/self-approval", { allowed: true, reason: "alone at night" })).status).toBe(200);
    const { txId } = await put("CONFIRMING+ticket");
    const { requestId } = (await lead.post(`/transactions/${txId}/force-end`, outside)).body;
    expect(await lead.post(`/end-requests/${requestId}/approve`)).toMatchObject({ status: 200, body: { state: "CONFIRMED" } });
    expect(await stage.prisma.auditEntry.findFirst({ where: { target: txId, verb: "transaction.force-end" } })).toMatchObject({ detail: { selfApproved: true, askedBy: "lena" } });
    await admin.post("/settings/self-approval", { allowed: false, reason: "not alone any more" });
  });
});

describe("tickets", () => {
  test("one person has it, hands it over with a note, and nobody else may", async () => {
    const { txId } = await put("CONFIRMING+ticket");
    const ticketId = (await stage.prisma.ticket.findFirstOrThrow({ where: { txId } })).ticketId;
    const other = await stage.person("otto", "operator");
    expect((await operator.post(`/tickets/${ticketId}/claim`)).status).toBe(200);
    expect(await other.post(`/tickets/${ticketId}/claim`)).toMatchObject({ status: 409, body: { detail: expect.stringContaining("olga") } });
    expect((await other.post(`/tickets/${ticketId}/hand-over`, { to: "otto" })).status).toBe(409);
    expect((await operator.post(`/tickets/${ticketId}/hand-over`, { to: "vera" })).status).toBe(409);
    expect((await operator.post(`/tickets/${ticketId}/hand-over`, { to: "otto", note: "they call back at six" })).status).toBe(200);
    expect((await other.post(`/tickets/${ticketId}/note`, { text: "they did" })).status).toBe(200);
    const { body: queue } = await viewer.get("/review");
    expect(queue.tickets.find((ticket: { ticketId: string }) => ticket.ticketId === ticketId)).toMatchObject({
      claimedBy: { name: "otto" }, participant: "points", errorClass: "HTTP_SERVER", failures: 4,
      notes: [{ author: "olga", text: "they call back at six" }, { author: "otto", text: "they did" }],
    });
  });

  test("nothing of all this made an error of ours", () => {
    expect(stage.failures).toEqual([]);
  });
});
