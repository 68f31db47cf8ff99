-- read: what one dish's cell says, changing nothing.
-- KEYS[1]  cell (see take.lua)
-- ARGV     holdMs
-- REPLY    available, version, portions held, number of holds; available -1: the cell has no reading
-- ORDER    none: it writes nothing
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local ends_ms_max = now_ms + 10 * tonumber(ARGV[1])
local available, version, held, holds = -1, -1, 0, 0
local fields = redis.call('HGETALL', KEYS[1])
for f = 1, #fields, 2 do
  local name, value = fields[f], fields[f + 1]
  if name == 'a' then
    available = tonumber(value) or -1
  elseif name == 'v' then
    version = tonumber(value) or -1
  elseif string.sub(name, 1, 2) == 'h|' then
    local number, ends_ms = string.match(value, '^(%d+)|(%d+)$')
    ends_ms = tonumber(ends_ms) or 0
    if ends_ms > now_ms and ends_ms <= ends_ms_max then
      held, holds = held + tonumber(number), holds + 1
    end
  end
end
return { available, version, held, holds }
