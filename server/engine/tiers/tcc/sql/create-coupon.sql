-- create-coupon: the coupon and the answer to its action key.
-- $1 couponId $2 storeId or null $3 amount in cents $4 actor $5 action key $6 request hash
-- ANSWER as create-dish: no row means that it exists, or that another statement made it meanwhile: ask once more.
WITH earlier AS (
  SELECT request_hash FROM actions WHERE action_key = $5
), made AS (
  INSERT INTO coupons (coupon_id, store_id, amount_cents)
  SELECT $1, $2, $3::int WHERE NOT EXISTS (SELECT FROM earlier)
  ON CONFLICT (coupon_id) DO NOTHING
  RETURNING *
), answered AS (
  INSERT INTO actions (action_key, request_hash, verb, target, actor, answer)
  SELECT $5, $6::uuid, 'CREATE_COUPON', coupon_id, $4, '{"verdict": "APPLIED"}' FROM made RETURNING request_hash
)
SELECT request_hash = $6::uuid AS same, false AS created FROM earlier
UNION ALL
SELECT true, true FROM answered
