// SPDX-License-Identifier: Apache-2.0
//
// Rows of a key together, and rows of an interval.

#include <string_view>
#include <unordered_map>

#include "transformations.h"

const sg_transformation totals = {
    .name = "totals",
    .scope = SG_KEYED,
    .inputs = SG_INPUTS(SG_KEYED_INPUT("sales", SG_KEYS("region", "store"), SG_UTF8("region"), SG_INT64("store"),
                                       SG_TIMESTAMP("time"), SG_NULLABLE(SG_FLOAT64("amount"))),
                        SG_KEYED_INPUT("visits", SG_KEYS("area", "shop"), SG_UTF8("area"), SG_INT64("shop"), SG_TIMESTAMP("time"),
                                       SG_INT32("visitors"))),
    .output = SG_COLUMNS(SG_UTF8("region"), SG_INT64("store"), SG_NULLABLE(SG_FLOAT64("sales")), SG_INT64("visitors"),
                         SG_NULLABLE(SG_TIMESTAMP("first"))),
    .key =
        [](const sg_context *, const sg_group *group, sg_output *out) {
            const sg_batch *sales = sg_group_rows(group, 0), *visits = sg_group_rows(group, 1);
            const sg_array *amounts = sg_column_of(sales, "amount", SG_KIND_FLOAT64);
            const int32_t *visitors = sg_int32_values(visits, "visitors");
            double total = 0.0;
            for (uint32_t row = 0; row < sales->rows; row++)
                if (!sg_is_null(amounts, row)) total += sg_float64_at(amounts, row);
            int64_t all_visitors = 0;
            for (uint32_t row = 0; row < visits->rows; row++) all_visitors += visitors[row];
            const bool has_sales = sales->rows > 0;
            const sg_cell sold = has_sales ? sg_cell_of(total) : SG_NULL;
            const sg_cell first = has_sales ? sg_from(sg_column(sales, "time"), 0) : SG_NULL;
            return sg_add(out, sg_key(group, 0), sg_key(group, 1), sold, all_visitors, first);
        },
};

const sg_transformation joined = {
    .name = "joined",
    .scope = SG_INTERVAL,
    .inputs =
        SG_INPUTS(SG_INPUT("facts", SG_INT64("id"), SG_UTF8("name")), SG_INPUT("factors", SG_UTF8("name"), SG_FLOAT64("factor"))),
    .output = SG_COLUMNS(SG_INT64("id"), SG_NULLABLE(SG_FLOAT64("factor"))),
    .interval =
        [](const sg_context *, const sg_inputs *inputs, sg_output *out) {
            const auto view = [](sg_text text) { return std::string_view(text.bytes, text.length); };
            const sg_batch *facts = sg_inputs_rows(inputs, 0), *factors = sg_inputs_rows(inputs, 1);
            const sg_array *names = sg_column_of(factors, "name", SG_KIND_UTF8);
            std::unordered_map<std::string_view, double> last;
            for (uint32_t row = 0; row < factors->rows; row++)
                last[view(sg_text_at(names, row))] = sg_float64_values(factors, "factor")[row];
            const int64_t *ids = sg_int64_values(facts, "id");
            const sg_array *wanted = sg_column_of(facts, "name", SG_KIND_UTF8);
            for (uint32_t row = 0; row < facts->rows; row++) {
                const auto found = last.find(view(sg_text_at(wanted, row)));
                sg_add(out, ids[row], found == last.end() ? SG_NULL : sg_cell_of(found->second));
            }
            return SG_OK;
        },
};

const sg_transformation empty = {
    .name = "empty",
    .scope = SG_INTERVAL,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_INT64("id"))),
    .output = SG_COLUMNS(SG_INT64("id"), SG_NULLABLE(SG_UTF8("text"))),
    .interval = [](const sg_context *, const sg_inputs *, sg_output *) { return SG_OK; },
};
