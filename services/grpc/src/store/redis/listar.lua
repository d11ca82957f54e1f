-- A page of users: the id after which the next page begins, or '', then seven values for each.
-- ARGV: how many expired ones to let go, changes kept, most users, id after which to begin or ''.

local poda, max, tamanho, depois = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

podar(poda, max)

local pagina, quantos, proximo, vistos = {''}, 0, '', 0
while true do
    local desde = depois == '' and '-' or '(' .. depois
    local falta = tamanho - quantos + 1
    local ids = redis.call('ZRANGEBYLEX', IDS, desde, '+', 'LIMIT', 0, falta)
    for _, id in ipairs(ids) do
        if quantos == tamanho then
            -- There is more: the next page begins after the last on this one.
            pagina[1] = depois
            return pagina
        end
        local u = ler(id)
        if u then
            quantos = quantos + 1
            pagina[#pagina + 1] = id
            for campo = 1, 6 do
                pagina[#pagina + 1] = u[campo]
            end
        else
            expirar(id, max) -- its time is up, or Redis has evicted it
        end
        depois = id
    end
    vistos = vistos + #ids
    if #ids < falta then
        return pagina
    end
    if vistos > 2000 then
        -- So many ghosts at once are more than one script should deal with: a short page.
        pagina[1] = depois
        return pagina
    end
end
