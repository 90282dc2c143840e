-- Forgets a job that has ended.
proceed()
local scope, id = text(), take()
local j = job_in(scope, id)
if not j then return done('') end
if j.s < '3' then return done(j.s) end
forget(j)
return done('R')
