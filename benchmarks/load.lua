-- Arguments: METHOD PATH RUN BODY. Without any, wrk sends its one finished GET over and over.
-- In BODY every @ becomes RUN and a number, twelve digits in all: never the same twice.

function init(args)
  local method, path, run, body = args[1], args[2], args[3], args[4]
  if not method then return end
  local before, after = body:match("^(.-)@(.*)$")
  local number = 0
  request = function()
    number = number + 1
    return wrk.format(method, path, nil, before .. run .. string.format("%08d", number) .. after)
  end
end

function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('\n{"requests": %d, "microseconds": %d, "failed": %d}\n',
    summary.requests, summary.duration, failed))
end
