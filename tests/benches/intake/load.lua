-- One signed body; the id is a fresh version 1 UUID a request, made from the clock as GitHub makes them.
local file = assert(io.open("@BODY@", "rb"))
local body = file:read("*a")
file:close()

local started = os.time() * 10000000 + 122192928000000000
local count = 0
local node = string.format("%012x", math.random(0, 2 ^ 40))

wrk.method = "POST"
wrk.body = body
wrk.headers["Content-Type"] = "application/json"
wrk.headers["User-Agent"] = "GitHub-Hookshot/bench"
wrk.headers["X-GitHub-Event"] = "pull_request"
wrk.headers["X-GitHub-Hook-ID"] = "1"
wrk.headers["X-Hub-Signature-256"] = "@SIGNATURE@"

function request()
  -- 40 µs apart: about the rate of arrival, so that ids lie in the archive as GitHub's would.
  count = count + 1
  local ticks = started + count * 400
  local low = ticks % 4294967296
  local rest = math.floor(ticks / 4294967296)
  local mid = rest % 65536
  local high = math.floor(rest / 65536) % 4096
  wrk.headers["X-GitHub-Delivery"] = string.format("%08x-%04x-1%03x-8000-%s", low, mid, high, node)
  return wrk.format(nil, nil)
end

function done(summary, latency)
  local seconds = summary.duration / 1000000
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  print(string.format("figures %.3f %.3f %d %d", summary.requests / seconds, latency:percentile(99) / 1000, summary.requests, bad))
end
