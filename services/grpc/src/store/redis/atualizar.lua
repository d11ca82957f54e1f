-- Changes a user.
-- ARGV: how many expired ones to let go, changes kept, id, '1' if the name changes, name, '1' if the
-- e-mail changes, e-mail, its key, version or '', time to live in ms, traceparent.

local poda, max, id, muda_nome, nome, muda_email, email, email_chave = unpack(ARGV, 1, 8)
local versao, ttl, traceparent = ARGV[9], tonumber(ARGV[10]), ARGV[11]

podar(poda, max)

local u = ler(id)
if not u then
    return {'SUMIU', id}
end
if versao ~= '' and versao ~= u[5] then
    return {'VERSAO'}
end
local antiga = redis.call('HGET', chave(id), 'email_chave')
if muda_email ~= '1' then
    email, email_chave = u[2], antiga
elseif email_de_outro(email_chave, id) then
    return {'EMAIL'}
end

if antiga ~= email_chave then
    redis.call('DEL', chave_email(antiga))
end
u[1], u[2] = muda_nome == '1' and nome or u[1], email
u[4], u[5] = inteiro(AGORA), inteiro(tonumber(u[5]) + 1)
guardar(id, u, email_chave, ttl)
anunciar('ATUALIZADO', id, u, AGORA, traceparent, max)
return {'OK', id, unpack(u)}
