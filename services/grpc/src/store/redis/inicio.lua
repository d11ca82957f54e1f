-- Where the stream of changes ends. There is always an entry, so that a token always names one that
-- can be looked for.

local ultimo = redis.call('XREVRANGE', MUDANCAS, '+', '-', 'COUNT', 1)
if ultimo[1] then
    return ultimo[1][1]
end
return redis.call('XADD', MUDANCAS, '*', 'tipo', 'INICIO')
