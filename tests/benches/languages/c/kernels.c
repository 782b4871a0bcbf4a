// SPDX-License-Identifier: Apache-2.0
//
// Kernels of the benchmark of languages, with the C SDK.

#include <math.h>

#include <sandglass.h>

#define AMOUNTS SG_INT64("id"), SG_FLOAT64("amount")

static sg_result filter_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    double limit = sg_float64_parameter(context, "limit");
    const double *amounts = sg_float64_values(rows, "amount");
    uint8_t *stays = sg_mask(rows);
    SG_EACH(row, rows->rows) stays[row] = amounts[row] > limit;
    return sg_filter(out, rows, stays);
}

static const sg_transformation filter = {
    .name = "filter",
    .scope = SG_ROW,
    .inputs = SG_INPUTS(SG_INPUT("rows", AMOUNTS)),
    .parameters = SG_PARAMETERS(SG_FLOAT64_PARAMETER_OR("limit", 0.5, "")),
    .output = SG_COLUMNS(AMOUNTS),
    .batch = filter_batch,
};

static sg_result filter_plain_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    double limit = sg_float64_parameter(context, "limit");
    const int64_t *ids = sg_int64_values(rows, "id");
    const double *amounts = sg_float64_values(rows, "amount");
    for (uint32_t row = 0; row < rows->rows; row++)
        if (amounts[row] > limit) sg_emit(out, row, ids[row], amounts[row]);
    return SG_OK;
}

static const sg_transformation filter_plain = {
    .name = "filter_plain",
    .scope = SG_ROW,
    .inputs = SG_INPUTS(SG_INPUT("rows", AMOUNTS)),
    .parameters = SG_PARAMETERS(SG_FLOAT64_PARAMETER_OR("limit", 0.5, "")),
    .output = SG_COLUMNS(AMOUNTS),
    .batch = filter_plain_batch,
};

static sg_result per_key_group(const sg_context *context, const sg_group *group, sg_output *out) {
    (void)context;
    const sg_batch *rows = sg_group_rows(group, 0);
    const double *amounts = sg_float64_values(rows, "amount");
    double sum = 0.0, most = -INFINITY;
    for (uint32_t row = 0; row < rows->rows; row++) {
        sum += amounts[row];
        most = amounts[row] > most ? amounts[row] : most;
    }
    return sg_add(out, sg_key(group, 0), rows->rows, sum, most);
}

static const sg_transformation per_key = {
    .name = "per_key",
    .scope = SG_KEYED,
    .inputs = SG_INPUTS(SG_KEYED_INPUT("rows", SG_KEYS("key"), SG_INT64("key"), SG_TIMESTAMP("time"), SG_FLOAT64("amount"))),
    .output = SG_COLUMNS(SG_INT64("key"), SG_INT64("count"), SG_FLOAT64("sum"), SG_FLOAT64("most")),
    .key = per_key_group,
};

// What follows the last `@`, its ASCII letters in lower case.
static sg_cell domain_of(sg_text address) {
    uint32_t from = address.length;
    while (from > 0 && address.bytes[from - 1] != '@') from--;
    if (from == 0) return SG_NULL;
    uint32_t length = address.length - from;
    char *lowered = sg_alloc(length);
    for (uint32_t place = 0; place < length; place++) {
        char letter = address.bytes[from + place];
        lowered[place] = letter >= 'A' && letter <= 'Z' ? (char)(letter + ('a' - 'A')) : letter;
    }
    return sg_cell_of(((sg_text){lowered, length}));
}

static sg_result text_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    (void)context;
    const sg_array *addresses = sg_column_of(rows, "address", SG_KIND_UTF8);
    int64_t *lengths = sg_int64_out(out, "length", rows->rows, addresses);
    SG_EACH(row, rows->rows) lengths[row] = sg_text_at(addresses, row).length;
    sg_builder *domains = sg_builder_of(out, "domain");
    for (uint32_t row = 0; row < rows->rows; row++)
        sg_append(domains, sg_is_null(addresses, row) ? SG_NULL : domain_of(sg_text_at(addresses, row)));
    return SG_OK;
}

static const sg_transformation text = {
    .name = "text",
    .scope = SG_ALIGNED,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_NULLABLE(SG_UTF8("address")))),
    .output = SG_COLUMNS(SG_NULLABLE(SG_UTF8("domain")), SG_NULLABLE(SG_INT64("length"))),
    .batch = text_batch,
};

static sg_result flops_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    (void)context;
    const double *x = sg_float64_values(rows, "x");
    double *to = sg_float64_out(out, "y", rows->rows, NULL);
    SG_EACH(row, rows->rows) {
        double y = 0.0;
#pragma clang loop unroll(full)
        for (int place = 0; place < 25; place++) y = y * x[row] + 1.0 / (place + 1);
        to[row] = y;
    }
    return SG_OK;
}

static const sg_transformation flops = {
    .name = "flops",
    .scope = SG_ALIGNED,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_FLOAT64("x"))),
    .output = SG_COLUMNS(SG_FLOAT64("y")),
    .batch = flops_batch,
};

SG_COMPONENT(&filter, &filter_plain, &per_key, &text, &flops);
