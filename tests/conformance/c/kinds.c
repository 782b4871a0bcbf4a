// SPDX-License-Identifier: Apache-2.0
//
// Columns of every kind: as they came, value by value, and picked row by row.

#include "transformations.h"

// clang-format off
#define KINDS                                                                                           \
    SG_INT64("id"),                                                                                     \
    SG_NULLABLE(SG_BOOLEAN("a_boolean")),                                                               \
    SG_NULLABLE(SG_INT8("an_int8")),                                                                    \
    SG_NULLABLE(SG_INT16("an_int16")),                                                                  \
    SG_NULLABLE(SG_INT32("an_int32")),                                                                  \
    SG_NULLABLE(SG_INT64("an_int64")),                                                                  \
    SG_NULLABLE(SG_UINT8("a_uint8")),                                                                   \
    SG_NULLABLE(SG_UINT16("a_uint16")),                                                                 \
    SG_NULLABLE(SG_UINT32("a_uint32")),                                                                 \
    SG_NULLABLE(SG_UINT64("a_uint64")),                                                                 \
    SG_NULLABLE(SG_FLOAT32("a_float32")),                                                               \
    SG_NULLABLE(SG_FLOAT64("a_float64")),                                                               \
    SG_NULLABLE(SG_DECIMAL128("a_decimal", 38, 10)),                                                    \
    SG_NULLABLE(SG_UTF8("a_utf8")),                                                                     \
    SG_NULLABLE(SG_BINARY("a_binary")),                                                                 \
    SG_NULLABLE(SG_FIXED_SIZE_BINARY("a_fixed", 3)),                                                    \
    SG_NULLABLE(SG_DATE32("a_date")),                                                                   \
    SG_NULLABLE(SG_TIMESTAMP("a_timestamp")),                                                           \
    SG_NULLABLE(SG_DURATION("a_duration")),                                                             \
    SG_NULLABLE(SG_LIST("a_list", SG_NULLABLE(SG_INT64("item")))),                                      \
    SG_NULLABLE(SG_LIST("a_nested", SG_NULLABLE(SG_LIST("item", SG_NULLABLE(SG_UTF8("item")))))),       \
    SG_NULLABLE(SG_FIXED_SIZE_LIST("a_fixed_list", 2, SG_NULLABLE(SG_FLOAT32("item")))),                \
    SG_NULLABLE(SG_STRUCT("a_struct",                                                                   \
        SG_NULLABLE(SG_INT64("whole")),                                                                 \
        SG_NULLABLE(SG_UTF8("text")),                                                                   \
        SG_NULLABLE(SG_STRUCT("inner", SG_NULLABLE(SG_BOOLEAN("flag")))))),                             \
    SG_NULLABLE(SG_MAP("a_map", SG_UTF8("keys"), SG_NULLABLE(SG_LIST("values", SG_NULLABLE(SG_INT32("item"))))))
// clang-format on

static sg_result pass_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    (void)context;
    return sg_put_batch(out, rows);
}

const sg_transformation pass = {
    .name = "pass",
    .doc = "Columns as they came.",
    .scope = SG_ALIGNED,
    .inputs = SG_INPUTS(SG_INPUT("rows", KINDS)),
    .output = SG_COLUMNS(KINDS),
    .batch = pass_batch,
};

// Reads the value of a row as a C value, and writes it.
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
    case SG_KIND_UTF8:
    case SG_KIND_BINARY: return sg_append(to, sg_text_at(from, row));
    case SG_KIND_FIXED_SIZE_BINARY: return sg_append(to, sg_fixed_at(from, row));
    case SG_KIND_DATE32: return sg_append(to, sg_date32_at(from, row));
    case SG_KIND_TIMESTAMP: return sg_append(to, sg_timestamp_at(from, row));
    case SG_KIND_DURATION: return sg_append(to, sg_duration_at(from, row));
    case SG_KIND_STRUCT:
        for (uint32_t field = 0; field < from->type->child_count; field++)
            rebuild_value(sg_child(from, field), row, sg_builder_child(to, field));
        return sg_append_nested(to);
    default:
        for (uint32_t item = sg_items_begin(from, row); item < sg_items_end(from, row); item++)
            for (uint32_t part = 0; part < from->type->child_count; part++)
                rebuild_value(sg_child(from, part), item, sg_builder_child(to, part));
        return sg_append_nested(to);
    }
}

static sg_result rebuild_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    (void)context;
    for (uint32_t column = 0; column < rows->column_count; column++) {
        const sg_array *from = rows->columns + column;
        sg_builder *to = sg_builder_of(out, from->type->name);
        for (uint32_t row = 0; row < rows->rows; row++) rebuild_value(from, row, to);
    }
    return SG_OK;
}

const sg_transformation rebuild = {
    .name = "rebuild",
    .scope = SG_ALIGNED,
    .inputs = SG_INPUTS(SG_INPUT("rows", KINDS)),
    .output = SG_COLUMNS(KINDS),
    .batch = rebuild_batch,
};

static sg_result take_batch(const sg_context *context, const sg_batch *batch, sg_output *out) {
    int64_t times = sg_int64_parameter(context, "times");
    if (times < 0 || times > 1000) return sg_fail_parameter("%lld copies of each row", (long long)times);
    uint32_t count = batch->rows * (uint32_t)times;
    uint32_t *rows = (uint32_t *)sg_alloc(count * sizeof *rows);
    for (uint32_t at = 0; at < count; at++) rows[at] = at / (uint32_t)times;
    return sg_take(out, batch, rows, count);
}

const sg_transformation take = {
    .name = "take",
    .scope = SG_ROW,
    .inputs = SG_INPUTS(SG_INPUT("rows", KINDS)),
    .parameters = SG_PARAMETERS(SG_INT64_PARAMETER_OR("times", 2, "Copies of each row.")),
    .output = SG_COLUMNS(KINDS),
    .batch = take_batch,
};
