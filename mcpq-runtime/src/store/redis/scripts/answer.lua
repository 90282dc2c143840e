-- Stores answers to open questions.
proceed()
local scope, id, accepted = text(), take(), {}
local j = job_in(scope, id)
if not j then return done('') end
local waits_for_answers = j.s == '2'
local open = tonumber(j.op or 0)
for i = 1, number() do
  local key, value = take(), take()
  accepted[i] = 0
  if waits_for_answers and call('HEXISTS', K .. 'e:' .. id, 'q' .. key) == 1
    and call('HSETNX', K .. 'e:' .. id, 'v' .. key, value) == 1 then
    accepted[i] = 1
    open = open - 1
  end
end
if waits_for_answers then
  put(j, 'op', open)
  if open == 0 then wait(j, 0) end
  save(j)
  told[1] = id
end
return done({j.s, accepted})
