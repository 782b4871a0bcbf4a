// SPDX-License-Identifier: Apache-2.0
//
// Transformations in unit tests, without WebAssembly, through the same conversions and checks as in a component. Compile
// sandglass_test.c instead of sandglass.c, which it contains:
//
//     cc -I"$SDK" orders.c orders_test.c "$SDK/sandglass_test.c" -o orders_test && ./orders_test
//
//     int main(void) {
//         sg_test *test = sg_test_new(&order_details);
//         sg_test_row(test, "orders", 1, 0, 4, 10.0);
//         sg_test_row(test, "orders", 2, 0, 0, 0.0);
//         const sg_outcome *out = sg_test_run(test);
//         SG_CHECK_ROW(out, 0, 1, 0, 2.5, false);
//         SG_CHECK_ROW(out, 1, 2, 0, SG_NULL, false);
//         sg_test_free(test);
//         return sg_test_end();
//     }

#ifndef SANDGLASS_TEST_H
#define SANDGLASS_TEST_H

#include "sandglass.h"

#ifdef __cplusplus
extern "C" {
#endif

// A run in the making. Parameters have their defaults, the interval is the first day of 1970 and the host wants source rows,
// unless it is said otherwise.
typedef struct sg_test sg_test;
sg_test *sg_test_new(const sg_transformation *transformation);
void sg_test_free(sg_test *test);

// Adds a row to an input: its cells in the order of the input's columns.
#define sg_test_row(test, input, ...) sg_test_row_cells(test, input, SG__CELLS(__VA_ARGS__))
void sg_test_row_cells(sg_test *test, const char *input, const sg_cell *cells, uint32_t count);
// Rows with what is nested: each column of an input gets a value, then `sg_test_end_row` ends the row.
sg_builder *sg_test_builder(sg_test *test, const char *input, const char *column);
void sg_test_end_row(sg_test *test, const char *input);

// The interval whose rows are made, `[start, end)` in microseconds since 1970; also every input's range.
void sg_test_interval(sg_test *test, int64_t start, int64_t end);
// Rows as they arrive, or one request at this time, instead of an interval's. No input is filtered.
void sg_test_streaming(sg_test *test);
void sg_test_request(sg_test *test, int64_t at);
// The time range that an input was filtered to; none of them was.
void sg_test_range(sg_test *test, uint32_t input, int64_t start, int64_t end);
void sg_test_unfiltered(sg_test *test);
// Whether the host wants source rows.
void sg_test_lineage(sg_test *test, bool wanted);
// The value of a parameter: `sg_test_parameter(test, "limit", 0.5)`.
#define sg_test_parameter(test, name, value) sg_test_parameter_cell(test, name, sg_cell_of(value))
void sg_test_parameter_cell(sg_test *test, const char *name, sg_cell value);
void sg_test_property(sg_test *test, const char *name, const char *value);
// Hands rows in by batches of so many, to test what happens at their edges.
void sg_test_batch_rows(sg_test *test, uint32_t rows);

typedef struct sg_rejected_row {
    uint32_t row;
    const char *reason;
} sg_rejected_row;

typedef struct sg_message {
    sg_level level;
    const char *text;
} sg_message;

// What a run returned. It stays until the test is freed.
typedef struct sg_outcome {
    // Of a failure; `message` is NULL if there was none.
    const char *message;
    sg_failure_kind kind;
    uint32_t input;
    uint32_t row;
    // All rows, none after a failure.
    const sg_batch *rows;
    // For each of them the row of the input that it came from, in the row and aligned scopes; NULL if they were not wanted.
    const uint32_t *source_rows;
    // Rows of the input, and why.
    const sg_rejected_row *rejected;
    uint32_t rejected_count;
    const sg_message *logs;
    uint32_t log_count;
    // Outputs that the rows came in.
    uint32_t output_count;
} sg_outcome;

// Runs it over the rows, once. As the host does, it sorts the rows of a keyed transformation by key, then by time: the column
// `timestamp`, or else the first of that kind.
const sg_outcome *sg_test_run(sg_test *test);

// Says on stderr what is not so, and goes on.
#define SG_CHECK(condition) sg_test_check((condition) ? NULL : #condition, __FILE__, __LINE__)
// Texts that should be equal; NULL is none.
#define SG_CHECK_TEXT(have, want) sg_test_check_text(have, want, __FILE__, __LINE__)
// Cells that a row of the outcome should have; none if the run failed.
#define SG_CHECK_ROW(outcome, row, ...) sg_test_check_row(outcome, row, __FILE__, __LINE__, SG__CELLS(__VA_ARGS__))
bool sg_test_check(const char *failed, const char *file, int line);
bool sg_test_check_text(const char *have, const char *want, const char *file, int line);
bool sg_test_check_row(const sg_outcome *outcome, uint32_t row, const char *file, int line, const sg_cell *cells, uint32_t count);
// What `main` returns: 0 if all was so.
int sg_test_end(void);

#ifdef __cplusplus
}
#endif

#endif  // SANDGLASS_TEST_H
