// What a single order tells.

#include <sandglass.h>

static sg_result details(const sg_context *context, const sg_batch *orders, sg_output *out) {
    double large_from = sg_float64_parameter(context, "large_from");
    const int64_t *customers = sg_int64_values(orders, "customer_id");
    const int64_t *times = sg_timestamp_values(orders, "ordered_at");
    const int64_t *items = sg_int64_values(orders, "items");
    const double *amounts = sg_float64_values(orders, "amount");
    for (uint32_t row = 0; row < orders->rows; row++) {
        if (amounts[row] < 0) {
            sg_reject(out, row, "an amount of %.15g", amounts[row]);
            continue;
        }
        sg_cell price = items[row] > 0 ? sg_cell_of(amounts[row] / (double)items[row]) : SG_NULL;
        sg_emit(out, row, customers[row], times[row], price, amounts[row] >= large_from);
    }
    return SG_OK;
}

const sg_transformation order_details = {
    .name = "order_details",
    .doc = "Price per item and size of each order.",
    .scope = SG_ROW,
    .inputs = SG_INPUTS(
        SG_INPUT("orders", SG_INT64("customer_id"), SG_TIMESTAMP("ordered_at"), SG_INT64("items"), SG_FLOAT64("amount"))),
    .parameters = SG_PARAMETERS(SG_FLOAT64_PARAMETER_OR("large_from", 100.0, "The amount from which on an order is large.")),
    .output = SG_COLUMNS(SG_INT64("customer_id"), SG_TIMESTAMP("ordered_at"), SG_NULLABLE(SG_FLOAT64("price_per_item")),
                         SG_BOOLEAN("is_large")),
    .batch = details,
};

SG_COMPONENT(&order_details);
