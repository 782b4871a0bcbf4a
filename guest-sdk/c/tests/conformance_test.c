// SPDX-License-Identifier: Apache-2.0
//
// The conformance component's transformations natively: columns of every kind go through, whatever the batches are.

#include "../../../tests/conformance/c/transformations.h"
#include "tests.h"

static void add_values(sg_builder *to, bool may_be_null);

static void add_value(sg_builder *to) {
    char bytes[32];
    for (int at = 0; at < 32; at++) bytes[at] = (char)('a' + random_below(26));
    int64_t number = (int64_t)random_below(100) - 50;
    switch (to->type->kind) {
    case SG_KIND_BOOLEAN: sg_append(to, random_below(2)); return;
    case SG_KIND_UINT8:
    case SG_KIND_UINT16:
    case SG_KIND_UINT32: sg_append(to, random_below(256)); return;
    case SG_KIND_UINT64: sg_append(to, UINT64_MAX - random_below(3)); return;
    case SG_KIND_FLOAT32: sg_append(to, (float)number / 3); return;
    case SG_KIND_FLOAT64: sg_append(to, (double)number / 3); return;
    case SG_KIND_DECIMAL128: sg_append(to, sg_decimal128_of((sg_int128)number * ((sg_int128)1 << 80))); return;
    case SG_KIND_UTF8:
    case SG_KIND_BINARY: sg_append(to, ((sg_text){bytes, random_below(17)})); return;
    case SG_KIND_FIXED_SIZE_BINARY: sg_append(to, ((sg_text){bytes, to->type->size})); return;
    case SG_KIND_STRUCT:
        for (uint32_t field = 0; field < to->type->child_count; field++) add_values(to->children + field, true);
        sg_append_nested(to);
        return;
    case SG_KIND_LIST:
    case SG_KIND_MAP:
    case SG_KIND_FIXED_SIZE_LIST: {
        uint32_t items = to->type->kind == SG_KIND_FIXED_SIZE_LIST ? to->type->size : random_below(4);
        for (uint32_t item = 0; item < items; item++)
            for (uint32_t child = 0; child < to->type->child_count; child++) add_values(to->children + child, true);
        sg_append_nested(to);
        return;
    }
    default: sg_append(to, number);
    }
}

static void add_values(sg_builder *to, bool may_be_null) {
    if (may_be_null && to->type->nullable && random_below(4) == 0) sg_append_null(to);
    else add_value(to);
}

static const sg_outcome *over_random_rows(sg_test *test, uint64_t seed, uint32_t rows, uint32_t batch_rows) {
    random_state = seed;
    const columns *schema = &test->plan->inputs[0].columns;
    for (uint32_t row = 0; row < rows; row++) {
        // Every eighth kind of seed has no nulls.
        for (uint32_t at = 0; at < schema->count; at++)
            add_values(sg_test_builder(test, "rows", schema->types[at].name), seed % 8 != 0);
        sg_test_end_row(test, "rows");
    }
    sg_test_batch_rows(test, batch_rows);
    return sg_test_run(test);
}

static void columns_of_every_kind_go_through(void) {
    for (uint64_t seed = 1; seed < 40; seed++) {
        uint32_t rows = random_below(60), batch_rows = 1 + random_below(60);
        sg_test *tests[] = {sg_test_new(&pass), sg_test_new(&rebuild), sg_test_new(&take)};
        const sg_outcome *outs[3];
        for (int at = 0; at < 3; at++) {
            outs[at] = over_random_rows(tests[at], seed, rows, at == 0 ? 8192 : batch_rows);
            SG_CHECK_TEXT(outs[at]->message, NULL);
            SG_CHECK(outs[at]->rows->rows == rows * (at == 2 ? 2 : 1));
        }
        for (uint32_t row = 0; row < rows && sg_test_end() == 0; row++)
            for (uint32_t column = 0; column < outs[0]->rows->column_count; column++) {
                const char *want = value_of(outs[0]->rows->columns + column, row);
                SG_CHECK_TEXT(value_of(outs[1]->rows->columns + column, row), want);
                SG_CHECK_TEXT(value_of(outs[2]->rows->columns + column, 2 * row), want);
                SG_CHECK_TEXT(value_of(outs[2]->rows->columns + column, 2 * row + 1), want);
                SG_CHECK(outs[0]->source_rows[row] == row && outs[2]->source_rows[2 * row + 1] == row);
            }
        for (int at = 0; at < 3; at++) sg_test_free(tests[at]);
    }
}

static void nothing_below_nulls(void) {
    sg_test *test = sg_test_new(&rebuild);
    const columns *schema = &test->plan->inputs[0].columns;
    sg_append(sg_test_builder(test, "rows", "id"), 1);
    for (uint32_t at = 1; at < schema->count; at++) sg_append_null(sg_test_builder(test, "rows", schema->types[at].name));
    const sg_outcome *out = sg_test_run(test);
    for (uint32_t at = 1; at < schema->count; at++) {
        const sg_array *column = out->rows->columns + at;
        SG_CHECK(sg_is_null(column, 0));
        for (uint32_t byte = 0; byte < width_of(column->type); byte++) SG_CHECK(((const uint8_t *)column->values)[byte] == 0);
    }
    SG_CHECK(sg_is_null(sg_child(sg_column(out->rows, "a_struct"), 0), 0));
    SG_CHECK(sg_column(out->rows, "a_fixed_list")->children[0].nulls == 2);
    sg_test_free(test);
}

static void joined_by_the_last(void) {
    sg_test *test = sg_test_new(&joined);
    sg_test_row(test, "facts", 1, "a");
    sg_test_row(test, "facts", 2, "c");
    sg_test_row(test, "factors", "a", 1.0);
    sg_test_row(test, "factors", "a", 2.0);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK_ROW(out, 0, 1, 2.0);
    SG_CHECK_ROW(out, 1, 2, SG_NULL);
    sg_test_free(test);
}

static void speaks_as_it_is_told(void) {
    sg_test *test = sg_test_new(&speaks);
    sg_test_row(test, "rows", "warn", "careful");
    sg_test_row(test, "rows", "reject", "no");
    sg_test_row(test, "rows", "other", "");
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK(out->rows->rows == 2 && out->rejected_count == 1 && out->log_count == 1);
    SG_CHECK_TEXT(out->rejected[0].reason, "no");
    SG_CHECK_TEXT(out->logs[0].text, "careful");
    sg_test_free(test);
}

int main(void) {
    columns_of_every_kind_go_through();
    nothing_below_nulls();
    joined_by_the_last();
    speaks_as_it_is_told();
    failure_clear();
    region_free(&words);
    region_free(&scratch);
    region_free(&plans_memory);
    return sg_test_end();
}
