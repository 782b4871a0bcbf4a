// SPDX-License-Identifier: Apache-2.0
//
// Columns of every kind: as they came, value by value, and picked row by row.

#include <string>
#include <string_view>
#include <vector>

#include "transformations.h"

// clang-format off
static const auto kinds = SG_COLUMNS(
    SG_INT64("id"),
    SG_NULLABLE(SG_BOOLEAN("a_boolean")),
    SG_NULLABLE(SG_INT8("an_int8")),
    SG_NULLABLE(SG_INT16("an_int16")),
    SG_NULLABLE(SG_INT32("an_int32")),
    SG_NULLABLE(SG_INT64("an_int64")),
    SG_NULLABLE(SG_UINT8("a_uint8")),
    SG_NULLABLE(SG_UINT16("a_uint16")),
    SG_NULLABLE(SG_UINT32("a_uint32")),
    SG_NULLABLE(SG_UINT64("a_uint64")),
    SG_NULLABLE(SG_FLOAT32("a_float32")),
    SG_NULLABLE(SG_FLOAT64("a_float64")),
    SG_NULLABLE(SG_DECIMAL128("a_decimal", 38, 10)),
    SG_NULLABLE(SG_UTF8("a_utf8")),
    SG_NULLABLE(SG_BINARY("a_binary")),
    SG_NULLABLE(SG_FIXED_SIZE_BINARY("a_fixed", 3)),
    SG_NULLABLE(SG_DATE32("a_date")),
    SG_NULLABLE(SG_TIMESTAMP("a_timestamp")),
    SG_NULLABLE(SG_DURATION("a_duration")),
    SG_NULLABLE(SG_LIST("a_list", SG_NULLABLE(SG_INT64("item")))),
    SG_NULLABLE(SG_LIST("a_nested", SG_NULLABLE(SG_LIST("item", SG_NULLABLE(SG_UTF8("item")))))),
    SG_NULLABLE(SG_FIXED_SIZE_LIST("a_fixed_list", 2, SG_NULLABLE(SG_FLOAT32("item")))),
    SG_NULLABLE(SG_STRUCT("a_struct",
        SG_NULLABLE(SG_INT64("whole")),
        SG_NULLABLE(SG_UTF8("text")),
        SG_NULLABLE(SG_STRUCT("inner", SG_NULLABLE(SG_BOOLEAN("flag")))))),
    SG_NULLABLE(SG_MAP("a_map", SG_UTF8("keys"), SG_NULLABLE(SG_LIST("values", SG_NULLABLE(SG_INT32("item")))))));
static const auto rows_of_kinds = SG_INPUTS({"rows", kinds, nullptr});
// clang-format on

const sg_transformation pass = {
    .name = "pass",
    .doc = "Columns as they came.",
    .scope = SG_ALIGNED,
    .inputs = rows_of_kinds,
    .output = kinds,
    .batch = [](const sg_context *, const sg_batch *rows, sg_output *out) { return sg_put_batch(out, rows); },
};

static sg_result rebuild_value(const sg_array *from, uint32_t row, sg_builder *to);

// Values of everything inside of a list, a map or a struct.
static void rebuild_inside(const sg_array *from, uint32_t begin, uint32_t end, sg_builder *to) {
    for (uint32_t item = begin; item < end; item++)
        for (uint32_t child = 0; child < from->type->child_count; child++)
            rebuild_value(sg_child(from, child), item, sg_builder_child(to, child));
}

// Reads the value of a row as a value of C++, and writes it.
static sg_result rebuild_value(const sg_array *from, uint32_t row, sg_builder *to) {
    if (sg_is_null(from, row)) return sg_append_null(to);
    switch (from->type->kind) {
    case SG_KIND_BOOLEAN: return sg_append(to, sg_boolean_at(from, row));
    case SG_KIND_INT8: return sg_append(to, sg_int8_at(from, row));
    case SG_KIND_INT16: return sg_append(to, sg_int16_at(from, row));
    case SG_KIND_INT32: return sg_append(to, sg_int32_at(from, row));
    case SG_KIND_INT64: return sg_append(to, sg_int64_at(from, row));
    case SG_KIND_UINT8: return sg_append(to, sg_uint8_at(from, row));
    case SG_KIND_UINT16: return sg_append(to, sg_uint16_at(from, row));
    case SG_KIND_UINT32: return sg_append(to, sg_uint32_at(from, row));
    case SG_KIND_UINT64: return sg_append(to, sg_uint64_at(from, row));
    case SG_KIND_FLOAT32: return sg_append(to, sg_float32_at(from, row));
    case SG_KIND_FLOAT64: return sg_append(to, sg_float64_at(from, row));
    case SG_KIND_DECIMAL128: return sg_append(to, sg_decimal128_of(sg_int128_of(sg_decimal128_at(from, row))));
    case SG_KIND_UTF8: {
        const sg_text text = sg_text_at(from, row);
        return sg_append(to, std::string(text.bytes, text.length));
    }
    case SG_KIND_BINARY: return sg_append(to, sg_text_at(from, row));
    case SG_KIND_FIXED_SIZE_BINARY: return sg_append(to, sg_fixed_at(from, row));
    case SG_KIND_DATE32: return sg_append(to, sg_date32_at(from, row));
    case SG_KIND_TIMESTAMP: return sg_append(to, sg_timestamp_at(from, row));
    case SG_KIND_DURATION: return sg_append(to, sg_duration_at(from, row));
    case SG_KIND_STRUCT: rebuild_inside(from, row, row + 1, to); return sg_append_nested(to);
    default: rebuild_inside(from, sg_items_begin(from, row), sg_items_end(from, row), to); return sg_append_nested(to);
    }
}

const sg_transformation rebuild = {
    .name = "rebuild",
    .scope = SG_ALIGNED,
    .inputs = rows_of_kinds,
    .output = kinds,
    .batch =
        [](const sg_context *, const sg_batch *rows, sg_output *out) {
            for (uint32_t column = 0; column < rows->column_count; column++) {
                const sg_array *from = rows->columns + column;
                sg_builder *to = sg_builder_of(out, from->type->name);
                for (uint32_t row = 0; row < rows->rows; row++) rebuild_value(from, row, to);
            }
            return SG_OK;
        },
};

const sg_transformation take = {
    .name = "take",
    .scope = SG_ROW,
    .inputs = rows_of_kinds,
    .parameters = SG_PARAMETERS(SG_INT64_PARAMETER_OR("times", 2, "Copies of each row.")),
    .output = kinds,
    .batch =
        [](const sg_context *context, const sg_batch *batch, sg_output *out) {
            const int64_t times = sg_int64_parameter(context, "times");
            if (times < 0 || times > 1000) return sg_fail_parameter("%lld copies of each row", static_cast<long long>(times));
            std::vector<uint32_t> rows;
            rows.reserve(batch->rows * times);
            for (uint32_t row = 0; row < batch->rows; row++) rows.insert(rows.end(), times, row);
            return sg_take(out, batch, rows.data(), static_cast<uint32_t>(rows.size()));
        },
};
