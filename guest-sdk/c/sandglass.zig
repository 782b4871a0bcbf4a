// SPDX-License-Identifier: Apache-2.0

//! Write Sandglass transformations in Zig: sandglass.h as `translate-c` makes it (`c`), and what its macros are in Zig. A build
//! file that puts both together is tests/conformance/zig/build.zig.

const std = @import("std");

/// The header. Its functions have the names of C.
pub const c = @import("c");

const Word = c.sg_column_word;

fn word(comptime name: [:0]const u8, kind: c_int, size: u32, scale: i32) Word {
    return .{ .name = name.ptr, .kind = kind, .size = size, .scale = scale };
}

/// A column of a kind that says nothing else: `column(.int64, "id")`.
pub const Plain = enum(c_int) {
    boolean = c.SG_KIND_BOOLEAN,
    int8 = c.SG_KIND_INT8,
    int16 = c.SG_KIND_INT16,
    int32 = c.SG_KIND_INT32,
    int64 = c.SG_KIND_INT64,
    uint8 = c.SG_KIND_UINT8,
    uint16 = c.SG_KIND_UINT16,
    uint32 = c.SG_KIND_UINT32,
    uint64 = c.SG_KIND_UINT64,
    float32 = c.SG_KIND_FLOAT32,
    float64 = c.SG_KIND_FLOAT64,
    utf8 = c.SG_KIND_UTF8,
    binary = c.SG_KIND_BINARY,
    date32 = c.SG_KIND_DATE32,
    timestamp = c.SG_KIND_TIMESTAMP,
    duration = c.SG_KIND_DURATION,
};

/// A column; not nullable unless it is inside of `nullable`.
pub fn column(comptime kind: Plain, comptime name: [:0]const u8) []const Word {
    return &.{word(name, @intFromEnum(kind), 0, 0)};
}
pub fn decimal128(comptime name: [:0]const u8, comptime precision: u32, comptime scale: i32) []const Word {
    return &.{word(name, c.SG_KIND_DECIMAL128, precision, scale)};
}
pub fn fixedSizeBinary(comptime name: [:0]const u8, comptime width: u32) []const Word {
    return &.{word(name, c.SG_KIND_FIXED_SIZE_BINARY, width, 0)};
}
pub fn list(comptime name: [:0]const u8, comptime item: []const Word) []const Word {
    return &[_]Word{word(name, c.SG_KIND_LIST, 0, 0)} ++ item;
}
pub fn fixedSizeList(comptime name: [:0]const u8, comptime length: u32, comptime item: []const Word) []const Word {
    return &[_]Word{word(name, c.SG_KIND_FIXED_SIZE_LIST, length, 0)} ++ item;
}
pub fn structure(comptime name: [:0]const u8, comptime fields: []const []const Word) []const Word {
    return &[_]Word{word(name, c.SG_KIND_STRUCT, 0, 0)} ++ joined(fields) ++ &[_]Word{word("", c.SG__END_OF_STRUCT, 0, 0)};
}
pub fn map(comptime name: [:0]const u8, comptime keys: []const Word, comptime values: []const Word) []const Word {
    return &[_]Word{word(name, c.SG_KIND_MAP, 0, 0)} ++ keys ++ values;
}
pub fn nullable(comptime inner: []const Word) []const Word {
    return &[_]Word{word("", c.SG__NULLABLE, 0, 0)} ++ inner;
}

fn joined(comptime parts: []const []const Word) []const Word {
    comptime var all: []const Word = &.{};
    inline for (parts) |part| all = all ++ part;
    return all;
}

/// The columns of an output.
pub fn columns(comptime parts: []const []const Word) [*]const Word {
    return (joined(parts) ++ &[_]Word{word("", c.SG__END_OF_COLUMNS, 0, 0)}).ptr;
}

/// An input, whose keys are named in the keyed scope only.
pub fn input(comptime name: [:0]const u8, comptime keys: []const [:0]const u8, comptime parts: []const []const Word) c.sg_input {
    comptime var names: []const [*c]const u8 = &.{};
    inline for (keys) |key| names = names ++ &[_][*c]const u8{key.ptr};
    const ended = names ++ &[_][*c]const u8{null};
    return .{ .name = name.ptr, .columns = columns(parts), .keys = if (keys.len == 0) null else ended.ptr };
}
pub fn inputs(comptime all: []const c.sg_input) [*]const c.sg_input {
    return (all ++ &[_]c.sg_input{.{ .name = null, .columns = null, .keys = null }}).ptr;
}

