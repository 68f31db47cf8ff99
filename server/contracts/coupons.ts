/**
 * Coupons on the wire. A coupon is good for one transaction.
 */
import { z } from "zod";
import { Cents, Id } from "./scalars.ts";

export const CouponIdParams = z.strictObject({ couponId: Id });

export const Coupon = z.object({
  couponId: Id,
  storeId: Id.nullable().describe("Null: good in every store."),
  amountCents: Cents,
  state: z.enum(["AVAILABLE", "FROZEN", "USED"]),
  txId: Id.nullable().describe("The transaction that froze or used it."),
});
export type Coupon = z.infer<typeof Coupon>;

export const NewCouponBody = z.strictObject({ couponId: Id, storeId: Id.nullish(), amountCents: Cents });
