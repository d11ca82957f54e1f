
-- A peer is done with an entry: all replicas are told, and what no peer needs goes.
--
-- Asked: `peer`, `through`, the sequence number; `receipt`, what the replicas are told; `peers`, in JSON.

local out, acked = key('out'), key('acked')
if tonumber(asked.through) > tonumber(redis.call('HGET', acked, asked.peer) or '0') then
  redis.call('HSET', acked, asked.peer, asked.through)
end
local slowest = math.huge
for _, peer in ipairs(cjson.decode(asked.peers)) do
  slowest = math.min(slowest, tonumber(redis.call('HGET', acked, peer) or '0'))
end
local bytes = 0
for _, entry in ipairs(redis.call('XRANGE', out, '-', integer(slowest) .. '-0')) do
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'w' then bytes = bytes + tonumber(entry[2][i + 1]) end
  end
end
redis.call('XTRIM', out, 'MINID', integer(slowest + 1) .. '-0')
redis.call('HINCRBY', key('state'), 'bytes', integer(0 - bytes)) -- `-bytes` may be "-0"
redis.call('XADD', key('receipts'), 'MAXLEN', '~', 10000, '*', 'n', asked.receipt)
return 1
