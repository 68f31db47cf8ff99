-- create-dish: the dish, its store when that is new, its first movement, its outbox row and the answer to its action key.
-- $1 dishId $2 storeId $3 English name $4 Chinese name $5 price in cents $6 portions $7 actor $8 action key $9 request hash
-- ANSWER request_hash and dish of the earlier use of the action key, or of this one (created); no row at all: the dish
-- exists, or another statement made it meanwhile, under this key perhaps. Only a new snapshot can tell: ask once more.
WITH earlier AS (
  SELECT request_hash, answer FROM actions WHERE action_key = $8
), made AS (
  INSERT INTO dishes (dish_id, store_id, name_en, name_zh, price_cents, supplied, available)
  SELECT $1, $2, $3, $4, $5::int, $6::int, $6::int WHERE NOT EXISTS (SELECT FROM earlier)
  ON CONFLICT (dish_id) DO NOTHING
  RETURNING *, version + (SELECT ledger_timeline()) AS full_version
), store AS (
  INSERT INTO stores (store_id, name_en, name_zh) SELECT store_id, store_id, store_id FROM made ON CONFLICT DO NOTHING
), movement AS (
  INSERT INTO stock_movements (dish_id, kind, quantity, actor, action_key) SELECT dish_id, 'SUPPLY', supplied, $7, $8 FROM made
), answered AS (
  INSERT INTO actions (action_key, request_hash, verb, target, actor, answer)
  SELECT $8, $9::uuid, 'CREATE_DISH', dish_id, $7, jsonb_build_object('verdict', 'APPLIED', 'dish', jsonb_build_object(
           'dishId', dish_id, 'storeId', store_id, 'supplied', supplied, 'available', available, 'frozen', frozen, 'sold', sold,
           'onSale', on_sale, 'version', full_version))
    FROM made RETURNING request_hash, answer
), told AS (
  INSERT INTO outbox (at, dish_ids, available, frozen, sold, versions)
  SELECT created_at, ARRAY[dish_id], ARRAY[available], ARRAY[frozen], ARRAY[sold], ARRAY[full_version] FROM made
)
SELECT request_hash = $9::uuid AS same, answer -> 'dish' AS dish, false AS created FROM earlier
UNION ALL
SELECT true, answer -> 'dish', true FROM answered
