-- Gives jobs back without charging the attempt.
proceed()
local settled = {}
for i = 1, number() do
  local id = take()
  local j = held(id, take())
  settled[i] = ''
  if j then
    remember(j, '4')
    settled[i] = give_back(j)
    save(j)
    told[#told + 1] = id
  end
end
return done(settled)
