-- reload: put the ledger's reading into one dish's cell, over whatever it says, unless somebody knew better meanwhile.
-- KEYS[1]  cell (see take.lua)
-- ARGV     available, version, cellTtlMs, version the cell had before the ledger was asked (-1: it had none)
-- REPLY    1 written, 0 not: the cell has a later version than both
-- ORDER    the ledger was asked after the cell was seen: a version that was there before and is higher than its answer never was
local version, seen = tonumber(ARGV[2]), tonumber(ARGV[4])
local now = tonumber(redis.call('HGET', KEYS[1], 'v') or '-1') or -1
if now > version and now ~= seen then return 0 end
redis.call('HSET', KEYS[1], 'a', ARGV[1], 'v', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
