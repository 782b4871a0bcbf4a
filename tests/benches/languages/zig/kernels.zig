// SPDX-License-Identifier: Apache-2.0

//! Kernels of the benchmark of languages, in Zig.

const std = @import("std");
const sg = @import("sandglass");
const c = sg.c;
const column = sg.column;

comptime {
    sg.component(&.{ &filter, &filter_plain, &per_key, &text, &flops });
}

const amounts_of = .{ column(.int64, "id"), column(.float64, "amount") };

fn filterBatch(context: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const limit = c.sg_float64_parameter(context, "limit");
    const count = rows.*.rows;
    const amounts = c.sg_float64_values(rows, "amount")[0..count];
    const stays = c.sg_mask(rows);
    for (stays[0..count], amounts) |*stay, amount| stay.* = @intFromBool(amount > limit);
    return c.sg_filter(out, rows, stays);
}

const filter = c.sg_transformation{
    .name = "filter",
    .scope = c.SG_ROW,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &amounts_of)}),
    .parameters = sg.parameters(&.{sg.parameter(.float64, "limit", 0.5, "")}),
    .output = sg.columns(&amounts_of),
    .batch = filterBatch,
};

fn filterPlainBatch(context: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const limit = c.sg_float64_parameter(context, "limit");
    const ids = c.sg_int64_values(rows, "id");
    const amounts = c.sg_float64_values(rows, "amount");
    for (0..rows.*.rows) |row| {
        if (amounts[row] > limit) _ = sg.emit(out, @intCast(row), .{ ids[row], amounts[row] });
    }
    return c.SG_OK;
}

const filter_plain = c.sg_transformation{
    .name = "filter_plain",
    .scope = c.SG_ROW,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &amounts_of)}),
    .parameters = sg.parameters(&.{sg.parameter(.float64, "limit", 0.5, "")}),
    .output = sg.columns(&amounts_of),
    .batch = filterPlainBatch,
};

fn perKey(_: [*c]const c.sg_context, group: ?*const c.sg_group, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const rows = c.sg_group_rows(group, 0);
    const count = rows.*.rows;
    var sum: f64 = 0.0;
    var most = -std.math.inf(f64);
    for (c.sg_float64_values(rows, "amount")[0..count]) |amount| {
        sum += amount;
        most = if (amount > most) amount else most;
    }
    return sg.add(out, .{ c.sg_key(group, 0), count, sum, most });
}

const per_key = c.sg_transformation{
    .name = "per_key",
    .scope = c.SG_KEYED,
    .inputs = sg.inputs(&.{
        sg.input("rows", &.{"key"}, &.{ column(.int64, "key"), column(.timestamp, "time"), column(.float64, "amount") }),
    }),
    .output = sg.columns(&.{ column(.int64, "key"), column(.int64, "count"), column(.float64, "sum"), column(.float64, "most") }),
    .key = perKey,
};

/// What follows the last `@`, its ASCII letters in lower case.
fn domainOf(address: []const u8) ?[]const u8 {
    const at = std.mem.lastIndexOfScalar(u8, address, '@') orelse return null;
    const domain = address[at + 1 ..];
    const to: [*]u8 = @ptrCast(c.sg_alloc(domain.len));
    return std.ascii.lowerString(to[0..domain.len], domain);
}

fn textBatch(_: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const count = rows.*.rows;
    const addresses = c.sg_column_of(rows, "address", c.SG_KIND_UTF8);
    const lengths = c.sg_int64_out(out, "length", count, addresses);
    const domains = c.sg_builder_of(out, "domain");
    for (0..count) |row| {
        // The text of a null is empty.
        const address = sg.bytesOf(c.sg_text_at(addresses, @intCast(row)));
        lengths[row] = @intCast(address.len);
        _ = sg.append(domains, domainOf(address));
    }
    return c.SG_OK;
}

const text = c.sg_transformation{
    .name = "text",
    .scope = c.SG_ALIGNED,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &.{sg.nullable(column(.utf8, "address"))})}),
    .output = sg.columns(&.{ sg.nullable(column(.utf8, "domain")), sg.nullable(column(.int64, "length")) }),
    .batch = textBatch,
};

fn flopsBatch(_: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const count = rows.*.rows;
    const ys = c.sg_float64_out(out, "y", count, null);
    for (ys[0..count], c.sg_float64_values(rows, "x")[0..count]) |*to, x| {
        var y: f64 = 0.0;
        inline for (0..25) |place| y = y * x + 1.0 / @as(f64, place + 1);
        to.* = y;
    }
    return c.SG_OK;
}

const flops = c.sg_transformation{
    .name = "flops",
    .scope = c.SG_ALIGNED,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &.{column(.float64, "x")})}),
    .output = sg.columns(&.{column(.float64, "y")}),
    .batch = flopsBatch,
};
