-- A job's journal.
local id = take()
if not held(id, take()) then return done('') end
local entries = {}
for i, key in ipairs(call('LRANGE', K .. 'g:' .. id, 0, -1)) do
  local known = call('HMGET', K .. 'e:' .. id, 'q' .. key, 'v' .. key)
  entries[i] = {key, known[1], known[2]}
end
return done({entries})
