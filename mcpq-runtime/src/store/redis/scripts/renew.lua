-- Prolongs leases.
proceed()
local lease, kept = take(), {}
for i = 1, number() do
  local id = take()
  local j = held(id, take())
  if j then
    put(j, 'un', later(lease))
    call('ZADD', K .. 'dl', j.un, id)
    save(j)
    kept[i] = j.cr and 2 or 1
  else
    kept[i] = 0
  end
end
return done(kept)
