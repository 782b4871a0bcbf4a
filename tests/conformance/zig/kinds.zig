// SPDX-License-Identifier: Apache-2.0

//! Columns of every kind: as they came, value by value, and picked row by row.

const sg = @import("sandglass");
const c = sg.c;
const nullable = sg.nullable;
const column = sg.column;

const kinds = .{
    column(.int64, "id"),
    nullable(column(.boolean, "a_boolean")),
    nullable(column(.int8, "an_int8")),
    nullable(column(.int16, "an_int16")),
    nullable(column(.int32, "an_int32")),
    nullable(column(.int64, "an_int64")),
    nullable(column(.uint8, "a_uint8")),
    nullable(column(.uint16, "a_uint16")),
    nullable(column(.uint32, "a_uint32")),
    nullable(column(.uint64, "a_uint64")),
    nullable(column(.float32, "a_float32")),
    nullable(column(.float64, "a_float64")),
    nullable(sg.decimal128("a_decimal", 38, 10)),
    nullable(column(.utf8, "a_utf8")),
    nullable(column(.binary, "a_binary")),
    nullable(sg.fixedSizeBinary("a_fixed", 3)),
    nullable(column(.date32, "a_date")),
    nullable(column(.timestamp, "a_timestamp")),
    nullable(column(.duration, "a_duration")),
    nullable(sg.list("a_list", nullable(column(.int64, "item")))),
    nullable(sg.list("a_nested", nullable(sg.list("item", nullable(column(.utf8, "item")))))),
    nullable(sg.fixedSizeList("a_fixed_list", 2, nullable(column(.float32, "item")))),
    nullable(sg.structure("a_struct", &.{
        nullable(column(.int64, "whole")),
        nullable(column(.utf8, "text")),
        nullable(sg.structure("inner", &.{nullable(column(.boolean, "flag"))})),
    })),
    nullable(sg.map("a_map", column(.utf8, "keys"), nullable(sg.list("values", nullable(column(.int32, "item")))))),
};

fn passBatch(_: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    return c.sg_put_batch(out, rows);
}

pub const pass = c.sg_transformation{
    .name = "pass",
    .doc = "Columns as they came.",
    .scope = c.SG_ALIGNED,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &kinds)}),
    .output = sg.columns(&kinds),
    .batch = passBatch,
};

fn rebuildInside(from: *const c.sg_array, begin: u32, end: u32, to: ?*c.sg_builder) c.sg_result {
    for (begin..end) |item| {
        for (0..from.type.*.child_count) |child| {
            _ = rebuildValue(c.sg_child(from, @intCast(child)), @intCast(item), c.sg_builder_child(to, @intCast(child)));
        }
    }
    return c.sg_append_nested(to);
}

/// Reads the value of a row as a value of Zig, and writes it.
fn rebuildValue(from: *const c.sg_array, row: u32, to: ?*c.sg_builder) c.sg_result {
    if (c.sg_is_null(from, row)) return c.sg_append_null(to);
    return switch (from.type.*.kind) {
        c.SG_KIND_BOOLEAN => sg.append(to, c.sg_boolean_at(from, row)),
        c.SG_KIND_INT8 => sg.append(to, c.sg_int8_at(from, row)),
        c.SG_KIND_INT16 => sg.append(to, c.sg_int16_at(from, row)),
        c.SG_KIND_INT32 => sg.append(to, c.sg_int32_at(from, row)),
        c.SG_KIND_INT64 => sg.append(to, c.sg_int64_at(from, row)),
        c.SG_KIND_UINT8 => sg.append(to, c.sg_uint8_at(from, row)),
        c.SG_KIND_UINT16 => sg.append(to, c.sg_uint16_at(from, row)),
        c.SG_KIND_UINT32 => sg.append(to, c.sg_uint32_at(from, row)),
        c.SG_KIND_UINT64 => sg.append(to, c.sg_uint64_at(from, row)),
        c.SG_KIND_FLOAT32 => sg.append(to, c.sg_float32_at(from, row)),
        c.SG_KIND_FLOAT64 => sg.append(to, c.sg_float64_at(from, row)),
        c.SG_KIND_DECIMAL128 => {
            const value = c.sg_decimal128_at(from, row);
            return sg.append(to, @as(i128, value.high) << 64 | value.low);
        },
        c.SG_KIND_UTF8, c.SG_KIND_BINARY => sg.append(to, sg.bytesOf(c.sg_text_at(from, row))),
        c.SG_KIND_FIXED_SIZE_BINARY => sg.append(to, sg.bytesOf(c.sg_fixed_at(from, row))),
        c.SG_KIND_DATE32 => sg.append(to, c.sg_date32_at(from, row)),
        c.SG_KIND_TIMESTAMP => sg.append(to, c.sg_timestamp_at(from, row)),
        c.SG_KIND_DURATION => sg.append(to, c.sg_duration_at(from, row)),
        c.SG_KIND_STRUCT => rebuildInside(from, row, row + 1, to),
        else => rebuildInside(from, c.sg_items_begin(from, row), c.sg_items_end(from, row), to),
    };
}

fn rebuildBatch(_: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    for (rows.*.columns[0..rows.*.column_count]) |*from| {
        const to = c.sg_builder_of(out, from.type.*.name);
        for (0..rows.*.rows) |row| _ = rebuildValue(from, @intCast(row), to);
    }
    return c.SG_OK;
}

pub const rebuild = c.sg_transformation{
    .name = "rebuild",
    .scope = c.SG_ALIGNED,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &kinds)}),
    .output = sg.columns(&kinds),
    .batch = rebuildBatch,
};

fn takeBatch(context: [*c]const c.sg_context, batch: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const times = c.sg_int64_parameter(context, "times");
    if (times < 0 or times > 1000) return c.sg_fail_parameter("%lld copies of each row", times);
    const count = batch.*.rows * @as(u32, @intCast(times));
    const rows: [*]u32 = @ptrCast(@alignCast(c.sg_alloc(count * @sizeOf(u32))));
    for (rows[0..count], 0..) |*row, at| row.* = @intCast(at / @as(u32, @intCast(times)));
    return c.sg_take(out, batch, rows, count);
}

pub const take = c.sg_transformation{
    .name = "take",
    .scope = c.SG_ROW,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &kinds)}),
    .parameters = sg.parameters(&.{sg.parameter(.int64, "times", 2, "Copies of each row.")}),
    .output = sg.columns(&kinds),
    .batch = takeBatch,
};
