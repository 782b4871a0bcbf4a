// SPDX-License-Identifier: Apache-2.0
//
// Recency, frequency and monetary value of each customer who bought in the range.

#include <sandglass.h>

#define DAY_US INT64_C(86400000000)

// Whole days, rounded down.
static int64_t days(int64_t us) { return us / DAY_US - (us % DAY_US < 0); }

static sg_result rfm_of_customer(const sg_context *context, const sg_group *group, sg_output *out) {
    int64_t end = sg_context_interval(context).end;
    const sg_batch *purchases = sg_group_rows(group, 0);
    if (purchases->rows == 0) return SG_OK;
    // Sorted by time, so the last row is the latest purchase.
    int64_t latest = sg_timestamp_values(purchases, "timestamp")[purchases->rows - 1];
    const sg_array *amounts = sg_column_of(purchases, "amount", SG_KIND_FLOAT64);
    double monetary = 0.0;
    for (uint32_t row = 0; row < purchases->rows; row++)
        if (!sg_is_null(amounts, row)) monetary += sg_float64_at(amounts, row);
    return sg_add(out, sg_key(group, 0), end - 1, days(end - latest), purchases->rows, monetary);
}

const sg_transformation customer_rfm = {
    .name = "customer_rfm",
    .doc = "Recency, frequency and monetary value over the purchases in range, at the end of the interval.",
    .scope = SG_KEYED,
    .inputs = SG_INPUTS(SG_KEYED_INPUT("purchases", SG_KEYS("customer_id"), SG_INT64("customer_id"), SG_TIMESTAMP("timestamp"),
                                       SG_NULLABLE(SG_FLOAT64("amount")))),
    .output = SG_COLUMNS(SG_INT64("customer_id"), SG_TIMESTAMP("timestamp"), SG_INT64("recency_days"), SG_INT64("frequency"),
                         SG_FLOAT64("monetary")),
    .key = rfm_of_customer,
};

SG_COMPONENT(&customer_rfm);
