-- How many jobs of each status a queue has.
local scope = text()
local queues, order = {}, {}
for _, lane in ipairs(call('HKEYS', scope and lanes_of(scope) or K .. 'lanes')) do
  local _, queue = parts_of(lane)
  local counts = queues[queue]
  if not counts then
    counts = {queue, 0, 0, 0, 0, 0, 0, 0}
    queues[queue] = counts
    order[#order + 1] = counts
  end
  for status = 0, 6 do
    local key = scope and own_shelf(status, scope, lane) or shelf(status, lane)
    counts[status + 2] = counts[status + 2] + call('ZCARD', key)
  end
end
return done(order)
