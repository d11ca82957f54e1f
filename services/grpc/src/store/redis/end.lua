-- Where the stream of changes ends. There is always an entry, so that a token always names one that
-- can be looked for.

local last = redis.call('XREVRANGE', CHANGES, '+', '-', 'COUNT', 1)
if last[1] then
    return last[1][1]
end
return redis.call('XADD', CHANGES, '*', 'tipo', 'INICIO')
