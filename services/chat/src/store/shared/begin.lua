-- What a replica that begins has to know, as of one moment.
local epoch, state, log, out, here, acked, receipts = unpack(KEYS)
local history = ARGV[2]
redis.call('SET', epoch, ARGV[1], 'NX')
local sequence = redis.call('HGET', state, 'sequence') or '0'
-- Peers of which nothing is known yet are sent what comes from now on.
for i = 3, #ARGV do redis.call('HSETNX', acked, ARGV[i], sequence) end

local function flat(entries, field)
  local list = {}
  for _, entry in ipairs(entries) do
    local fields = {}
    for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
    table.insert(list, string.match(entry[1], '^%d+'))
    table.insert(list, fields[field])
    table.insert(list, fields['e'])
  end
  return list
end
local newest = redis.call('XREVRANGE', receipts, '+', '-', 'COUNT', 1)
return {
  redis.call('GET', epoch),
  redis.call('HGET', state, 'cursor') or '0',
  sequence,
  newest[1] and newest[1][1] or '0-0',
  flat(redis.call('XREVRANGE', log, '+', '-', 'COUNT', history), 's'),
  flat(redis.call('XRANGE', out, '-', '+'), 'c'),
  redis.call('HGETALL', here),
  redis.call('HGETALL', acked),
}
