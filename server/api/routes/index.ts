/**
 * Every route there is. The router and the OpenAPI document are both made from this list.
 */
import type { Route } from "../route.ts";
import { COUPON_ROUTES } from "./coupons.ts";
import { DISH_ROUTES } from "./dishes.ts";
import { OBSERVING_ROUTES } from "./observing.ts";
import { OPERATING_ROUTES } from "./operating.ts";
import { PAYMENT_ROUTES } from "./payments.ts";
import { TRANSACTION_ROUTES } from "./transactions.ts";

export const ROUTES: readonly Route[] = [...TRANSACTION_ROUTES, ...DISH_ROUTES, ...COUPON_ROUTES, ...PAYMENT_ROUTES, ...OPERATING_ROUTES, ...OBSERVING_ROUTES];
