-- Makes a failed, timed-out or cancelled job pending again.
local scope, id, bound = text(), take(), number()
local j = job_in(scope, id)
if not j then return done({'N'}) end
if j.s < '4' then return done({'S', j.s}) end
local equal = j.u and j.ah and #j.o .. ':' .. j.o .. #j.t .. ':' .. j.t .. j.ah
if equal then
  local live = call('HGET', K .. 'equals', equal)
  local status = live and call('HGET', K .. 'j:' .. live, 's')
  if status and status < '3' then return done({'D', live}) end
end
local known = call('HMGET', K .. 'm', 'waiting', 'running')
if tonumber(known[1] or 0) >= bound then return done({'F', known[1] or 0, known[2] or 0}) end
if equal then call('HSET', K .. 'equals', equal, id) end
-- The attempt that ended it is told by the job itself until now.
local lease, ending, status = string.match(j.se or '', '^(%d+):(%d):(%d)$')
if lease == j.l and status == j.s and status then
  local last = call('LINDEX', K .. 'h:' .. id, -1)
  if not last or string.sub(last, 1, #lease + 1) ~= lease .. ' ' then
    local ended = now
    now = tonumber(j.fi)
    remember(j, ending, j.ec, j.em)
    now = ended
  end
end
leave(j)
call('DEL', K .. 'r:' .. id)
put(j, 's', '0')
put(j, 'un', now)
put(j, 'n', 0)
put(j, 'c', 0)
put(j, 'pr', '0')
for _, field in ipairs({'pm', 'ec', 'em', 'cr', 'fi', 'ra', 'se'}) do put(j, field, nil) end
enter(j)
save(j)
ready = true
told[1] = id
return done({'R', record_of(j)})
