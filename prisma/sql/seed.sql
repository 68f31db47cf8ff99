-- seed: the menu of a first run, in one statement. $1 stores, $2 dishes, $3 coupons, as JSON.
-- Does nothing where there is any dish already: somebody else's menu is not to be mixed with ours.
-- ANSWER dishes and coupons made.
WITH first_run AS (
  SELECT NOT EXISTS (SELECT FROM dishes) AS yes
), made_stores AS (
  INSERT INTO stores (store_id, name_en, name_zh)
  SELECT "storeId", en, zh FROM first_run, jsonb_to_recordset($1::jsonb) AS store("storeId" text, en text, zh text) WHERE yes
  ON CONFLICT DO NOTHING
), made_dishes AS (
  INSERT INTO dishes (dish_id, store_id, name_en, name_zh, price_cents, supplied, available)
  SELECT "dishId", "storeId", en, zh, "priceCents", supplied, supplied
    FROM first_run, jsonb_to_recordset($2::jsonb) AS dish("dishId" text, "storeId" text, en text, zh text, "priceCents" int, supplied int) WHERE yes
  ON CONFLICT DO NOTHING
  RETURNING dish_id, supplied
), made_movements AS (
  INSERT INTO stock_movements (dish_id, kind, quantity, reason, actor, action_key)
  SELECT dish_id, 'SUPPLY', supplied, 'first run', 'system', 'seed:' || dish_id FROM made_dishes
), made_coupons AS (
  INSERT INTO coupons (coupon_id, store_id, amount_cents)
  SELECT "couponId", "storeId", "amountCents" FROM first_run, jsonb_to_recordset($3::jsonb) AS coupon("couponId" text, "storeId" text, "amountCents" int) WHERE yes
  ON CONFLICT DO NOTHING
  RETURNING coupon_id
)
SELECT (SELECT count(*)::int FROM made_dishes) AS dishes, (SELECT count(*)::int FROM made_coupons) AS coupons
