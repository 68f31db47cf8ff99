-- record-keys: $1 consumer, $2 keys. Writes those that are new, in the order of their bytes, so that two calls never block each
-- other for good. ANSWER the new ones, each once, in no order.
INSERT INTO dedup_keys (consumer, key)
SELECT $1, id FROM (SELECT DISTINCT id COLLATE "C" AS id FROM unnest($2::text[]) AS u(id) ORDER BY 1) AS wanted
ON CONFLICT DO NOTHING RETURNING key
