-- One page of jobs, newest first.
local scope, status, kind, queue, batch = text(), text(), text(), text(), text()
local limit, cursor, offset = number(), text(), number()
local MOST, CHUNK = 10000, 64
local sets, total, least = {}, 0, 0
local narrowed = batch and (kind or queue)
local owners = batch and (scope and {scope} or call('SMEMBERS', K .. 'B:' .. batch))

local function add(key)
  local jobs = call('ZCARD', key)
  if jobs > 0 then
    sets[#sets + 1] = {key = key, from = 0}
    total = total + jobs
  end
end

for code = 0, 6 do
  local s = tostring(code)
  if not status or status == s then
    if batch then
      for _, owner in ipairs(owners) do add(batch_shelf(s, owner, batch)) end
    else
      for _, lane in ipairs(call('HKEYS', scope and lanes_of(scope) or K .. 'lanes')) do
        local t, q = parts_of(lane)
        if (not kind or kind == t) and (not queue or queue == q) then
          add(scope and own_shelf(s, scope, lane) or shelf(s, lane))
        end
      end
    end
  end
end

-- Far into a listing: where its page begins is found by halving, since numbers are given once. A plain walk costs each step.
local function count_from(place)
  local count = 0
  for _, set in ipairs(sets) do
    count = count + call('ZCOUNT', set.key, int(place), cursor and '(' .. cursor or '+inf')
  end
  return count
end

if offset > CHUNK and not narrowed then
  local low, high = 0, tonumber(call('HGET', K .. 'm', 'seq') or 0) + 1
  -- From `high` on there are no more than are skipped, from `low` on there are more.
  if count_from(0) > offset then
    while high - low > 1 do
      local middle = math.floor((low + high) / 2)
      if count_from(middle) > offset then low = middle else high = middle end
    end
    cursor, offset = int(high), 0
  else
    sets = {}
  end
end

-- A heap of the sets, by the number of their next job.
local heap, size = {}, 0

local function seq(set)
  return tonumber(set.jobs[set.next + 1])
end

local function refill(set)
  local below = cursor and not narrowed and '(' .. cursor or '+inf'
  set.size = math.min(CHUNK, 4 * (set.size or 1))
  set.jobs = call('ZREVRANGEBYSCORE', set.key, below, '-inf', 'WITHSCORES', 'LIMIT', set.from, set.size)
  set.from, set.next = set.from + set.size, 1
  return #set.jobs > 0
end

local function sink(i)
  while true do
    local child = 2 * i
    if child > size then return end
    if child < size and seq(heap[child + 1]) > seq(heap[child]) then child = child + 1 end
    if seq(heap[i]) >= seq(heap[child]) then return end
    heap[i], heap[child] = heap[child], heap[i]
    i = child
  end
end

for _, set in ipairs(sets) do
  if refill(set) then
    size = size + 1
    heap[size] = set
  end
end
for i = math.floor(size / 2), 1, -1 do sink(i) end

-- The next job and its number; nothing at the end.
local function next_job()
  local set = heap[1]
  if size == 0 then return nil end
  local id, number_of = set.jobs[set.next], set.jobs[set.next + 1]
  set.next = set.next + 2
  if not set.jobs[set.next] and not refill(set) then
    heap[1] = heap[size]
    heap[size] = nil
    size = size - 1
  end
  sink(1)
  return id, tonumber(number_of)
end

local function matches(id)
  local known = call('HMGET', K .. 'j:' .. id, 't', 'q')
  return (not kind or known[1] == kind) and (not queue or known[2] == queue)
end

local found, follow, last, skipped, looked = {}, false, nil, 0, 0
if narrowed then total = 0 end
while true do
  local id, place = next_job()
  if not id then break end
  looked = looked + 1
  if narrowed and looked > MOST then
    least = 1
    break
  end
  local here = true
  if narrowed then
    here = matches(id)
    if here then total = total + 1 end
    here = here and (not cursor or place < tonumber(cursor))
  end
  if here then
    if skipped < offset then
      skipped = skipped + 1
    elseif #found < limit then
      found[#found + 1] = record(id) or nil
      last = place
    else
      follow = true
      if not narrowed then break end
    end
  end
end
return done({total, least, follow and last and int(last) or '', found})
