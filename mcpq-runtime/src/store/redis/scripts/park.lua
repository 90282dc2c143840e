-- Stores questions and ends the lease.
proceed()
local id, lease, expires = take(), take(), take()
local j = held(id, lease)
if not j then return done('') end
local open = tonumber(j.op or 0)
for _ = 1, number() do
  local key, question = take(), take()
  -- A key begins with q for a question, with v for its answer or a value.
  if call('HEXISTS', K .. 'e:' .. id, 'q' .. key) == 0 and call('HEXISTS', K .. 'e:' .. id, 'v' .. key) == 0 then
    call('HSET', K .. 'e:' .. id, 'q' .. key, question)
    call('RPUSH', K .. 'g:' .. id, key)
    open = open + 1
  end
end
put(j, 'op', open)
remember(j, '6')
local status = '2'
if open == 0 or j.cr then
  status = give_back(j)
else
  leave(j)
  put(j, 's', '2')
  put(j, 'n', math.max(0, j.n - 1))
  put(j, 'un', later(expires))
  enter(j)
end
save(j)
told[1] = id
return done(status)
