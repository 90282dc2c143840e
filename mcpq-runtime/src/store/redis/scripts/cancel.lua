-- Ends a job that does not run, or notes the request for one that does.
proceed()
local scope, id = text(), take()
local j = job_in(scope, id)
if not j then return done('') end
local ended = 0
if j.s == '0' or j.s == '2' then
  put(j, 'cr', '1')
  finalize(j, '6')
  save(j)
  ended = 1
elseif j.s == '1' then
  put(j, 'cr', '1')
  save(j)
  asked[1] = id
end
told[1] = id
return done({ended, record_of(j)})
