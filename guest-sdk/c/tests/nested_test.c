// SPDX-License-Identifier: Apache-2.0
//
// What is inside of columns, whole columns that are computed, and nulls where there may be none.

#include "tests.h"

#define FUNCTION(name, body)                                                                                                     \
    static sg_result name(const sg_context *context, const sg_batch *batch, sg_output *out) {                                    \
        (void)context, (void)batch, (void)out;                                                                                   \
        body;                                                                                                                    \
        return SG_OK;                                                                                                            \
    }

FUNCTION(pass, sg_put_batch(out, batch))

static const sg_transformation stricter = {
    .name = "stricter",
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_NULLABLE(SG_STRUCT("s", SG_NULLABLE(SG_INT64("a")))),
                                 SG_NULLABLE(SG_LIST("l", SG_NULLABLE(SG_INT64("item")))))),
    .output = SG_COLUMNS(SG_NULLABLE(SG_STRUCT("s", SG_INT64("a"))), SG_NULLABLE(SG_LIST("l", SG_INT64("item")))),
    .batch = pass,
};

// A row of null, a row of a struct and a list; either may hold a null.
static void a_null_inside(bool in_struct, bool in_list, const char *message) {
    sg_test *test = sg_test_new(&stricter);
    sg_builder *s = sg_test_builder(test, "rows", "s"), *l = sg_test_builder(test, "rows", "l");
    sg_append_null(s);
    sg_append_null(l);
    sg_test_end_row(test, "rows");
    sg_append_cell(sg_builder_child(s, 0), in_struct ? SG_NULL : sg_cell_of(1));
    sg_append_nested(s);
    sg_append_cell(sg_builder_child(l, 0), in_list ? SG_NULL : sg_cell_of(2));
    sg_append_nested(l);
    sg_test_end_row(test, "rows");
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK_TEXT(out->message, message);
    if (message == NULL) {
        SG_CHECK_TEXT(value_of(sg_column(out->rows, "s"), 1), "{1}");
        SG_CHECK_TEXT(value_of(sg_column(out->rows, "l"), 1), "[2]");
        SG_CHECK(sg_is_null(sg_column(out->rows, "s"), 0) && sg_column(out->rows, "s")->children[0].nulls == 0);
    }
    sg_test_free(test);
}

static void nulls_inside_are_found(void) {
    a_null_inside(false, false, NULL);
    a_null_inside(true, false, "output: column `s` has nulls in its `a`, the contract says that it has none");
    a_null_inside(false, true, "output: column `l` has nulls in its `item`, the contract says that it has none");
}

// Rejected out of order.
FUNCTION(reject_back, for (uint32_t row = 4; row > 0; row--) sg_reject(out, row - 1, "row %u", row - 1))
static const sg_transformation rejecting = {
    .name = "t", .scope = SG_ROW, .inputs = NUMBERS, .output = SG_COLUMNS(SG_INT64("n")), .batch = reject_back};

static void rejected_rows_rise(void) {
    sg_test *test = sg_test_new(&rejecting);
    for (int row = 0; row < 4; row++) sg_test_row(test, "rows", row);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK(out->rejected_count == 4);
    for (uint32_t at = 0; at < out->rejected_count; at++) SG_CHECK(out->rejected[at].row == at);
    sg_test_free(test);
}

// Computed columns are null where another is.
static sg_result compute(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)context;
    const sg_array *n = sg_column_of(batch, "n", SG_KIND_INT64);
    double *halves = sg_float64_out(out, "half", batch->rows, n);
    uint8_t *odd = sg_mask(batch);
    SG_EACH(row, batch->rows) halves[row] = (double)sg_int64_at(n, row) / 2;
    SG_EACH(row, batch->rows) odd[row] = sg_int64_at(n, row) % 2 != 0;
    return sg_put_booleans(out, "odd", odd, batch->rows, n);
}
static const sg_transformation computing = {.name = "computing",
                                            .inputs = SG_INPUTS(SG_INPUT("rows", SG_NULLABLE(SG_INT64("n")))),
                                            .output = SG_COLUMNS(SG_NULLABLE(SG_FLOAT64("half")), SG_NULLABLE(SG_BOOLEAN("odd"))),
                                            .batch = compute};

