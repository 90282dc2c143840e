-- Takes due jobs.

-- The first lanes of a priority that have a job which may start, in the order of their heads.
local function gather(priority, most)
  local lanes, from, size = {}, 0, math.max(8, math.min(most, 64))
  repeat
    local chunk = call('ZRANGEBYSCORE', K .. 'h' .. priority, '-inf', now, 'LIMIT', from, size)
    for i = 1, #chunk do
      local lane = string.sub(chunk[i], 17)
      local kind = served(lane)
      if kind and room_of(kind).left > 0 then
        lanes[#lanes + 1] = {name = lane, kind = kind, taken = 0}
        if #lanes >= most then return lanes end
      end
    end
    local last = #chunk < size
    from, size = from + size, 64
  until last
  return lanes
end

local function refill(lane, priority, most)
  lane.jobs = call('ZRANGEBYSCORE', K .. 'w' .. priority .. ':' .. lane.name, '-inf', now, 'WITHSCORES', 'LIMIT',
    lane.taken, math.min(most, 64))
  lane.next = 1
end

local function before(a, b)
  local due, other = tonumber(a.jobs[a.next + 1]), tonumber(b.jobs[b.next + 1])
  if due ~= other then return due < other end
  return a.jobs[a.next] < b.jobs[b.next]
end

local function start(id, lease)
  local j = job(id)
  if not j then
    -- It was taken from the server behind our back.
    waits = waits - 1
    return nil
  end
  leave(j, true)
  put(j, 's', '1')
  put(j, 'un', later(lease))
  put(j, 'st', now)
  put(j, 'ra', nil)
  put(j, 'n', j.n + 1)
  put(j, 'l', j.l + 1)
  enter(j)
  save(j)
  told[#told + 1] = id
  return {record_of(j), call('GET', K .. 'a:' .. id)}
end

local function claim_all()
  local most, lease = number(), take()
  read_selection()
  local ids = {}
  for priority = 0, 3 do
    while #ids < most do
      local lanes = gather(priority, most - #ids)
      if #lanes == 0 then break end
      local all = {}
      for i, lane in ipairs(lanes) do
        all[i] = lane
        refill(lane, priority, most)
        lane.first = lane.jobs[1]
      end
      -- Until a lane is found without room: others may have waited behind it.
      while #ids < most and #lanes > 0 do
        local lane = lanes[1]
        local room = room_of(lane.kind)
        if room.left == 0 then
          local limit = limits[lane.kind]
          if limit and limit.most then leave_full(lane.kind, room) end
          break
        end
        room.left = room.left - 1
        room.taken = room.taken + 1
        ids[#ids + 1] = string.sub(lane.jobs[lane.next], 17)
        lane.taken = lane.taken + 1
        lane.next = lane.next + 2
        if not lane.jobs[lane.next] then refill(lane, priority, most) end
        table.remove(lanes, 1)
        if lane.jobs[lane.next] then
          local place = 1
          while lanes[place] and before(lanes[place], lane) do place = place + 1 end
          table.insert(lanes, place, lane)
        end
      end
      for _, lane in ipairs(all) do
        if lane.taken > 0 then
          call('ZREMRANGEBYRANK', K .. 'w' .. priority .. ':' .. lane.name, 0, lane.taken - 1)
          behead(priority, lane.name, lane.first)
        end
      end
    end
  end
  local claimed = {}
  for _, id in ipairs(ids) do claimed[#claimed + 1] = start(id, lease) end
  spend()
  return claimed
end
