
-- One replica at a time relays to a peer, so that the order is kept.
--
-- Asked: `peer`, `replica`, and `lease`, for how many milliseconds.

local leader = redis.call('GET', key('leader:' .. asked.peer))
if leader and leader ~= asked.replica then
  return 0
end
redis.call('SET', key('leader:' .. asked.peer), asked.replica, 'PX', asked.lease)
return 1