static void computed_columns(void) {
    for (uint32_t batch_rows = 1; batch_rows < 30; batch_rows += 7) {
        sg_test *test = sg_test_new(&computing);
        sg_test_batch_rows(test, batch_rows);
        for (int row = 0; row < 30; row++) sg_test_row(test, "rows", row % 3 == 1 ? SG_NULL : sg_cell_of(row));
        const sg_outcome *out = sg_test_run(test);
        for (uint32_t row = 0; row < 30; row++) {
            if (row % 3 == 1) SG_CHECK_ROW(out, row, SG_NULL, SG_NULL);
            else SG_CHECK_ROW(out, row, row / 2.0, row % 2 == 1);
        }
        sg_test_free(test);
    }
}

#define BUILD(column) sg_builder *b = sg_builder_of(out, column)
FUNCTION(not_nested, BUILD("n"); sg_append_nested(b))
FUNCTION(no_field, BUILD("s"); sg_append(sg_builder_child(b, 1), 7))
FUNCTION(field_left_out, BUILD("s"); sg_append_nested(b))
FUNCTION(pair_of_one, BUILD("p"); sg_append(sg_builder_child(b, 0), 1); sg_append_nested(b))
FUNCTION(null_inside_struct, BUILD("s"); sg_append_null(sg_builder_child(b, 0)))
FUNCTION(no_builder, sg_append(sg_builder_of(out, "m"), 7))
FUNCTION(from_beyond, BUILD("n"); sg_append_cell(b, sg_from(sg_column(batch, "n"), 4)))
FUNCTION(from_other, BUILD("s"); sg_append_cell(b, sg_from(sg_column(batch, "n"), 0)))
FUNCTION(no_child, uint32_t rows[] = {0}; sg_take_array(sg_child(sg_column_of(batch, "n", SG_KIND_LIST), 0), rows, 1))
FUNCTION(odd_nulls, sg_int64_out(out, "n", 3, sg_column(batch, "n")))
FUNCTION(not_utf8, sg_builder *t = sg_builder_of(out, "t"); for (int row = 0; row < 4; row++) sg_append(t, "\xff"))

static void what_cannot_be_is_named(void) {
#define OUT .output = SG_COLUMNS(SG_INT64("n"), SG_STRUCT("s", SG_INT64("a")), SG_FIXED_SIZE_LIST("p", 2, SG_INT64("item")))
    FAILS("output: column `n` is int64, which nothing is inside of", OUT, .batch = not_nested);
    FAILS("column `s` is struct {a: int64}, which has no child 1", OUT, .batch = no_field);
    FAILS("output: column `s`: `a` has 0 values where 1 are needed", OUT, .batch = field_left_out);
    FAILS("output: column `p`: `item` has 1 values where 2 are needed", OUT, .batch = pair_of_one);
    FAILS("output: column `s` has a null in its `a`, the contract says that it never is", OUT, .batch = null_inside_struct);
    FAILS("output: no column `m`; there are `n`, `s`, `p`", OUT, .batch = no_builder);
    FAILS("row 4 of column `n`, which has 4", OUT, .batch = from_beyond);
    FAILS("output: column `s` is struct {a: int64}, which int64 is not", OUT, .batch = from_other);
    FAILS("column `n` is int64, not list", OUT, .batch = no_child);
    FAILS("output: column `n` has 3 rows, and nulls of 4", OUT, .batch = odd_nulls);
    FAILS("output: column `t` has text that is not UTF-8", .output = SG_COLUMNS(SG_UTF8("t")), .batch = not_utf8);
}

int main(void) {
    nulls_inside_are_found();
    rejected_rows_rise();
    computed_columns();
    what_cannot_be_is_named();
    failure_clear();
    region_free(&words);
    region_free(&scratch);
    region_free(&plans_memory);
    return sg_test_end();
}
