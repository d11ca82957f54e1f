-- A page of users: the id after which the next page begins, or '', then seven values for each.
-- ARGV: how many expired ones to let go, changes kept, most users, id after which to begin or ''.

local pruned_at_once, max, size, after = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

prune(pruned_at_once, max)

local page, count, seen = {''}, 0, 0
while true do
    local from = after == '' and '-' or '(' .. after
    local missing = size - count + 1
    local ids = redis.call('ZRANGEBYLEX', IDS, from, '+', 'LIMIT', 0, missing)
    for _, id in ipairs(ids) do
        if count == size then
            -- There is more: the next page begins after the last on this one.
            page[1] = after
            return page
        end
        local u = read(id)
        if u then
            count = count + 1
            page[#page + 1] = id
            for field = 1, 6 do
                page[#page + 1] = u[field]
            end
        else
            expire(id, max) -- its time is up, or Redis has evicted it
        end
        after = id
    end
    seen = seen + #ids
    if #ids < missing then
        return page
    end
    if seen > 2000 then
        -- So many ghosts at once are more than one script should deal with: a short page.
        page[1] = after
        return page
    end
end
