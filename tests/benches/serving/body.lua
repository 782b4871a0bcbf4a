-- Requests as a client sends them, each with random keys. Arguments: path, keys of each kind, metadata options, service, rows, names of the join
-- keys.
local path, keys, options, service, rows
local names = {}

function init(arguments)
    path, keys, options, service, rows = arguments[1], tonumber(arguments[2]), arguments[3], arguments[4], tonumber(arguments[5])
    for at = 6, #arguments do
        names[#names + 1] = arguments[at]
    end
    math.randomseed(tonumber(tostring({}):sub(8), 16) or os.time())
    wrk.method = "POST"
    wrk.headers["content-type"] = "application/json"
    wrk.headers["user-agent"] = "tecton-http-python-client 0.4.0"
end

local function joined(form)
    local map = {}
    for at, name in ipairs(names) do
        map[at] = string.format(form, name, math.random(0, keys - 1))
    end
    return table.concat(map, ",")
end

local function row()
    local context = service == "scored" and string.format('"amount":%d', math.random(1, 1000)) or ""
    return '"joinKeyMap":{' .. joined('"%s":%d') .. '},"requestContextMap":{' .. context .. '}'
end

function request()
    local body
    if options == "feast" then
        body = '{"feature_service":"all","entities":{' .. joined('"%s":[%d]') .. '}}'
    else
        local asked = row()
        if rows > 1 then
            local all = {}
            for at = 1, rows do
                all[at] = "{" .. row() .. "}"
            end
            asked = '"requestData":[' .. table.concat(all, ",") .. ']'
        end
        body = '{"params":{"workspaceName":"bench","featureServiceName":"' .. service .. '",' .. asked
            .. ',"allowPartialResults":false,"metadataOptions":' .. options .. ',"requestOptions":{}}}'
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
