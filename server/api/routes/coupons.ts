/**
 * Coupons: making one, and looking at it. Freezing and using one is a transaction's work.
 */
import { Coupon, CouponIdParams, NewCouponBody } from "../../contracts/coupons.ts";
import { ApiError } from "../problem.ts";
import { route } from "../route.ts";

export const getCoupon = route({
  method: "GET",
  path: "/api/v1/coupons/{couponId}",
  summary: "One coupon.",
  scope: "stock",
  params: CouponIdParams,
  answers: { 200: { description: "The coupon.", body: Coupon } },
  errors: ["UNKNOWN_COUPON"],
  async handle({ reads, params, within }) {
    const coupon = await within(reads.coupon(params.couponId));
    if (!coupon) throw new ApiError("UNKNOWN_COUPON", `There is no coupon ${params.couponId}.`);
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
