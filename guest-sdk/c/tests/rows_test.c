// SPDX-License-Identifier: Apache-2.0
//
// Rows that are emitted, where they come from, and what is said of those that cannot be.

#include "tests.h"

#define NUMBER .output = SG_COLUMNS(SG_INT64("n"))
#define ROW .scope = SG_ROW, NUMBER

// As many rows as the number says; 9 is rejected.
static sg_result explode(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)context;
    const int64_t *n = sg_int64_values(batch, "n");
    for (uint32_t row = 0; row < batch->rows; row++) {
        if (n[row] == 9) sg_reject(out, row, "nine is %d", 9);
        else
            for (int64_t at = 0; at < n[row]; at++) sg_emit(out, row, at);
    }
    return SG_OK;
}
static const sg_transformation exploding = {.name = "explode", .inputs = NUMBERS, ROW, .batch = explode};

static void emitted_rows_know_their_source(void) {
    sg_test *test = sg_test_new(&exploding);
    sg_test_batch_rows(test, 2);
    int64_t given[] = {2, 9, 0, 1};
    for (int at = 0; at < 4; at++) sg_test_row(test, "rows", given[at]);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK_ROW(out, 0, 0);
    SG_CHECK_ROW(out, 1, 1);
    SG_CHECK_ROW(out, 2, 0);
    SG_CHECK(out->rows->rows == 3 && out->source_rows[0] == 0 && out->source_rows[1] == 0 && out->source_rows[2] == 3);
    SG_CHECK(out->rejected_count == 1 && out->rejected[0].row == 1);
    SG_CHECK_TEXT(out->rejected[0].reason, "nine is 9");
    sg_test_free(test);
}

static void many_rows_are_split(void) {
    for (int lineage = 0; lineage < 2; lineage++) {
        sg_test *test = sg_test_new(&exploding);
        sg_test_lineage(test, lineage);
        int64_t given[] = {20000, 9, 1, 9};
        for (int at = 0; at < 4; at++) sg_test_row(test, "rows", given[at]);
        const sg_outcome *out = sg_test_run(test);
        SG_CHECK(out->rows->rows == 20001 && out->output_count == 3 && out->rejected_count == 2);
        SG_CHECK(sg_int64_values(out->rows, "n")[8192] == 8192 && sg_int64_values(out->rows, "n")[19999] == 19999);
        SG_CHECK(lineage ? out->source_rows[19999] == 0 && out->source_rows[20000] == 2 : out->source_rows == NULL);
        sg_test_free(test);
    }
}

static void rejected_rows_alone(void) {
    sg_test *test = sg_test_new(&exploding);
    sg_test_row(test, "rows", 9);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK(out->rows->rows == 0 && out->rejected_count == 1 && out->output_count == 1);
    sg_test_free(test);
}

#define FUNCTION(name, body)                                                                                                     \
    static sg_result name(const sg_context *context, const sg_batch *batch, sg_output *out) {                                    \
        (void)context, (void)batch, (void)out;                                                                                   \
        body;                                                                                                                    \
        return SG_OK;                                                                                                            \
    }
FUNCTION(falling, sg_emit(out, 1, 1); sg_emit(out, 0, 1))
FUNCTION(beyond, sg_emit(out, 4, 1))
FUNCTION(text_cell, sg_emit(out, 0, "text"))
FUNCTION(null_cell, sg_emit(out, 0, SG_NULL))
FUNCTION(two_cells, sg_emit(out, 0, 1, 2))
FUNCTION(too_large, sg_emit(out, 0, UINT64_C(1) << 63))
FUNCTION(reject_beyond, sg_reject(out, 4, "x"))
FUNCTION(rejecting, sg_put_batch(out, batch); sg_reject(out, 0, "x"))
FUNCTION(emitting, sg_emit(out, 0, 1))
FUNCTION(adding, sg_add(out, 1))
FUNCTION(adding_all, for (uint32_t row = 0; row < batch->rows; row++) sg_add(out, 2 * sg_int64_values(batch, "n")[row]))
FUNCTION(adding_two, sg_add(out, 1); sg_add(out, 1))
FUNCTION(other_column, sg_put(out, "m", sg_column(batch, "n")))
FUNCTION(no_column, sg_column(batch, "m"))
FUNCTION(other_kind, if (sg_float64_values(batch, "n")[3] != 0.0) sg_fail("harmless values are zero"))
FUNCTION(wordless, return SG_FAILED)
FUNCTION(both, sg_put_batch(out, batch); sg_emit(out, 0, 1))
FUNCTION(half_a_row, sg_append(sg_builder_of(out, "n"), 1); sg_end_row(out, 0); sg_end_row(out, 0))
FUNCTION(left_over, sg_emit(out, 0, 1); sg_append(sg_builder_of(out, "n"), 1))

