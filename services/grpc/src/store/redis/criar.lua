-- Creates a user, or finds the one that the same request has created.
-- ARGV: how many expired ones to let go, changes kept, end of the id, name, e-mail, its key, time to
-- live in ms, most users, id of the request or '', how long it is remembered in ms, traceparent.

local poda, max, final, nome, email, email_chave = unpack(ARGV, 1, 6)
local ttl, max_usuarios = tonumber(ARGV[7]), tonumber(ARGV[8])
local pedido, lembrado, traceparent = unpack(ARGV, 9, 11)

podar(poda, max)

local chave_pedido = KEYS[1] .. ':pedido:' .. pedido
local impressao = redis.sha1hex(nome .. '\0' .. email)
if pedido ~= '' then
    local feito = redis.call('HMGET', chave_pedido, 'id', 'impressao')
    if feito[1] then
        if feito[2] ~= impressao then
            return {'PEDIDO'}
        end
        local u = ler(feito[1])
        return u and {'REPETIDO', feito[1], unpack(u)} or {'SUMIU', feito[1]}
    end
end
if email_de_outro(email_chave, '') then
    return {'EMAIL'}
end
-- Those whose time is up and who were not let go yet take no place.
local vivos = redis.call('ZCARD', IDS) - redis.call('ZCOUNT', EXPIRA, '-inf', AGORA)
if vivos >= max_usuarios then
    return {'CHEIO'}
end

-- UUID of version 7: 48 bits of time, then what the caller has drawn.
local id = string.format('%08x-%04x', math.floor(AGORA / 65536), AGORA % 65536) .. final
local u = {nome, email, inteiro(AGORA), inteiro(AGORA), '1', ''}
guardar(id, u, email_chave, ttl)
if pedido ~= '' then
    redis.call('HSET', chave_pedido, 'id', id, 'impressao', impressao)
    redis.call('PEXPIRE', chave_pedido, lembrado)
end
anunciar('CRIADO', id, u, AGORA, traceparent, max)
return {'OK', id, unpack(u)}
