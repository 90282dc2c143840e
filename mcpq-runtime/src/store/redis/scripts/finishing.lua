-- Records how attempts ended.

local function show(j, fraction, message)
  if tonumber(fraction) > tonumber(j.pr) then put(j, 'pr', fraction) end
  if message then put(j, 'pm', message) end
end

local function finish_one()
  local id, lease, ending, kind, fraction, message = take(), take(), take(), take(), take(), text()
  local value, code, told_message, delay, shown_code, shown = take(), take(), take(), take(), take(), take()
  local j = held(id, lease)
  if not j then
    local known = call('HGET', K .. 'j:' .. id, 'se') or ''
    local start = lease .. ':' .. ending .. ':'
    if string.sub(known, 1, #start) == start then return string.sub(known, #start + 1) end
    return ''
  end
  show(j, fraction, message)
  local status
  if kind == 'C' then
    call('SET', K .. 'r:' .. id, value)
    put(j, 'pr', '1')
    status = finalize(j, '3')
  elseif kind == 'F' then
    status = finalize(j, '4', code, told_message)
  elseif kind == 'T' then
    status = finalize(j, '5', code, told_message)
  elseif kind == 'X' then
    status = finalize(j, '6')
  else
    remember(j, ending, code, told_message)
    if j.cr then
      status = finalize(j, '6')
    else
      put(j, 'ec', shown_code)
      put(j, 'em', shown)
      status = wait(j, delay)
    end
  end
  put(j, 'se', lease .. ':' .. ending .. ':' .. status)
  save(j)
  told[#told + 1] = id
  return status
end

local function finish_all()
  proceed()
  local settled = {}
  for i = 1, number() do settled[i] = finish_one() end
  return settled
end
