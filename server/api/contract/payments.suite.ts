/**
 * The contract of payment callbacks: durable before they are acknowledged, signed, once each, in any order.
 */
import { createHmac, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type PaymentCallbackBody, PaymentCallbackAnswer } from "../../contracts/payments.ts";
import type { Sent } from "../testing.ts";
import { expectNo, type World } from "./world.ts";

/** The one source that has a secret on the servers that the suite is run against. */
export const SIGNED = { source: "bank.signed", secret: randomBytes(16).toString("hex") };

const PATH = "/api/v1/payments/callbacks";
/** Carried out at once, or by the first look after it. */
const SOON_MS = 5_000;

export function paymentsSuite(world: World): void {
  const body = (orderId: string, eventId: string, status: "PAID" | "FAILED" = "PAID", more: Partial<PaymentCallbackBody> = {}) => ({
    source: "bank",
    orderId,
    eventId,
    status,
    occurredAt: "2026-11-22T11:45:00.000Z",
    ...more,
  });
  const send = async (...args: Parameters<typeof body>): Promise<boolean> => {
    const sent = await world.post(PATH, body(...args));
    expect(sent.status).toBe(202);
    return PaymentCallbackAnswer.parse(sent.body).duplicate;
  };
  const signed = (text: string, signature: string | undefined): Promise<Sent> =>
    world.send("POST", PATH, { body: text, headers: signature === undefined ? {} : { "x-signature": signature } });
  const hmac = (text: string, secret = SIGNED.secret) => `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;

  describe("payment callbacks", () => {
    it("PAID confirms, and says from then on that it came before", async () => {
      const dish = await world.dish(5);
      const { txId } = await world.reserved(dish, 2);
      expect(await send(txId, "1", "PAID", { amountCents: 1_200 })).toBe(false);
      await world.reaches(txId, "CONFIRMED", SOON_MS);
      for (let i = 0; i < 3; i++) expect(await send(txId, "1")).toBe(true);
      expect(await world.stock(dish)).toEqual([3, 0, 2]);
    });

    it("FAILED cancels, and takes nothing back that was paid", async () => {
      const dish = await world.dish(5);
      const [unpaid, paid] = [await world.reserved(dish), await world.reserved(dish)];
      await send(unpaid.txId, "1", "FAILED");
      await send(paid.txId, "1");
      await send(paid.txId, "2", "FAILED");
      await world.reaches(unpaid.txId, "CANCELLED", SOON_MS);
      await world.reaches(paid.txId, "CONFIRMED", SOON_MS);
      expect(await world.stock(dish)).toEqual([4, 0, 1]);
    });

    it("an order that nobody knows waits until its transaction comes", async () => {
      const dish = await world.dish(5);
      const orderId = world.id("order");
      await send(orderId, "1", "PAID", { occurredAt: "2027-12-01T00:00:00+08:00" });
      const { txId } = await world.reserved(dish, 1, { orderId });
      await world.reaches(txId, "CONFIRMED", SOON_MS);
    });

    it("PAID for a cancelled order opens a refund ticket", async () => {
      const dish = await world.dish(5);
      const { txId } = await world.reserved(dish);
      await world.move(txId, "cancel");
      await send(txId, "1", "PAID", { occurredAt: "2025-11-22T11:45:00Z" });
      await expect.poll(async () => (await world.transaction(txId)).ticketId, { timeout: SOON_MS }).toMatch(/^T\d+$/);
      expect((await world.transaction(txId)).state).toBe("CANCELLED");
    });

    it("one of a source that has a secret counts when its bytes are signed, and only then", async () => {
      const { txId } = await world.reserved(await world.dish(5));
      const text = `${JSON.stringify(body(txId, "1", "PAID", { source: SIGNED.source }), null, 2)}\n`;
      const forged = [undefined, "", "sha256=", hmac(text).slice(0, -1), `${hmac(text)}0`, hmac(text, "another"), hmac(text.trim()), hmac(text).slice(7), hmac(text).replace("sha256", "sha1")];
      for (const signature of forged) expectNo(await signed(text, signature), "UNAUTHENTICATED");
      expect((await world.transaction(txId)).state).toBe("RESERVED");
      expect((await signed(text, hmac(text))).body).toEqual({ duplicate: false });
      expect((await signed(text, hmac(text).replace(/[a-f]/g, (digit) => digit.toUpperCase()))).body).toEqual({ duplicate: true });
      await world.reaches(txId, "CONFIRMED", SOON_MS);
    });

    it.each([
      ["no source", { source: undefined }, "source"],
      ["a source that is no id", { source: "bank/1" }, "source"],
      ["an order that is no id", { orderId: "" }, "orderId"],
      ["a long event", { eventId: "e".repeat(65) }, "eventId"],
      ["another status", { status: "REFUNDED" }, "status"],
      ["a time that is none", { occurredAt: "yesterday" }, "occurredAt"],
      ["a day that is none", { occurredAt: "2026-02-30T00:00:00Z" }, "occurredAt"],
      ["a time without a zone", { occurredAt: "2026-11-22T11:45:00" }, "occurredAt"],
      ["half a cent", { amountCents: 0.5 }, "amountCents"],
      ["a debt", { amountCents: -1 }, "amountCents"],
      ["too much money", { amountCents: 2 ** 31 }, "amountCents"],
      ["an unknown field", { refund: true }, ""],
    ])("with %s is refused", async (_, wrong, path) => {
      const problem = expectNo(await world.post(PATH, { ...body("o", "1"), ...wrong }), "VALIDATION");
      expect(problem.errors?.[0]?.path).toBe(path);
    });

    it("at the ends of time and with ids of 64 characters is taken in", async () => {
      const orderId = world.id("o".repeat(40));
      for (const occurredAt of ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"]) {
        expect(await send(orderId, `${occurredAt.slice(0, 4)}:${"e".repeat(59)}`, "FAILED", { source: "s".repeat(64), occurredAt })).toBe(false);
      }
    });
  });
}
