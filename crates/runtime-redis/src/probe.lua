-- Whether a store serves the scripts of a program. KEYS[1] is a key under its prefix that never
-- exists; ARGV: the functions that its scripts call. Answers what is lacking.

local function is_there(name)
  local value = _G
  for part in string.gmatch(name, '[^.]+') do value = value[part] end
  return value ~= nil
end

local lacking = {}
for _, name in ipairs(ARGV) do
  local well, there = pcall(is_there, name)
  if not (well and there) then lacking[#lacking + 1] = name end
end
-- Stand-ins for tests differ here, and would write what is wrong.
if redis.call('HMGET', KEYS[1], 'nothing')[1] ~= false then
  lacking[#lacking + 1] = 'false for what HMGET does not find'
end
if string.format('%.0f', 1700000000000) ~= '1700000000000' then
  lacking[#lacking + 1] = 'string.format of large numbers'
end

-- Refused where nothing may be written. It needs no memory: who is full still reads and removes.
redis.call('HDEL', KEYS[1], 'nothing')
return lacking
