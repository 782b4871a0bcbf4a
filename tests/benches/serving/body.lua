-- Requests as a client sends them, each with random keys. Arguments: path, keys of each kind, metadata options, names of the join keys.
local path, keys, options
local names = {}

function init(arguments)
    path, keys, options = arguments[1], tonumber(arguments[2]), arguments[3]
    for at = 4, #arguments do
        names[#names + 1] = arguments[at]
    end
    math.randomseed(tonumber(tostring({}):sub(8), 16) or os.time())
    wrk.method = "POST"
    wrk.headers["content-type"] = "application/json"
    wrk.headers["user-agent"] = "tecton-http-python-client 0.4.0"
end

function request()
    local map = {}
    for at, name in ipairs(names) do
        map[at] = string.format('"%s":%d', name, math.random(0, keys - 1))
    end
    local body
    if options == "feast" then
        for at, name in ipairs(names) do
            map[at] = string.format('"%s":[%d]', name, math.random(0, keys - 1))
        end
        body = '{"feature_service":"all","entities":{' .. table.concat(map, ",") .. '}}'
    else
        body = '{"params":{"workspaceName":"bench","featureServiceName":"all","joinKeyMap":{' .. table.concat(map, ",")
            .. '},"requestContextMap":{},"allowPartialResults":false,"metadataOptions":' .. options .. ',"requestOptions":{}}}'
    end
    return wrk.format(nil, path, nil, body)
end

local threads = {}
function setup(thread)
    threads[#threads + 1] = thread
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests":%d,"seconds":%.6f,"p50_us":%d,"p99_us":%d,"errors":%d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
