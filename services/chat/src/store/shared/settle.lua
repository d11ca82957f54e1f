-- A peer is done with everything up to a number: all replicas are told, and what no peer needs goes.
local state, out, acked, receipts = unpack(KEYS)
local peer, through, note = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if through > tonumber(redis.call('HGET', acked, peer) or '0') then
  redis.call('HSET', acked, peer, through)
end
local slowest = nil
for i = 4, #ARGV do
  local taken = tonumber(redis.call('HGET', acked, ARGV[i]) or '0')
  if not slowest or taken < slowest then slowest = taken end
end
local bytes = 0
for _, letter in ipairs(redis.call('XRANGE', out, '-', slowest .. '-0')) do
  for i = 1, #letter[2], 2 do
    if letter[2][i] == 'w' then bytes = bytes + tonumber(letter[2][i + 1]) end
  end
end
redis.call('XTRIM', out, 'MINID', (slowest + 1) .. '-0')
redis.call('HINCRBY', state, 'bytes', -bytes)
redis.call('XADD', receipts, 'MAXLEN', '~', 10000, '*', 'n', note)
return 1