static void what_cannot_be_is_named(void) {
    FAILS("source row 0 after 1", ROW, .batch = falling);
    FAILS("row 4 of a batch of 4", ROW, .batch = beyond);
    FAILS("output: column `n` is int64, which a text of 4 bytes is not", ROW, .batch = text_cell);
    FAILS("output: column `n` is null, the contract says that it never is", ROW, .batch = null_cell);
    FAILS("a row of 2 cells, the output has 1 columns: `n`", ROW, .batch = two_cells);
    FAILS("output: column `n` is int64, which 9223372036854775808 is not", ROW, .batch = too_large);
    FAILS("rejected row 4 of a batch of 4", ROW, .batch = reject_beyond);
    FAILS("only the row scope can reject rows: leave them out, or fail with `sg_fail_row`", NUMBER, .batch = rejecting);
    FAILS("`sg_emit` is for the row scope; `sg_add` adds rows in the others", NUMBER, .batch = emitting);
    FAILS("`sg_add` says no source row; in the row scope `sg_emit` does", ROW, .batch = adding);
    FAILS("2 rows out for 4 rows in; the aligned scope has one for each", NUMBER, .batch = adding_two);
    FAILS(NULL, NUMBER, .batch = adding_all);
    FAILS("output: no column `m`; there are `n`", ROW, .batch = other_column);
    FAILS("no column `m`; there are `n`", ROW, .batch = no_column);
    FAILS("column `n` is int64, not float64", ROW, .batch = other_kind);
    FAILS("the function answered a failure without a message: `return sg_fail(…)` has one", ROW, .batch = wordless);
    FAILS("output: rows and columns in one output; give one of them", ROW, .batch = both);
    FAILS("output: column `n` has 1 values at the end of row 1", ROW, .batch = half_a_row);
    FAILS("output: column `n` has 2 rows, the first has 1", ROW, .batch = left_over);
}

static sg_result fail_with_row(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)context, (void)batch, (void)out;
    sg_log(SG_WARN, "soon %d", 1);
    sg_fail_row(3, "first: %s", "\xff");
    return sg_fail("second");
}
static const sg_transformation failing_row = {.name = "t", .inputs = NUMBERS, ROW, .batch = fail_with_row};

static void the_first_failure_stays(void) {
    sg_test *test = sg_test_new(&failing_row);
    sg_test_row(test, "rows", 1);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK_TEXT(out->message, "first: \xef\xbf\xbd");
    SG_CHECK(out->kind == SG_FAILURE_INPUT && out->row == 3 && out->input == SG_NONE);
    SG_CHECK(out->log_count == 1 && out->logs[0].level == SG_WARN);
    SG_CHECK_TEXT(out->logs[0].text, "soon 1");
    sg_test_free(test);
}

// Cells of every kind that convert, and some that do not.
#define CELLS                                                                                                                    \
    SG_BOOLEAN("boolean"), SG_INT8("int8"), SG_UINT16("uint16"), SG_UINT64("uint64"), SG_FLOAT32("float32"),                     \
        SG_FLOAT64("float64"), SG_DECIMAL128("decimal", 38, 0), SG_BINARY("binary"), SG_FIXED_SIZE_BINARY("fixed", 2),           \
        SG_DATE32("date"), SG_DURATION("duration")
static sg_result cells(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)context, (void)batch;
    sg_emit(out, 0, true, (int8_t)-128, 65535, UINT64_MAX, 0.5, 0.25f, -1, "ab", "cd", -719162, INT64_MIN);
    return sg_emit(out, 1, 0, 127, 0u, 1, 0.1f, 1e300, sg_decimal128_of((sg_int128)1 << 100), "", "\0", 0, 'a');
}
static const sg_transformation all_cells = {
    .name = "cells", .scope = SG_ROW, .inputs = NUMBERS, .output = SG_COLUMNS(CELLS), .batch = cells};

static void cells_of_every_kind(void) {
    sg_test *test = sg_test_new(&all_cells);
    for (int at = 0; at < 2; at++) sg_test_row(test, "rows", at);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK_TEXT(out->message, "output: column `fixed` is fixed-size-binary(2), which a text of 0 bytes is not");
    sg_test_free(test);
    static const struct {
        sg_kind kind;
        sg_cell cell;
        bool fits;
    } cases[] = {
        {SG_KIND_INT8, {SG_CELL_INT64, 0, {.int64 = 128}}, false},
        {SG_KIND_INT8, {SG_CELL_INT64, 0, {.int64 = -128}}, true},
        {SG_KIND_UINT8, {SG_CELL_INT64, 0, {.int64 = -1}}, false},
        {SG_KIND_UINT8, {SG_CELL_UINT64, 0, {.uint64 = 255}}, true},
        {SG_KIND_BOOLEAN, {SG_CELL_INT64, 0, {.int64 = 2}}, false},
        {SG_KIND_BOOLEAN, {SG_CELL_INT64, 0, {.int64 = 1}}, true},
        {SG_KIND_INT64, {SG_CELL_BOOLEAN, 0, {.boolean = 1}}, false},
        {SG_KIND_FLOAT64, {SG_CELL_INT64, 0, {.int64 = 1}}, false},
        {SG_KIND_FLOAT32, {SG_CELL_FLOAT64, 0, {.float64 = 0.1}}, false},
        {SG_KIND_FLOAT32, {SG_CELL_FLOAT64, 0, {.float64 = 0.5}}, true},
        {SG_KIND_INT64, {SG_CELL_FLOAT64, 0, {.float64 = 1.0}}, false},
        {SG_KIND_UTF8, {SG_CELL_INT64, 0, {.int64 = 1}}, false},
        {SG_KIND_DATE32, {SG_CELL_INT64, 0, {.int64 = INT64_C(1) << 31}}, false},
    };
    for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
        failure_clear();
        region own = {NULL};
        sg_type type = {"c", cases[at].kind, false, 0, 0, 0, NULL};
        sg_builder builder;
        builder_init(&own, &type, "c", &builder);
        builder_start(&builder, &own, 1);
        SG_CHECK((sg_append_cell(&builder, cases[at].cell) == SG_OK) == cases[at].fits);
        region_free(&own);
    }
}

int main(void) {
    emitted_rows_know_their_source();
    many_rows_are_split();
    rejected_rows_alone();
    what_cannot_be_is_named();
    the_first_failure_stays();
    cells_of_every_kind();
    failure_clear();
    region_free(&words);
    region_free(&scratch);
    region_free(&plans_memory);
    return sg_test_end();
}
