-- Removes a user.
-- ARGV: how many expired ones to let go, changes kept, id, version or '', traceparent.

local poda, max, id, versao, traceparent = unpack(ARGV)

podar(poda, max)

local u = ler(id)
if not u then
    return {'SUMIU', id}
end
if versao ~= '' and versao ~= u[5] then
    return {'VERSAO'}
end
redis.call('DEL', chave_email(redis.call('HGET', chave(id), 'email_chave')), chave(id))
esquecer(id)
anunciar('REMOVIDO', id, u, AGORA, traceparent, max)
return {'OK'}
