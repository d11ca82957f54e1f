-- What every script begins with. REDIS.md tells what the keys are.
-- KEYS[1] is the prefix of them all, with the hash tag that keeps them in one slot.

local IDS, EXPIRA = KEYS[1] .. ':ids', KEYS[1] .. ':expira'
local ULTIMOS, MUDANCAS = KEYS[1] .. ':ultimos', KEYS[1] .. ':mudancas'
local CAMPOS = {'nome', 'email', 'criado_em', 'atualizado_em', 'versao', 'expira_em'}

-- The time of Redis, so that replicas of the server need not agree on theirs.
local relogio = redis.call('TIME')
local AGORA = relogio[1] * 1000 + math.floor(relogio[2] / 1000)

local function inteiro(numero)
    return string.format('%.0f', numero)
end

local function chave(id)
    return KEYS[1] .. ':u:' .. id
end

local function chave_email(email)
    return KEYS[1] .. ':email:' .. email
end

-- The fields of a user, in the order of CAMPOS; nil if there is none, or its time is up.
local function ler(id)
    local u = redis.call('HMGET', chave(id), unpack(CAMPOS))
    local ha = u[1] and u[5] and (u[6] == '' or tonumber(u[6]) > AGORA)
    return ha and u or nil
end

-- Adds a change to the stream; `momento` in milliseconds.
local function anunciar(tipo, id, u, momento, traceparent, max)
    redis.call('XADD', MUDANCAS, 'MAXLEN', '~', max, '*', 'tipo', tipo, 'id', id,
        'nome', u[1], 'email', u[2], 'criado_em', u[3], 'atualizado_em', u[4],
        'versao', u[5], 'expira_em', u[6], 'momento', inteiro(momento), 'traceparent', traceparent)
end

-- Takes a user out of everything that Redis does not expire by itself.
local function esquecer(id)
    redis.call('ZREM', IDS, id)
    redis.call('ZREM', EXPIRA, id)
    redis.call('HDEL', ULTIMOS, id)
end

-- Lets one go whose time is up, and says so with its last state.
local function expirar(id, max)
    local guardado = redis.call('HGET', ULTIMOS, id)
    redis.call('DEL', chave(id))
    esquecer(id)
    if guardado then
        local u = cjson.decode(guardado)
        local email = chave_email(u[7])
        if redis.call('GET', email) == id then
            redis.call('DEL', email)
        end
        anunciar('EXPIRADO', id, u, tonumber(u[6]), '', max)
    end
end

-- Lets those go whose time is up, at most so many. Returns how many there were.
local function podar(quantos, max)
    local idos = redis.call('ZRANGEBYSCORE', EXPIRA, '-inf', AGORA, 'LIMIT', 0, quantos)
    for _, id in ipairs(idos) do
        expirar(id, max)
    end
    return #idos
end

-- Whether somebody other than `id` has this e-mail now.
local function email_de_outro(email, id)
    local dono = redis.call('GET', chave_email(email))
    return dono and dono ~= id and ler(dono) ~= nil
end

-- Writes a user, with its index and its expiry; `ttl` in milliseconds, 0 for ever.
local function guardar(id, u, email, ttl)
    u[6] = ttl > 0 and inteiro(AGORA + ttl) or ''
    redis.call('HSET', chave(id), 'nome', u[1], 'email', u[2], 'criado_em', u[3],
        'atualizado_em', u[4], 'versao', u[5], 'expira_em', u[6], 'email_chave', email)
    redis.call('SET', chave_email(email), id)
    redis.call('ZADD', IDS, 0, id)
    if ttl > 0 then
        -- A key is gone after the moment that it is given, a user at it.
        redis.call('PEXPIREAT', chave(id), inteiro(AGORA + ttl - 1))
        redis.call('PEXPIREAT', chave_email(email), inteiro(AGORA + ttl - 1))
        redis.call('ZADD', EXPIRA, inteiro(AGORA + ttl), id)
        redis.call('HSET', ULTIMOS, id, cjson.encode({u[1], u[2], u[3], u[4], u[5], u[6], email}))
    else
        redis.call('PERSIST', chave(id))
        redis.call('ZREM', EXPIRA, id)
        redis.call('HDEL', ULTIMOS, id)
    end
end

