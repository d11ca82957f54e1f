-- Creates a user, or finds the one that the same request has created.
-- ARGV: how many expired ones to let go, changes kept, end of the id, name, e-mail, its key, time to
-- live in ms, most users, id of the request or '', how long it is remembered in ms, traceparent.

local pruned_at_once, max, tail, name, email, email_index = unpack(ARGV, 1, 6)
local ttl, max_users = tonumber(ARGV[7]), tonumber(ARGV[8])
local request, remembered, traceparent = unpack(ARGV, 9, 11)

prune(pruned_at_once, max)

local request_key = KEYS[1] .. 'pedido:' .. request
local fingerprint = redis.sha1hex(name .. '\0' .. email)
if request ~= '' then
    local made = redis.call('HMGET', request_key, 'id', 'impressao')
    if made[1] then
        if made[2] ~= fingerprint then
            return {'REQUEST_DIFFERS'}
        end
        local u = read(made[1])
        return u and {'REPEATED', made[1], unpack(u)} or {'NOT_FOUND', made[1]}
    end
end
if email_is_taken(email_index, '') then
    return {'EMAIL_TAKEN'}
end
-- Those whose time is up and who were not let go yet take no place.
local living = redis.call('ZCARD', IDS) - redis.call('ZCOUNT', EXPIRY, '-inf', NOW)
if living >= max_users then
    return {'FULL'}
end

-- UUID of version 7: 48 bits of time, then what the caller has drawn.
local id = string.format('%08x-%04x', math.floor(NOW / 65536), NOW % 65536) .. tail
local u = {name, email, integer(NOW), integer(NOW), '1', ''}
store(id, u, email_index, ttl)
if request ~= '' then
    redis.call('HSET', request_key, 'id', id, 'impressao', fingerprint)
    redis.call('PEXPIRE', request_key, remembered)
end
announce('CRIADO', id, u, NOW, traceparent, max)
return {'OK', id, unpack(u)}
