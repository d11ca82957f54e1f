
-- Appends an entry to the log that all replicas of a service share, by the rules of domain/log.rs.
--
-- Asked: `epoch` of the log; `event` (message, joined, left), `id`, `entry` as it is kept; `relay`
-- (required, if_room, always, never); `weight`, `max_entries`, `max_bytes` of what waits for peers;
-- `history`, entries kept; `known_for`, seconds. Of an own one (`source`) `session`, `replica` and
-- `client`; of a peer's `origin`, `origin_epoch` and `number`.
-- Answered: `outcome` (appended, duplicate, full, lost), and where it is known `cursor` and `sequence`.

if redis.call('GET', key('epoch')) ~= asked.epoch then
  return {'outcome', 'lost'}
end

local is_own, is_message = asked.source == 'own', asked.event == 'message'
local state, out, here = key('state'), key('out'), key('here')
local relay = asked.relay

local function duplicate(cursor)
  return {'outcome', 'duplicate', 'cursor', cursor or ''}
end

-- What remembers that this was appended: a message by its id; all of a peer by its count.
local by_id, by_count
if asked.source == 'peer' then
  by_count = key('taken:' .. asked.origin .. ':' .. asked.origin_epoch)
  by_id = is_message and key('relayed:' .. asked.origin .. ':' .. asked.id)
elseif is_own then
  by_id = is_message and key('said:' .. asked.session .. ':' .. asked.id)
else
  by_id = key('original:' .. asked.id)
end

-- What was appended before is not appended again.
if by_count then
  local last = redis.call('GET', by_count)
  if last and tonumber(asked.number) <= tonumber(last) then return duplicate() end
end
if by_id then
  local before = redis.call('GET', by_id)
  if before then return duplicate(before) end
end
if is_own and not is_message then
  local known = redis.call('HGET', here, asked.session)
  local at, told = string.match(known or '', '^(%S+) (%d) ')
  if asked.event == 'joined' and known then
    -- It is here by another connection, perhaps at another replica, and is here no less now.
    redis.call('HSET', here, asked.session, asked.replica .. ' ' .. told .. ' ' .. asked.client)
    return duplicate()
  elseif asked.event == 'left' then
    -- Only the replica that a session is at may say that it left, and only once.
    if at ~= asked.replica then return duplicate() end
    if relay ~= 'never' then
      relay = told == '1' and 'always' or 'never'
    end
  end
end

-- A number for the peers, if they are to be told and there is room.
local sequence = ''
if is_own and relay ~= 'never' then
  local bytes = tonumber(redis.call('HGET', state, 'bytes') or '0')
  local has_room = redis.call('XLEN', out) < tonumber(asked.max_entries)
    and bytes + tonumber(asked.weight) <= tonumber(asked.max_bytes)
  if has_room or relay == 'always' then
    sequence = integer(redis.call('HINCRBY', state, 'sequence', 1))
  elseif relay == 'required' then
    return {'outcome', 'full'}
  end
end

local cursor = integer(redis.call('HINCRBY', state, 'cursor', 1))
redis.call('XADD', key('log'), 'MAXLEN', '~', asked.history, cursor .. '-0',
  'e', asked.entry, 's', sequence)
if sequence ~= '' then
  redis.call('XADD', out, sequence .. '-0', 'e', asked.entry, 'c', cursor, 'w', asked.weight)
  redis.call('HINCRBY', state, 'bytes', asked.weight)
end
if by_count then
  redis.call('SET', by_count, asked.number, 'EX', asked.known_for)
end
if by_id then
  redis.call('SET', by_id, cursor, 'EX', asked.known_for)
end
if is_own and asked.event == 'joined' then
  local told = sequence ~= '' and '1' or '0'
  redis.call('HSET', here, asked.session, asked.replica .. ' ' .. told .. ' ' .. asked.client)
elseif is_own and asked.event == 'left' then
  redis.call('HDEL', here, asked.session)
end
return {'outcome', 'appended', 'cursor', cursor, 'sequence', sequence}
