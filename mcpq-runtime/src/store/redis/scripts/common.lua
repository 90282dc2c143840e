-- What every script begins with: the time, jobs and their indexes.
--
-- All keys begin with KEYS[1], which holds the hash tag. m: counters. j:ID a job, a: its arguments, r: its result,
-- h: its history, e: its journal's entries, g: their order. wP:LANE the waiting jobs of a priority, hP the heads of those lanes,
-- dl ends of leases, xp ends of keeping. yS:LANE and oS:OWNER LANE the jobs of a status, bS:OWNER BATCH those of a batch,
-- B:BATCH its owners.
-- keys, equals: ids by key and by arguments. run: how many of a type run. full: types that were found full.
-- Numbers beyond 14 digits are never joined to a text by `..`, which would round them.
local K, call, format = KEYS[1], redis.call, string.format
local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]
local NEVER = 9000000000000000
local at = 1
local waits, runs = 0, 0
local ready, told, asked = false, {}, {}

local function take()
  at = at + 1
  return ARGV[at]
end

local function int(number)
  return format('%.0f', number)
end

-- An optional text: nothing, or the text behind a sign.
local function text()
  local given = take()
  if given ~= '' then return string.sub(given, 2) end
end

local function number()
  return tonumber(take())
end

local function later(delay)
  return math.min(now + tonumber(delay), NEVER)
end

-- Where the server is short of memory, what has written once may go on: this changes nothing.
local function proceed()
  call('DEL', K .. 'none')
end

local function lane_of(kind, queue)
  return #kind .. ':' .. kind .. queue
end

local function parts_of(lane)
  local colon = string.find(lane, ':', 1, true)
  local size = tonumber(string.sub(lane, 1, colon - 1))
  return string.sub(lane, colon + 1, colon + size), string.sub(lane, colon + size + 1)
end

local function lanes_of(owner)
  return K .. 'lanes:' .. #owner .. ':' .. owner
end

local function shelf(status, lane)
  return K .. 'y' .. status .. ':' .. lane
end

local function own_shelf(status, owner, lane)
  return K .. 'o' .. status .. ':' .. #owner .. ':' .. owner .. lane
end

local function batch_shelf(status, owner, batch)
  return K .. 'b' .. status .. ':' .. #owner .. ':' .. owner .. batch
end

local function job(id)
  local fields = call('HGETALL', K .. 'j:' .. id)
  if #fields == 0 then return nil end
  local found = {id = id, new = {}}
  for i = 1, #fields, 2 do found[fields[i]] = fields[i + 1] end
  found.lane = lane_of(found.t, found.q)
  return found
end

-- The job, where the scope includes it.
local function job_in(scope, id)
  local found = job(id)
  if found and (not scope or scope == found.o) then return found end
end

local function held(id, lease)
  local found = job(id)
  if found and found.s == '1' and found.l == lease then return found end
end

-- Changes a field; nothing removes it.
local function put(j, field, value)
  if type(value) == 'number' then value = int(value) end
  if value == j[field] then return end
  j[field] = value
  j.new[field] = value or false
end

