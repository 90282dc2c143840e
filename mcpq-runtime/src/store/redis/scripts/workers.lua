-- The workers that live.
local ids = call('ZRANGEBYSCORE', K .. 'live', '(' .. int(now), '+inf', 'LIMIT', 0, number())
if #ids == 0 then return done({}) end
return done(call('HMGET', K .. 'workers', unpack(ids)))
