-- settle: end one batch's holds on one store's dishes and store what Postgres said.
-- KEYS[i]  cell of dish i (see take.lua)
-- ARGV     instance, sequence, holdMs, cellTtlMs, then for each key: available, version (-1 -1: the batch failed, only the hold goes)
-- REPLY    the number of readings that were newer
-- ORDER    remember the sequence before anything else: from then on a late duplicate of the take holds nothing
local instance, sequence = ARGV[1], tonumber(ARGV[2])
local hold_ms, cell_ttl_ms = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local hold_field, settled_field = 'h|' .. instance .. '|' .. ARGV[2], 's|' .. instance
local newer = 0

for i, key in ipairs(KEYS) do
  local at = 5 + (i - 1) * 2
  local known_version = tonumber(ARGV[at + 1])
  local values = redis.call('HMGET', key, 'v', settled_field)
  local settled_sequence = values[2] and tonumber(string.match(values[2], '^(%d+)|')) or -1
  if sequence > settled_sequence then
    -- Kept for five hold times: far longer than a lost take can travel.
    redis.call('HSET', key, settled_field, string.format('%d|%d', sequence, now_ms + 5 * hold_ms))
  end
  redis.call('HDEL', key, hold_field)
  if known_version > (tonumber(values[1] or '-1')) then
    redis.call('HSET', key, 'a', ARGV[at], 'v', ARGV[at + 1])
    newer = newer + 1
  end
  redis.call('PEXPIRE', key, cell_ttl_ms)
end
return newer
