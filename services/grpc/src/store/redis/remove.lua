-- Removes a user.
-- ARGV: how many expired ones to let go, changes kept, id, version or '', traceparent.

local pruned_at_once, max, id, version, traceparent = unpack(ARGV)

prune(pruned_at_once, max)

local u = read(id)
if not u then
    return {'NOT_FOUND', id}
end
if version ~= '' and version ~= u[5] then
    return {'VERSION_DIFFERS'}
end
redis.call('DEL', email_key(redis.call('HGET', user_key(id), 'email_chave')), user_key(id))
forget(id)
announce('REMOVIDO', id, u, NOW, traceparent, max)
return {'OK'}
