// SPDX-License-Identifier: Apache-2.0
//
// Rows of a key together, and rows of an interval.

#include "transformations.h"

static sg_result totals_of_key(const sg_context *context, const sg_group *group, sg_output *out) {
    (void)context;
    const sg_batch *sales = sg_group_rows(group, 0), *visits = sg_group_rows(group, 1);
    const sg_array *amounts = sg_column_of(sales, "amount", SG_KIND_FLOAT64);
    const sg_array *visitors = sg_column_of(visits, "visitors", SG_KIND_INT32);
    double total = 0.0;
    for (uint32_t row = 0; row < sales->rows; row++) total += sg_is_null(amounts, row) ? 0.0 : sg_float64_at(amounts, row);
    int64_t all_visitors = 0;
    for (uint32_t row = 0; row < visits->rows; row++) all_visitors += sg_int32_at(visitors, row);
    sg_cell sold = sales->rows > 0 ? sg_cell_of(total) : SG_NULL;
    sg_cell first = sales->rows > 0 ? sg_cell_of(sg_timestamp_values(sales, "time")[0]) : SG_NULL;
    return sg_add(out, sg_key(group, 0), sg_key(group, 1), sold, all_visitors, first);
}

const sg_transformation totals = {
    .name = "totals",
    .scope = SG_KEYED,
    .inputs = SG_INPUTS(SG_KEYED_INPUT("sales", SG_KEYS("region", "store"), SG_UTF8("region"), SG_INT64("store"),
                                       SG_TIMESTAMP("time"), SG_NULLABLE(SG_FLOAT64("amount"))),
                        SG_KEYED_INPUT("visits", SG_KEYS("area", "shop"), SG_UTF8("area"), SG_INT64("shop"), SG_TIMESTAMP("time"),
                                       SG_INT32("visitors"))),
    .output = SG_COLUMNS(SG_UTF8("region"), SG_INT64("store"), SG_NULLABLE(SG_FLOAT64("sales")), SG_INT64("visitors"),
                         SG_NULLABLE(SG_TIMESTAMP("first"))),
    .key = totals_of_key,
};

// The last row of `factors` that has the name, found from the end; `SG_NONE` if there is none.
static uint32_t last_of(const sg_array *names, uint32_t rows, sg_text name) {
    uint32_t row = rows;
    while (row > 0 && !sg_text_equal(sg_text_at(names, row - 1), name)) row -= 1;
    return row == 0 ? SG_NONE : row - 1;
}

static sg_result joined_interval(const sg_context *context, const sg_inputs *inputs, sg_output *out) {
    (void)context;
    const sg_batch *factors = sg_inputs_rows(inputs, 1);
    const sg_array *names = sg_column_of(factors, "name", SG_KIND_UTF8);
    const double *values = sg_float64_values(factors, "factor");
    for (uint32_t at = 0; at < sg_inputs_batch_count(inputs, 0); at++) {
        const sg_batch *facts = sg_inputs_batch(inputs, 0, at);
        const int64_t *ids = sg_int64_values(facts, "id");
        const sg_array *wanted = sg_column_of(facts, "name", SG_KIND_UTF8);
        for (uint32_t row = 0; row < facts->rows; row++) {
            uint32_t found = last_of(names, factors->rows, sg_text_at(wanted, row));
            sg_add(out, ids[row], found == SG_NONE ? SG_NULL : sg_cell_of(values[found]));
        }
    }
    return SG_OK;
}

const sg_transformation joined = {
    .name = "joined",
    .scope = SG_INTERVAL,
    .inputs =
        SG_INPUTS(SG_INPUT("facts", SG_INT64("id"), SG_UTF8("name")), SG_INPUT("factors", SG_UTF8("name"), SG_FLOAT64("factor"))),
    .output = SG_COLUMNS(SG_INT64("id"), SG_NULLABLE(SG_FLOAT64("factor"))),
    .interval = joined_interval,
};

static sg_result empty_interval(const sg_context *context, const sg_inputs *inputs, sg_output *out) {
    (void)context;
    (void)inputs;
    (void)out;
    return SG_OK;
}

const sg_transformation empty = {
    .name = "empty",
    .scope = SG_INTERVAL,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_INT64("id"))),
    .output = SG_COLUMNS(SG_INT64("id"), SG_NULLABLE(SG_UTF8("text"))),
    .interval = empty_interval,
};
