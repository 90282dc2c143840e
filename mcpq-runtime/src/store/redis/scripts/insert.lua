-- Adds jobs, all or none.
local bound, count = number(), number()
local known = call('HMGET', K .. 'm', 'waiting', 'running')
local waiting = tonumber(known[1] or 0)
local jobs, replies, fresh, keys, equals = {}, {}, {}, {}, {}

-- The stored job that stands for a new one, or one of this very batch.
local function standing(j, named)
  if fresh[j.id] or call('EXISTS', K .. 'j:' .. j.id) == 1 then return {'C'} end
  if j.ik then
    local id = keys[named .. j.ik] or call('HGET', K .. 'keys', named .. j.ik)
    if id and (fresh[id] or call('EXISTS', K .. 'j:' .. id) == 1) then
      local hash = fresh[id] and fresh[id].ah or call('HGET', K .. 'j:' .. id, 'ah') or nil
      return {hash == j.ah and 'E' or 'X', id}
    end
  end
  if not j.u or not j.ah then return nil end
  local id = equals[named .. j.ah] or call('HGET', K .. 'equals', named .. j.ah)
  if not id then return nil end
  local status = fresh[id] and '0' or call('HGET', K .. 'j:' .. id, 's')
  if status and (j.u == '2' or status < '3') then return {'E', id} end
end

for i = 1, count do
  local j = {id = take(), t = take(), o = take(), q = take(), p = take(), at = take(), delay = take(), args = take(),
    sc = take(), ah = text(), ik = text(), u = text(), ma = take(), to = take(), kr = text(), kf = text(), b = text(),
    bi = take()}
  local named = #j.o .. ':' .. j.o .. #j.t .. ':' .. j.t
  local reply = standing(j, named)
  if not reply then
    if waiting >= bound then return done({'F', known[1] or 0, known[2] or 0}) end
    waiting = waiting + 1
    fresh[j.id] = j
    jobs[#jobs + 1] = j
    if j.ik then keys[named .. j.ik] = j.id end
    if j.u and j.ah then equals[named .. j.ah] = j.id end
    reply = {'C'}
  end
  replies[i] = reply
end

for _, j in ipairs(jobs) do
  j.sq = int(call('HINCRBY', K .. 'm', 'seq', 1))
  -- The first job there is: the server may have been emptied.
  if j.sq == '1' then call('HSETNX', K .. 'm', 'layout', 1) end
  local due = now
  if j.at == '1' then due = later(j.delay) end
  if j.at == '2' then due = math.min(math.max(now, tonumber(j.delay)), NEVER) end
  j.s, j.un, j.lane = '0', int(due), lane_of(j.t, j.q)
  local fields = {'s', '0', 't', j.t, 'o', j.o, 'q', j.q, 'p', j.p, 'sq', j.sq, 'un', j.un, 'ca', int(now), 'n', '0',
    'c', '0', 'l', '0', 'pr', '0', 'sc', j.sc, 'ma', j.ma, 'to', j.to}
  for _, field in ipairs({'ah', 'ik', 'u', 'kr', 'kf', 'b'}) do
    if j[field] then
      fields[#fields + 1] = field
      fields[#fields + 1] = j[field]
    end
  end
  if j.b then
    fields[#fields + 1] = 'bi'
    fields[#fields + 1] = j.bi
    call('SADD', K .. 'B:' .. j.b, j.o)
  end
  if due > now then
    fields[#fields + 1] = 'ra'
    fields[#fields + 1] = j.un
  end
  call('HSET', K .. 'j:' .. j.id, unpack(fields))
  call('SET', K .. 'a:' .. j.id, j.args)
  call('HINCRBY', K .. 'lanes', j.lane, 1)
  call('HINCRBY', lanes_of(j.o), j.lane, 1)
  enter(j)
end
if #jobs > 0 then ready = true end
for key, id in pairs(keys) do call('HSET', K .. 'keys', key, id) end
for key, id in pairs(equals) do call('HSET', K .. 'equals', key, id) end
for _, reply in ipairs(replies) do
  if reply[1] == 'E' then reply[3] = record(reply[2]) end
end
return done({'D', replies})