local function save(j)
  local set, gone = {}, {}
  for field, value in pairs(j.new) do
    if value then
      set[#set + 1] = field
      set[#set + 1] = value
    else
      gone[#gone + 1] = field
    end
  end
  if #set > 0 then call('HSET', K .. 'j:' .. j.id, unpack(set)) end
  if #gone > 0 then call('HDEL', K .. 'j:' .. j.id, unpack(gone)) end
  j.new = {}
end

local function member_of(j)
  return format('%016.0f', j.sq) .. j.id
end

local function head(priority, lane)
  local first = call('ZRANGE', K .. 'w' .. priority .. ':' .. lane, 0, 0, 'WITHSCORES')
  return first[1], tonumber(first[2])
end

local function mark(lane, member)
  return string.sub(member, 1, 16) .. lane
end

-- A lane whose head was this one has another now.
local function behead(priority, lane, was)
  call('ZREM', K .. 'h' .. priority, mark(lane, was))
  local member, due = head(priority, lane)
  if member then call('ZADD', K .. 'h' .. priority, due, mark(lane, member)) end
end

local function add_up(key, field, by)
  if call('HINCRBY', key, field, by) == 0 then call('HDEL', key, field) end
end

-- Puts a job into the indexes of its status.
local function enter(j)
  local s, sq, id, lane = j.s, j.sq, j.id, j.lane
  call('ZADD', shelf(s, lane), sq, id)
  call('ZADD', own_shelf(s, j.o, lane), sq, id)
  if j.b then call('ZADD', batch_shelf(s, j.o, j.b), sq, id) end
  if s == '0' then
    waits = waits + 1
    local member, due = member_of(j), tonumber(j.un)
    local was, first = head(j.p, lane)
    call('ZADD', K .. 'w' .. j.p .. ':' .. lane, due, member)
    if not was or due < first or (due == first and member < was) then
      if was then call('ZREM', K .. 'h' .. j.p, mark(lane, was)) end
      call('ZADD', K .. 'h' .. j.p, due, mark(lane, member))
    end
  elseif s == '1' then
    runs = runs + 1
    call('ZADD', K .. 'dl', j.un, id)
    call('HINCRBY', K .. 'run', j.t, 1)
  elseif s == '2' then
    waits = waits + 1
    call('ZADD', K .. 'dl', j.un, id)
  elseif j.un then
    call('ZADD', K .. 'xp', j.un, id)
  end
end

-- A job that ran or waited for an answer does so no more; `from_lane` leaves its lane to the caller.
local function leave(j, from_lane)
  local s, id, lane = j.s, j.id, j.lane
  call('ZREM', shelf(s, lane), id)
  call('ZREM', own_shelf(s, j.o, lane), id)
  if j.b then call('ZREM', batch_shelf(s, j.o, j.b), id) end
  if s == '0' then
    waits = waits - 1
    if from_lane then return end
    local member = member_of(j)
    local was = head(j.p, lane)
    call('ZREM', K .. 'w' .. j.p .. ':' .. lane, member)
    if was == member then behead(j.p, lane, was) end
  elseif s == '1' then
    runs = runs - 1
    call('ZREM', K .. 'dl', id)
    add_up(K .. 'run', j.t, -1)
    if call('SREM', K .. 'full', j.t) == 1 then ready = true end
  elseif s == '2' then
    waits = waits - 1
    call('ZREM', K .. 'dl', id)
  else
    call('ZREM', K .. 'xp', id)
  end
end

-- A job as the program reads it.
local function record_of(j)
  local fields, history = {}, {}
  for field, value in pairs(j) do
    if field ~= 'id' and field ~= 'new' and field ~= 'lane' then
      fields[#fields + 1] = field
      fields[#fields + 1] = value
    end
  end
  -- A job has no history before its first lease.
  if j.l ~= '0' then history = call('LRANGE', K .. 'h:' .. j.id, 0, -1) end
  return {j.id, fields, history}
end

-- The same by its id; nothing where the server has forgotten it.
local function record(id)
  local fields = call('HGETALL', K .. 'j:' .. id)
  if #fields == 0 then return false end
  return {id, fields, call('LRANGE', K .. 'h:' .. id, 0, -1)}
end

-- Adds the running attempt to the job's history.
local function remember(j, ending, code, message)
  local started = j.st or int(now)
  local line = j.l .. ' ' .. started .. ' ' .. int(now) .. ' ' .. ending .. ' ' .. (code or '-') .. ' ' .. (message or '')
  call('RPUSH', K .. 'h:' .. j.id, line)
  call('LTRIM', K .. 'h:' .. j.id, -128, -1)
end

-- Makes a job pending.
local function wait(j, delay)
  leave(j)
  put(j, 's', '0')
  put(j, 'un', later(delay))
  put(j, 'ra', tonumber(delay) > 0 and j.un or nil)
  enter(j)
  ready = true
  return '0'
end

-- Ends a job.
local function finalize(j, status, code, message)
  leave(j)
  local keep = j.kr
  if status == '4' or status == '5' then keep = j.kf end
  put(j, 's', status)
  put(j, 'un', keep and later(keep) or nil)
  put(j, 'ec', code)
  put(j, 'em', message)
  put(j, 'ra', nil)
  put(j, 'fi', now)
  enter(j)
  return status
end

-- Returns a job to pending without charging the attempt, or ends it where somebody asked for that.
local function give_back(j)
  put(j, 'n', math.max(0, j.n - 1))
  if j.cr then return finalize(j, '6') end
  return wait(j, 0)
end

-- Forgets a job in any status.
local function forget(j)
  leave(j)
  local id = j.id
  call('DEL', K .. 'j:' .. id, K .. 'a:' .. id, K .. 'r:' .. id, K .. 'h:' .. id, K .. 'e:' .. id, K .. 'g:' .. id)
  local named = #j.o .. ':' .. j.o .. #j.t .. ':' .. j.t
  if j.ik then call('HDEL', K .. 'keys', named .. j.ik) end
  if j.u and j.ah and call('HGET', K .. 'equals', named .. j.ah) == id then call('HDEL', K .. 'equals', named .. j.ah) end
  if j.b then
    local left = 0
    for status = 0, 6 do left = left + call('EXISTS', batch_shelf(status, j.o, j.b)) end
    if left == 0 then call('SREM', K .. 'B:' .. j.b, j.o) end
  end
  add_up(K .. 'lanes', j.lane, -1)
  add_up(lanes_of(j.o), j.lane, -1)
end

-- Ends a script: counts, tells, and gives its answer.
local function done(answer)
  if waits ~= 0 then call('HINCRBY', K .. 'm', 'waiting', waits) end
  if runs ~= 0 then call('HINCRBY', K .. 'm', 'running', runs) end
  local words = {}
  if ready then words[1] = 'r' end
  if #told + #asked > 200 then
    words = {'*'}
  else
    for _, id in ipairs(told) do words[#words + 1] = 'c' .. id end
  end
  for i = 1, math.min(#asked, 200) do words[#words + 1] = 'x' .. asked[i] end
  local news = table.concat(words, ' ')
  if news ~= '' then call('PUBLISH', K .. 'news', ARGV[1] .. ' ' .. news) end
  return {answer, news}
end
