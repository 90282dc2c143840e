-- Stores a value once.
proceed()
local id, lease, key, value = take(), take(), take(), take()
local j = held(id, lease)
if not j then return done({'L'}) end
local known = call('HGET', K .. 'e:' .. id, 'v' .. key)
if known then return done({'E', known}) end
call('HSET', K .. 'e:' .. id, 'v' .. key, value)
if call('HEXISTS', K .. 'e:' .. id, 'q' .. key) == 1 then
  -- A question that was open when its job ended, to be replayed later.
  put(j, 'op', j.op - 1)
  save(j)
else
  call('RPUSH', K .. 'g:' .. id, key)
end
return done({'W'})
