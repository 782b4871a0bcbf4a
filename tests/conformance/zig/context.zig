// SPDX-License-Identifier: Apache-2.0

//! What a run is told.

const sg = @import("sandglass");
const c = sg.c;
const column = sg.column;

fn parametersBatch(context_of: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const a_boolean = c.sg_boolean_parameter(context_of, "a_boolean");
    const an_int64 = c.sg_int64_parameter(context_of, "an_int64");
    const a_float64 = c.sg_float64_parameter(context_of, "a_float64");
    const a_utf8 = c.sg_utf8_parameter(context_of, "a_utf8");
    const a_timestamp = c.sg_timestamp_parameter(context_of, "a_timestamp");
    const a_duration = c.sg_duration_parameter(context_of, "a_duration");
    for (c.sg_int64_values(rows, "id")[0..rows.*.rows]) |id| {
        _ = sg.add(out, .{ id, a_boolean, an_int64, a_float64, a_utf8, a_timestamp, a_duration });
    }
    return c.SG_OK;
}

pub const parameters = c.sg_transformation{
    .name = "parameters",
    .scope = c.SG_ALIGNED,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &.{column(.int64, "id")})}),
    .parameters = sg.parameters(&.{
        sg.parameter(.boolean, "a_boolean", true, ""),
        sg.parameter(.int64, "an_int64", null, "Any."),
        sg.parameter(.float64, "a_float64", 0.1, ""),
        sg.parameter(.utf8, "a_utf8", "né", ""),
        sg.parameter(.timestamp, "a_timestamp", -1, ""),
        sg.parameter(.duration, "a_duration", 90000000, ""),
    }),
    .output = sg.columns(&.{
        column(.int64, "id"),              column(.boolean, "a_boolean"), column(.int64, "an_int64"),
        column(.float64, "a_float64"),     column(.utf8, "a_utf8"),       column(.timestamp, "a_timestamp"),
        column(.duration, "a_duration"),
    }),
    .batch = parametersBatch,
};

fn contextBatch(context_of: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const is_interval = context_of.*.mode == c.SG_MATERIALIZE;
    const interval: ?c.sg_interval = if (is_interval) c.sg_context_interval(context_of) else null;
    const at: ?i64 = if (context_of.*.mode == c.SG_REQUEST) c.sg_context_request_time(context_of) else null;
    var told: c.sg_interval = undefined;
    const range: ?c.sg_interval = if (c.sg_context_range(context_of, 0, &told)) told else null;
    var text: c.sg_text = undefined;
    const kit: ?c.sg_text = if (c.sg_context_property(context_of, "kit", &text)) text else null;
    const mode: []const u8 = if (is_interval) "materialize" else if (at != null) "request" else "streaming";
    for (c.sg_int64_values(rows, "id")[0..rows.*.rows]) |id| {
        _ = sg.add(out, .{ id, mode, start(interval), end(interval), at, start(range), end(range), context_of.*.lineage, kit });
    }
    return c.SG_OK;
}

fn start(interval: ?c.sg_interval) ?i64 {
    return if (interval) |some| some.start else null;
}

fn end(interval: ?c.sg_interval) ?i64 {
    return if (interval) |some| some.end else null;
}

pub const context = c.sg_transformation{
    .name = "context",
    .scope = c.SG_ALIGNED,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &.{column(.int64, "id")})}),
    .output = sg.columns(&.{
        column(.int64, "id"),                        column(.utf8, "mode"),                           sg.nullable(column(.timestamp, "start")),
        sg.nullable(column(.timestamp, "end")),      sg.nullable(column(.timestamp, "at")),           sg.nullable(column(.timestamp, "range_start")),
        sg.nullable(column(.timestamp, "range_end")), column(.boolean, "lineage"),                     sg.nullable(column(.utf8, "property")),
    }),
    .batch = contextBatch,
};
