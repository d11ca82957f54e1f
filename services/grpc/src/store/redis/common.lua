-- What every script begins with. REDIS.md tells what the keys are.
-- KEYS[1] is the prefix of them all, with the hash tag that keeps them in one slot.

local IDS, EXPIRY = KEYS[1] .. 'ids', KEYS[1] .. 'expira'
local LAST_STATES, CHANGES = KEYS[1] .. 'ultimos', KEYS[1] .. 'mudancas'
local FIELDS = {'nome', 'email', 'criado_em', 'atualizado_em', 'versao', 'expira_em'}

-- The time of Redis, so that replicas of the server need not agree on theirs.
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function integer(number)
    return string.format('%.0f', number)
end

local function user_key(id)
    return KEYS[1] .. 'u:' .. id
end

local function email_key(email)
    return KEYS[1] .. 'email:' .. email
end

-- The fields of a user, in the order of FIELDS; nil if there is none, or its time is up.
local function read(id)
    local u = redis.call('HMGET', user_key(id), unpack(FIELDS))
    local is_there = u[1] and u[5] and (u[6] == '' or tonumber(u[6]) > NOW)
    return is_there and u or nil
end

-- Adds a change to the stream; `at` in milliseconds.
local function announce(kind, id, u, at, traceparent, max)
    redis.call('XADD', CHANGES, 'MAXLEN', '~', max, '*', 'tipo', kind, 'id', id,
        'nome', u[1], 'email', u[2], 'criado_em', u[3], 'atualizado_em', u[4],
        'versao', u[5], 'expira_em', u[6], 'momento', integer(at), 'traceparent', traceparent)
end

-- Takes a user out of everything that Redis does not expire by itself.
local function forget(id)
    redis.call('ZREM', IDS, id)
    redis.call('ZREM', EXPIRY, id)
    redis.call('HDEL', LAST_STATES, id)
end

-- Lets one go whose time is up, and says so with its last state.
local function expire(id, max)
    local stored = redis.call('HGET', LAST_STATES, id)
    redis.call('DEL', user_key(id))
    forget(id)
    if stored then
        local u = cjson.decode(stored)
        local email = email_key(u[7])
        if redis.call('GET', email) == id then
            redis.call('DEL', email)
        end
        announce('EXPIRADO', id, u, tonumber(u[6]), '', max)
    end
end

-- Lets those go whose time is up, at most so many. Returns how many there were.
local function prune(count, max)
    local expired = redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', NOW, 'LIMIT', 0, count)
    for _, id in ipairs(expired) do
        expire(id, max)
    end
    return #expired
end

-- Whether somebody other than `id` has this e-mail now.
local function email_is_taken(email, id)
    local owner = redis.call('GET', email_key(email))
    return owner and owner ~= id and read(owner) ~= nil
end

-- Writes a user, with its index and its expiry; `ttl` in milliseconds, 0 for ever.
local function store(id, u, email, ttl)
    u[6] = ttl > 0 and integer(NOW + ttl) or ''
    redis.call('HSET', user_key(id), 'nome', u[1], 'email', u[2], 'criado_em', u[3],
        'atualizado_em', u[4], 'versao', u[5], 'expira_em', u[6], 'email_chave', email)
    redis.call('SET', email_key(email), id)
    redis.call('ZADD', IDS, 0, id)
    if ttl > 0 then
        -- A key is gone after the moment that it is given, a user at it.
        redis.call('PEXPIREAT', user_key(id), integer(NOW + ttl - 1))
        redis.call('PEXPIREAT', email_key(email), integer(NOW + ttl - 1))
        redis.call('ZADD', EXPIRY, integer(NOW + ttl), id)
        redis.call('HSET', LAST_STATES, id, cjson.encode({u[1], u[2], u[3], u[4], u[5], u[6], email}))
    else
        redis.call('PERSIST', user_key(id))
        redis.call('ZREM', EXPIRY, id)
        redis.call('HDEL', LAST_STATES, id)
    end
end

