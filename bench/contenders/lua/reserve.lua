-- reserve: takes one portion of each dish, the coupon, and writes the order; all or nothing.
-- KEYS  order, coupon ("" without one), then the stock of each dish: a hash with available, frozen, sold
-- REPLY 1 reserved, 0 refused
-- ORDER every check comes before the first write: a script that stops half-way is not undone
if redis.call("EXISTS", KEYS[1]) == 1 then return 1 end
for i = 3, #KEYS do
  if tonumber(redis.call("HGET", KEYS[i], "available") or 0) < 1 then return 0 end
end
if KEYS[2] ~= "" and redis.call("GET", KEYS[2]) ~= "AVAILABLE" then return 0 end
for i = 3, #KEYS do
  redis.call("HINCRBY", KEYS[i], "available", -1)
  redis.call("HINCRBY", KEYS[i], "frozen", 1)
end
if KEYS[2] ~= "" then redis.call("SET", KEYS[2], "FROZEN") end
redis.call("SET", KEYS[1], "RESERVED", "EX", 60) -- bounds what a benchmark leaves in memory
return 1
