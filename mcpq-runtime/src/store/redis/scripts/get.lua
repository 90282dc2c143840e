-- A job, and its result where that is asked for.
local id = take()
local with_result = take() == '1'
local known = record(id)
if not known then return done('') end
return done({known, with_result and call('GET', K .. 'r:' .. id) or false})
