-- Ends what lasts too long: leases, and questions that nobody answers.
proceed()
local max_crashes, rescued = number(), {}
local lost, expired = take(), take()
for i, id in ipairs(call('ZRANGEBYSCORE', K .. 'dl', '-inf', now, 'LIMIT', 0, number())) do
  local j = job(id)
  if not j then
    call('ZREM', K .. 'dl', id)
  elseif j.s == '2' then
    finalize(j, '4', 'INPUT_EXPIRED', expired)
  else
    remember(j, '5')
    put(j, 'c', j.c + 1)
    if tonumber(j.c) < max_crashes or j.cr then
      give_back(j)
    else
      put(j, 'n', math.max(0, j.n - 1))
      finalize(j, '4', 'WORKER_LOST', (string.gsub(lost, '#', j.c)))
    end
  end
  if j then
    save(j)
    told[#told + 1] = id
    rescued[#rescued + 1] = record_of(j)
    ready = true
  end
end
return done(rescued)
