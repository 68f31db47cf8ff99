/**
 * Coupons: making one, and looking at it. Freezing and using one is a transaction's work.
 */
import { Coupon, CouponIdParams, NewCouponBody } from "../../contracts/coupons.ts";
import { ApiError } from "../problem.ts";
import { route } from "../route.ts";
import { within } from "../serve.ts";

export const getCoupon = route({
  method: "GET",
  path: "/api/v1/coupons/{couponId}",
  summary: "One coupon.",
  scope: "stock",
  params: CouponIdParams,
  answers: { 200: { description: "The coupon.", body: Coupon } },
  errors: ["UNKNOWN_COUPON"],
  async handle(call) {
    const { couponId } = call.params;
    const coupon = await within(call, call.reads.coupon(couponId));
    if (!coupon) throw new ApiError("UNKNOWN_COUPON", `There is no coupon ${couponId}.`);
    return { status: 200, body: coupon };
  },
});

export const createCoupon = route({
  method: "POST",
  path: "/api/v1/coupons",
  summary: "A new coupon, good once.",
  scope: "stock",
  idempotencyKey: "optional",
  body: NewCouponBody,
  answers: { 201: { description: "The coupon, as it was made.", body: Coupon } },
  errors: ["COUPON_EXISTS", "IDEMPOTENCY_MISMATCH"],
  async handle({ engine, body, actor, actionKey, context }) {
    const { couponId, storeId = null, amountCents } = body;
    await engine.createCoupon({ couponId, storeId, amountCents, actor, actionKey }, context);
    const coupon: Coupon = { couponId, storeId, amountCents, state: "AVAILABLE", txId: null };
    return { status: 201, body: coupon };
  },
});

export const COUPON_ROUTES = [getCoupon, createCoupon];
