-- SPDX-License-Identifier: Apache-2.0
-- load.lua - wrk's load: files and, each third request, an answer of the upstream. Prints one line:
-- requests, seconds, failed requests, and milliseconds within which half and 99 percent of them, and
-- the slowest one, were answered.
local paths = { "/page", "/page", "/proxied" }
local requests = {}
local turn = 0

function init()
	for i, path in ipairs(paths) do
		requests[i] = wrk.format("GET", path)
	end
end

function request()
	turn = turn % #requests + 1
	return requests[turn]
end

function done(summary, latency)
	local errors = summary.errors
	local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
	io.write(string.format("load: %d %.3f %d %.3f %.3f %.3f\n", summary.requests,
		summary.duration / 1e6, failed, latency:percentile(50) / 1e3,
		latency:percentile(99) / 1e3, latency.max / 1e3))
end
