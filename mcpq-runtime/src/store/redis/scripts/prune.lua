-- Forgets what has been kept long enough.
proceed()
local due = call('ZRANGEBYSCORE', K .. 'xp', '-inf', now, 'LIMIT', 0, number())
for _, id in ipairs(due) do
  local j = job(id)
  if j then forget(j) else call('ZREM', K .. 'xp', id) end
end
return done(#due)
