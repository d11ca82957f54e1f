-- What every script begins with. KEYS[1] is the prefix of all keys of a service, with the hash tag
-- that keeps them in one slot of a cluster; keys.rs tells what they are. Arguments and answers are
-- lists of names and values.

local asked = {}
for i = 1, #ARGV, 2 do asked[ARGV[i]] = ARGV[i + 1] end

local function key(name)
  return KEYS[1] .. name
end

-- A number as Redis writes it, however large.
local function integer(number)
  return string.format('%.0f', number)
end
