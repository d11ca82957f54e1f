
-- What a replica that begins has to know, as of one moment.
--
-- Asked: `epoch`, the name of the log if there is none yet; `history`, entries kept; `peers`, in JSON.

redis.call('SET', key('epoch'), asked.epoch, 'NX')
local state, acked = key('state'), key('acked')
local sequence = redis.call('HGET', state, 'sequence') or '0'
-- Peers of which nothing is known yet are sent what comes from now on.
for _, peer in ipairs(cjson.decode(asked.peers)) do
  redis.call('HSETNX', acked, peer, sequence)
end

local newest = redis.call('XREVRANGE', key('receipts'), '+', '-', 'COUNT', 1)
return {
  'epoch', redis.call('GET', key('epoch')),
  'cursor', redis.call('HGET', state, 'cursor') or '0',
  'sequence', sequence,
  'receipt', newest[1] and newest[1][1] or '0-0',
  'log', redis.call('XREVRANGE', key('log'), '+', '-', 'COUNT', asked.history),
  'out', redis.call('XRANGE', key('out'), '-', '+'),
  'here', redis.call('HGETALL', key('here')),
  'acked', redis.call('HGETALL', acked),
}
