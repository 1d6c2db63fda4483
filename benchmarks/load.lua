-- Arguments: METHOD PATH RUN BODY [COUNT]. Without any, wrk sends its one finished GET over and over.
-- In PATH and BODY the @ becomes RUN and a number, twelve digits in all: never the same twice, or with COUNT the
-- numbers below it again and again.

local function filled(text)
  local before, after = text:match("^(.-)@(.*)$")
  if not before then return function() return text end end
  return function(id) return before .. id .. after end
end

function init(args)
  local method, run, count = args[1], args[3], tonumber(args[5])
  if not method then return end
  local path, body, number = filled(args[2]), filled(args[4]), -1
  local empty = args[4] == ""
  request = function()
    number = number + 1
    if number == count then number = 0 end
    local id = run .. string.format("%08d", number)
    return wrk.format(method, path(id), nil, not empty and body(id) or nil)
  end
end

function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('\n{"requests": %d, "microseconds": %d, "failed": %d}\n',
    summary.requests, summary.duration, failed))
end
