-- take: hold portions of one store's dishes for one batch.
-- KEYS[i]  cell of dish i: a hash  a = available, v = version,
--          h|INSTANCE|SEQUENCE = "portions|endsAtMs" (a hold),  s|INSTANCE = "sequence|endsAtMs" (its last settled batch)
-- ARGV     instance, sequence, holdMs, cellTtlMs, then for each key: wanted, available, version (-1 -1: the caller has no reading)
-- REPLY    per key three numbers: granted, available, version; granted -1: neither cell nor caller knows the dish;
--          then one: how many holds were dropped because their time was over
-- ORDER    take the newer reading, drop dead holds, then grant: a grant must never count on a reading that is already beaten
local instance, sequence = ARGV[1], tonumber(ARGV[2])
local hold_ms, cell_ttl_ms = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local hold_field, settled_field = 'h|' .. instance .. '|' .. ARGV[2], 's|' .. instance
-- A hold that ends later than any instance may ask for was written before this server's clock was set back.
local ends_ms_max = now_ms + 10 * hold_ms
local reply, expired_holds = {}, 0

for i, key in ipairs(KEYS) do
  local at = 5 + (i - 1) * 3
  local wanted, known_available, known_version = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local fields = redis.call('HGETALL', key)
  local available, version, held, settled_sequence = nil, -1, 0, -1
  for f = 1, #fields, 2 do
    local name, value = fields[f], fields[f + 1]
    if name == 'a' then
      available = tonumber(value)
    elseif name == 'v' then
      version = tonumber(value)
    else
      local number, ends_ms = string.match(value, '^(%d+)|(%d+)$')
      ends_ms = tonumber(ends_ms)
      if ends_ms <= now_ms or ends_ms > ends_ms_max then
        redis.call('HDEL', key, name)
        if string.sub(name, 1, 2) == 'h|' then expired_holds = expired_holds + 1 end
      elseif name == settled_field then
        settled_sequence = tonumber(number)
      elseif name ~= hold_field and string.sub(name, 1, 2) == 'h|' then
        held = held + tonumber(number)
      end
    end
  end
  if known_version > version then
    available, version = known_available, known_version
    redis.call('HSET', key, 'a', ARGV[at + 1], 'v', ARGV[at + 2])
  end
  local granted = -1
  if available then
    granted = math.max(0, math.min(wanted, available - held))
    -- A take that arrives after its batch was settled is a duplicate: it is answered but holds nothing.
    if granted > 0 and sequence > settled_sequence then
      redis.call('HSET', key, hold_field, string.format('%d|%d', granted, now_ms + hold_ms))
    end
    redis.call('PEXPIRE', key, cell_ttl_ms)
  end
  table.insert(reply, granted)
  table.insert(reply, available or 0)
  table.insert(reply, version)
end
table.insert(reply, expired_holds)
return reply
