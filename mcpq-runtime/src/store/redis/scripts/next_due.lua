-- How long until a job becomes due and may start.

-- When a type may start by time alone; nothing while only an end makes room.
local function startable(kind)
  local room, limit = room_of(kind), limits[kind]
  if room.left > 0 then return now end
  if room.full or not limit.starts then return nil end
  return now + math.max(1, math.ceil((1 - room.tokens) * limit.per / math.max(1, limit.starts)))
end

read_selection()
local best
for priority = 0, 3 do
  local from, chunk = 0, nil
  repeat
    chunk = call('ZRANGE', K .. 'h' .. priority, from, from + 63, 'WITHSCORES')
    for i = 1, #chunk, 2 do
      local due = tonumber(chunk[i + 1])
      if best and due >= best then
        chunk = {}
        break
      end
      local kind = served(string.sub(chunk[i], 17))
      local start = kind and startable(kind)
      if start then best = math.min(best or NEVER, math.max(due, start)) end
    end
    from = from + 64
  until #chunk < 128
end
return done(best and int(math.max(0, best - now)) or '')
