-- Notes that a worker lives, and forgets those that do not.
proceed()
local id, keep, told_of = take(), number(), take()
local gone = call('ZRANGEBYSCORE', K .. 'live', '-inf', now, 'LIMIT', 0, 100)
gone[#gone + 1] = id
call('ZREM', K .. 'live', unpack(gone))
call('HDEL', K .. 'workers', unpack(gone))
if keep > 0 then
  call('ZADD', K .. 'live', later(keep), id)
  call('HSET', K .. 'workers', id, told_of)
end
return done('')
