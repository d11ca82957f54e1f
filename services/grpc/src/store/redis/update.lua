-- Changes a user.
-- ARGV: how many expired ones to let go, changes kept, id, '1' if the name changes, name, '1' if the
-- e-mail changes, e-mail, its key, version or '', time to live in ms, traceparent.

local pruned_at_once, max, id, changes_name, name, changes_email, email, email_index = unpack(ARGV, 1, 8)
local version, ttl, traceparent = ARGV[9], tonumber(ARGV[10]), ARGV[11]

prune(pruned_at_once, max)

local u = read(id)
if not u then
    return {'NOT_FOUND', id}
end
if version ~= '' and version ~= u[5] then
    return {'VERSION_DIFFERS'}
end
local old_index = redis.call('HGET', user_key(id), 'email_chave')
if changes_email ~= '1' then
    email, email_index = u[2], old_index
elseif email_is_taken(email_index, id) then
    return {'EMAIL_TAKEN'}
end

if old_index ~= email_index then
    redis.call('DEL', email_key(old_index))
end
u[1], u[2] = changes_name == '1' and name or u[1], email
u[4], u[5] = integer(NOW), integer(tonumber(u[5]) + 1)
store(id, u, email_index, ttl)
announce('ATUALIZADO', id, u, NOW, traceparent, max)
return {'OK', id, unpack(u)}
