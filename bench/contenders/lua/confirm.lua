-- confirm: sells what was reserved.
-- KEYS  order, coupon ("" without one), then the stock of each dish
-- REPLY 1 confirmed, 0 the order is not reserved
if redis.call("GET", KEYS[1]) ~= "RESERVED" then return 0 end
for i = 3, #KEYS do
  redis.call("HINCRBY", KEYS[i], "frozen", -1)
  redis.call("HINCRBY", KEYS[i], "sold", 1)
end
if KEYS[2] ~= "" then redis.call("SET", KEYS[2], "USED") end
redis.call("SET", KEYS[1], "CONFIRMED", "KEEPTTL")
return 1
