-- Takes an entry into the log that all replicas of a service share, by the rules of domain/log.rs.
local epoch, state, log, out, once, again, here = unpack(KEYS)
local expected, from, moved, entry, passing = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local weight, max_letters, max_bytes = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local history, number, ttl = ARGV[9], tonumber(ARGV[10]), ARGV[11]
local session, replica, client = ARGV[12], ARGV[13], ARGV[14]

if redis.call('GET', epoch) ~= expected then
  return {'lost'}
end

-- What was taken before is not taken again.
if from == 'own' and moved == '' then
  local before = redis.call('GET', once)
  if before then return {'duplicate', before} end
elseif from == 'peer' then
  local last = redis.call('GET', once)
  if last and number <= tonumber(last) then return {'duplicate', ''} end
  if moved == '' then
    local before = redis.call('GET', again)
    if before then return {'duplicate', before} end
  end
elseif from == 'own' then
  local known = redis.call('HGET', here, session)
  if moved == 'joined' and known then
    -- It is here by another connection, perhaps at another replica, and is here no less now.
    local told = string.match(known, ' (%d) ')
    redis.call('HSET', here, session, replica .. ' ' .. told .. ' ' .. client)
    return {'duplicate', ''}
  elseif moved == 'left' then
    -- Only the replica that a session is at may say that it left, and only once.
    if not known or string.match(known, '^(%S+)') ~= replica then
      return {'duplicate', ''}
    end
    if passing ~= 'never' then
      passing = string.match(known, ' (%d) ') == '1' and 'always' or 'never'
    end
  end
end

-- A number for the peers, if they are to be told and there is room.
local sequence = ''
if from == 'own' and passing ~= 'never' then
  local bytes = tonumber(redis.call('HGET', state, 'bytes') or '0')
  local has_room = redis.call('XLEN', out) < max_letters and bytes + weight <= max_bytes
  if has_room or passing == 'always' then
    sequence = redis.call('HINCRBY', state, 'sequence', 1)
  elseif passing == 'required' then
    return {'full'}
  end
end

local cursor = redis.call('HINCRBY', state, 'cursor', 1)
redis.call('XADD', log, 'MAXLEN', '~', history, cursor .. '-0', 'e', entry, 's', sequence)
if sequence ~= '' then
  redis.call('XADD', out, sequence .. '-0', 'e', entry, 'c', cursor, 'w', weight)
  redis.call('HINCRBY', state, 'bytes', weight)
end
if from == 'own' and moved == '' then
  redis.call('SET', once, cursor, 'EX', ttl)
elseif from == 'peer' then
  redis.call('SET', once, number, 'EX', ttl)
  if moved == '' then redis.call('SET', again, cursor, 'EX', ttl) end
elseif moved == 'joined' then
  local told = sequence ~= '' and '1' or '0'
  redis.call('HSET', here, session, replica .. ' ' .. told .. ' ' .. client)
elseif moved == 'left' then
  redis.call('HDEL', here, session)
end
return {'taken', tostring(cursor), tostring(sequence)}
