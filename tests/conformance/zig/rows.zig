// SPDX-License-Identifier: Apache-2.0

//! Rows by themselves: filtered, and emitted one by one.

const std = @import("std");
const sg = @import("sandglass");
const c = sg.c;

const amounts = .{ sg.column(.int64, "id"), sg.nullable(sg.column(.float64, "amount")), sg.nullable(sg.column(.utf8, "name")) };

fn filterBatch(context: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const limit = c.sg_float64_parameter(context, "limit");
    const amount = c.sg_column_of(rows, "amount", c.SG_KIND_FLOAT64);
    const count = rows.*.rows;
    const stays = c.sg_mask(rows);
    for (stays[0..count], c.sg_float64s(amount)[0..count]) |*stay, value| stay.* = @intFromBool(value > limit);
    c.sg_mask_valid(stays, amount);
    return c.sg_filter(out, rows, stays);
}

pub const filter = c.sg_transformation{
    .name = "filter",
    .scope = c.SG_ROW,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &amounts)}),
    .parameters = sg.parameters(&.{sg.parameter(.float64, "limit", 0.5, "")}),
    .output = sg.columns(&amounts),
    .batch = filterBatch,
};

fn fanOutBatch(_: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const counts = c.sg_int64_values(rows, "count");
    const words = c.sg_column_of(rows, "word", c.SG_KIND_UTF8);
    for (0..rows.*.rows) |at| {
        const row: u32 = @intCast(at);
        const count = counts[at];
        if (count > 100000) return c.sg_fail_row(row, "%lld copies are too many", count);
        if (count < 0) _ = c.sg_reject(out, row, "%lld copies", count);
        var place: i64 = 0;
        while (place < count) : (place += 1) _ = sg.emit(out, row, .{ place, c.sg_text_at(words, row) });
    }
    return c.SG_OK;
}

pub const fan_out = c.sg_transformation{
    .name = "fan_out",
    .scope = c.SG_ROW,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &.{ sg.column(.int64, "count"), sg.column(.utf8, "word") })}),
    .output = sg.columns(&.{ sg.column(.int64, "place"), sg.column(.utf8, "word") }),
    .batch = fanOutBatch,
};

const Word = enum { debug, info, warn, @"error", input, parameter, internal, reject, crash, print };

fn speak(text: c.sg_text, word: []const u8, row: u32, out: ?*c.sg_output) c.sg_result {
    const length: c_int = @intCast(text.length);
    const known = std.meta.stringToEnum(Word, word) orelse return sg.emit(out, row, .{word});
    switch (known) {
        .debug => c.sg_log(c.SG_DEBUG, "%.*s", length, text.bytes),
        .info, .print => c.sg_log(c.SG_INFO, "%.*s", length, text.bytes),
        .warn => c.sg_log(c.SG_WARN, "%.*s", length, text.bytes),
        .@"error" => c.sg_log(c.SG_ERROR, "%.*s", length, text.bytes),
        .input => return c.sg_fail_as(c.SG_FAILURE_INPUT, c.SG_NONE, row, "%.*s", length, text.bytes),
        .parameter => return c.sg_fail_as(c.SG_FAILURE_PARAMETER, c.SG_NONE, row, "%.*s", length, text.bytes),
        .internal => return c.sg_fail_as(c.SG_FAILURE_INTERNAL, c.SG_NONE, row, "%.*s", length, text.bytes),
        .reject => return c.sg_reject(out, row, "%.*s", length, text.bytes),
        .crash => @trap(),
    }
    return sg.emit(out, row, .{word});
}

fn speaksBatch(_: [*c]const c.sg_context, rows: [*c]const c.sg_batch, out: ?*c.sg_output) callconv(.c) c.sg_result {
    const words = c.sg_column_of(rows, "word", c.SG_KIND_UTF8);
    const texts = c.sg_column_of(rows, "text", c.SG_KIND_UTF8);
    for (0..rows.*.rows) |at| {
        const row: u32 = @intCast(at);
        const result = speak(c.sg_text_at(texts, row), sg.bytesOf(c.sg_text_at(words, row)), row, out);
        if (result != c.SG_OK) return result;
    }
    return c.SG_OK;
}

pub const speaks = c.sg_transformation{
    .name = "speaks",
    .doc = "Logs, rejects and fails as its rows say.",
    .scope = c.SG_ROW,
    .inputs = sg.inputs(&.{sg.input("rows", &.{}, &.{ sg.column(.utf8, "word"), sg.column(.utf8, "text") })}),
    .output = sg.columns(&.{sg.column(.utf8, "word")}),
    .batch = speaksBatch,
};
