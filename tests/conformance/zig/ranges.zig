// SPDX-License-Identifier: Apache-2.0

//! Rows of a key together, and rows of an interval.

const std = @import("std");
const sg = @import("sandglass");
const c = sg.c;
const column = sg.column;

fn totalsOfKey(_: [*c]const c.sg_context, group: ?*const c.sg_group, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const sales = c.sg_group_rows(group, 0);
    const visits = c.sg_group_rows(group, 1);
    const amounts = c.sg_column_of(sales, "amount", c.SG_KIND_FLOAT64);
    var total: ?f64 = if (sales.*.rows > 0) 0.0 else null;
    for (0..sales.*.rows) |row| {
        if (!c.sg_is_null(amounts, @intCast(row))) total.? += c.sg_float64_at(amounts, @intCast(row));
    }
    var visitors: i64 = 0;
    for (c.sg_int32_values(visits, "visitors")[0..visits.*.rows]) |some| visitors += some;
    const first: ?i64 = if (sales.*.rows > 0) c.sg_timestamp_values(sales, "time")[0] else null;
    return sg.add(out, .{ c.sg_key(group, 0), c.sg_key(group, 1), total, visitors, first });
}

pub const totals = c.sg_transformation{
    .name = "totals",
    .scope = c.SG_KEYED,
    .inputs = sg.inputs(&.{
        sg.input("sales", &.{ "region", "store" }, &.{
            column(.utf8, "region"), column(.int64, "store"), column(.timestamp, "time"), sg.nullable(column(.float64, "amount")),
        }),
        sg.input("visits", &.{ "area", "shop" }, &.{
            column(.utf8, "area"), column(.int64, "shop"), column(.timestamp, "time"), column(.int32, "visitors"),
        }),
    }),
    .output = sg.columns(&.{
        column(.utf8, "region"),    column(.int64, "store"),                   sg.nullable(column(.float64, "sales")),
        column(.int64, "visitors"), sg.nullable(column(.timestamp, "first")),
    }),
    .key = totalsOfKey,
};

fn joinedInterval(_: [*c]const c.sg_context, inputs: ?*const c.sg_inputs, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const facts = c.sg_inputs_rows(inputs, 0);
    const factors = c.sg_inputs_rows(inputs, 1);
    const names = c.sg_column_of(factors, "name", c.SG_KIND_UTF8);
    const values = c.sg_float64_values(factors, "factor");
    var last = std.StringHashMap(f64).init(std.heap.c_allocator);
    defer last.deinit();
    for (0..factors.*.rows) |row| {
        last.put(sg.bytesOf(c.sg_text_at(names, @intCast(row))), values[row]) catch return c.sg_fail("out of memory");
    }
    const ids = c.sg_int64_values(facts, "id");
    const wanted = c.sg_column_of(facts, "name", c.SG_KIND_UTF8);
    for (0..facts.*.rows) |row| {
        _ = sg.add(out, .{ ids[row], last.get(sg.bytesOf(c.sg_text_at(wanted, @intCast(row)))) });
    }
    return c.SG_OK;
}

pub const joined = c.sg_transformation{
    .name = "joined",
    .scope = c.SG_INTERVAL,
    .inputs = sg.inputs(&.{
        sg.input("facts", &.{}, &.{ column(.int64, "id"), column(.utf8, "name") }),
        sg.input("factors", &.{}, &.{ column(.utf8, "name"), column(.float64, "factor") }),
    }),
    .output = sg.columns(&.{ column(.int64, "id"), sg.nullable(column(.float64, "factor")) }),
    .interval = joinedInterval,
};

fn emptyInterval(_: [*c]const c.sg_context, _: ?*const c.sg_inputs, _: ?*c.sg_output) callconv(.c) c.sg_result {
    return c.SG_OK;
}

pub const empty = c.sg_transformation{
    .name = "empty",
    .scope = c.SG_INTERVAL,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &.{column(.int64, "id")})}),
    .output = sg.columns(&.{ column(.int64, "id"), sg.nullable(column(.utf8, "text")) }),
    .interval = emptyInterval,
};