const Value = enum(c_uint) {
    boolean = c.SG_VALUE_BOOLEAN,
    int64 = c.SG_VALUE_INT64,
    float64 = c.SG_VALUE_FLOAT64,
    utf8 = c.SG_VALUE_UTF8,
    timestamp = c.SG_VALUE_TIMESTAMP,
    duration = c.SG_VALUE_DURATION,
};

/// A parameter; `default` is null if it must be given.
pub fn parameter(comptime kind: Value, comptime name: [:0]const u8, comptime default: anytype, comptime doc: [:0]const u8) c.sg_parameter {
    const has_default = @TypeOf(default) != @TypeOf(null);
    return .{
        .name = name.ptr,
        .kind = @intFromEnum(kind),
        .doc = doc.ptr,
        .has_default = has_default,
        .whole = if (!has_default or kind == .float64 or kind == .utf8) 0 else if (kind == .boolean) @intFromBool(default) else default,
        .number = if (has_default and kind == .float64) default else 0.0,
        .text = if (has_default and kind == .utf8) default else "",
    };
}
pub fn parameters(comptime all: []const c.sg_parameter) [*]const c.sg_parameter {
    return (all ++ &[_]c.sg_parameter{std.mem.zeroes(c.sg_parameter)}).ptr;
}

/// Names the transformations of a component, once, in a `comptime` block.
pub fn component(comptime all: []const *const c.sg_transformation) void {
    comptime var ended: []const ?*const c.sg_transformation = &.{};
    inline for (all) |each| ended = ended ++ &[_]?*const c.sg_transformation{each};
    const list_of = ended ++ &[_]?*const c.sg_transformation{null};
    @export(&list_of[0..list_of.len].*, .{ .name = "sg_component" });
}

/// Text or bytes as a slice.
pub fn bytesOf(text: c.sg_text) []const u8 {
    return text.bytes[0..text.length];
}

/// The cell of a Zig value: numbers, `bool`, slices of bytes, `sg_text`, optionals of them, null, and cells themselves.
pub fn cell(value: anytype) c.sg_cell {
    const T = @TypeOf(value);
    return switch (@typeInfo(T)) {
        .null => c.sg_null(),
        .optional => if (value) |some| cell(some) else c.sg_null(),
        .bool => c.sg_cell_boolean(value),
        .comptime_int => c.sg_cell_int64(value),
        .int => |int| if (int.bits == 128) c.sg_cell_decimal128(.{ .low = @truncate(@as(u128, @bitCast(value))), .high = @truncate(value >> 64) }) else if (int.signedness == .signed) c.sg_cell_int64(value) else c.sg_cell_uint64(value),
        .comptime_float => c.sg_cell_float64(value),
        .float => if (T == f32) c.sg_cell_float32(value) else c.sg_cell_float64(value),
        .pointer => textCell(value),
        else => if (T == c.sg_cell) value else if (T == c.sg_text) c.sg_cell_text(value) else c.sg_cell_decimal128(value),
    };
}

fn textCell(bytes: []const u8) c.sg_cell {
    return c.sg_cell_text(.{ .bytes = bytes.ptr, .length = @intCast(bytes.len) });
}

fn cells(values: anytype) [values.len]c.sg_cell {
    var made: [values.len]c.sg_cell = undefined;
    inline for (values, 0..) |value, at| made[at] = cell(value);
    return made;
}

/// Row scope: adds a row that row `source` of the batch gave: `emit(out, row, .{ id, "text", null })`.
pub fn emit(out: ?*c.sg_output, source: u32, values: anytype) c.sg_result {
    const all = cells(values);
    return c.sg_emit_cells(out, source, &all, all.len);
}

/// The other scopes: adds a row.
pub fn add(out: ?*c.sg_output, values: anytype) c.sg_result {
    const all = cells(values);
    return c.sg_add_cells(out, &all, all.len);
}

/// Adds a value to a column.
pub fn append(builder: ?*c.sg_builder, value: anytype) c.sg_result {
    return c.sg_append_cell(builder, cell(value));
}
