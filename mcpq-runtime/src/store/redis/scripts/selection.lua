-- What a worker serves, and how many of each type may start.
local any, queues, limits, rooms = false, nil, {}, {}

local function read_selection()
  any = take() == '1'
  local count = number()
  if count > 0 then queues = {} end
  for _ = 1, count do queues[take()] = true end
  for _ = 1, number() do
    local kind, most, starts, per = take(), take(), take(), take()
    if not limits[kind] then
      limits[kind] = {most = tonumber(most), starts = tonumber(starts), per = tonumber(per)}
    end
  end
end

-- The tokens of a type's bucket, as of now.
local function tokens_of(kind, limit)
  local known = call('HMGET', K .. 'buckets', 't' .. kind, 'a' .. kind)
  if not known[1] then return limit.starts end
  local gained = math.max(0, now - tonumber(known[2])) * limit.starts / math.max(1, limit.per)
  return math.min(limit.starts, tonumber(known[1]) + gained)
end

-- Jobs of a type are left for want of a place: an end is worth telling.
local function leave_full(kind, room)
  if room.full then return end
  proceed()
  call('SADD', K .. 'full', kind)
  room.full = true
end

-- How many jobs of a type may start.
local function room_of(kind)
  local room = rooms[kind]
  if room then return room end
  local limit = limits[kind]
  room = {left = math.huge, taken = 0}
  if limit and limit.most then
    room.left = math.max(0, limit.most - tonumber(call('HGET', K .. 'run', kind) or 0))
    if room.left == 0 then leave_full(kind, room) end
  end
  if limit and limit.starts then
    room.tokens = tokens_of(kind, limit)
    room.left = math.min(room.left, math.floor(room.tokens))
  end
  rooms[kind] = room
  return room
end

-- The type of a lane, where it is served.
local function served(lane)
  local kind, queue = parts_of(lane)
  if (any or limits[kind]) and (not queues or queues[queue]) then return kind end
end

-- Notes what has started.
local function spend()
  for kind, room in pairs(rooms) do
    if room.tokens and room.taken > 0 then
      call('HSET', K .. 'buckets', 't' .. kind, format('%.17g', room.tokens - room.taken), 'a' .. kind, int(now))
    end
  end
end
