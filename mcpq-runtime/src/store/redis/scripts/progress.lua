-- Records progress.
proceed()
local kept = {}
for i = 1, number() do
  local id, lease, fraction, message = take(), take(), take(), text()
  local known = call('HMGET', K .. 'j:' .. id, 's', 'l', 'pr')
  kept[i] = 0
  if known[1] == '1' and known[2] == lease then
    kept[i] = 1
    if tonumber(fraction) > tonumber(known[3]) then call('HSET', K .. 'j:' .. id, 'pr', fraction) end
    if message then call('HSET', K .. 'j:' .. id, 'pm', message) end
    told[#told + 1] = id
  end
end
return done(kept)
