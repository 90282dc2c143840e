-- A job, and its result where that is asked for.
local id = take()
local with_result = take() == '1'
if call('EXISTS', K .. 'j:' .. id) == 0 then return done('') end
return done({record(id), with_result and call('GET', K .. 'r:' .. id) or false})
