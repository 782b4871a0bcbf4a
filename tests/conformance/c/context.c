// SPDX-License-Identifier: Apache-2.0
//
// What a run is told.

#include "transformations.h"

static sg_result parameters_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    const int64_t *ids = sg_int64_values(rows, "id");
    bool a_boolean = sg_boolean_parameter(context, "a_boolean");
    int64_t an_int64 = sg_int64_parameter(context, "an_int64");
    double a_float64 = sg_float64_parameter(context, "a_float64");
    sg_text a_utf8 = sg_utf8_parameter(context, "a_utf8");
    int64_t a_timestamp = sg_timestamp_parameter(context, "a_timestamp");
    int64_t a_duration = sg_duration_parameter(context, "a_duration");
    for (uint32_t row = 0; row < rows->rows; row++)
        sg_add(out, ids[row], a_boolean, an_int64, a_float64, a_utf8, a_timestamp, a_duration);
    return SG_OK;
}

const sg_transformation parameters = {
    .name = "parameters",
    .scope = SG_ALIGNED,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_INT64("id"))),
    .parameters =
        SG_PARAMETERS(SG_BOOLEAN_PARAMETER_OR("a_boolean", true, ""), SG_INT64_PARAMETER("an_int64", "Any."),
                      SG_FLOAT64_PARAMETER_OR("a_float64", 0.1, ""), SG_UTF8_PARAMETER_OR("a_utf8", "né", ""),
                      SG_TIMESTAMP_PARAMETER_OR("a_timestamp", -1, ""), SG_DURATION_PARAMETER_OR("a_duration", 90000000, "")),
    .output = SG_COLUMNS(SG_INT64("id"), SG_BOOLEAN("a_boolean"), SG_INT64("an_int64"), SG_FLOAT64("a_float64"),
                         SG_UTF8("a_utf8"), SG_TIMESTAMP("a_timestamp"), SG_DURATION("a_duration")),
    .batch = parameters_batch,
};

static sg_result context_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    static const char *const modes[] = {"materialize", "streaming", "request"};
    const int64_t *ids = sg_int64_values(rows, "id");
    sg_cell start = SG_NULL, end = SG_NULL, at = SG_NULL, range_start = SG_NULL, range_end = SG_NULL, property = SG_NULL;
    if (context->mode == SG_MATERIALIZE) {
        sg_interval interval = sg_context_interval(context);
        start = sg_cell_of(interval.start);
        end = sg_cell_of(interval.end);
    }
    if (context->mode == SG_REQUEST) at = sg_cell_of(sg_context_request_time(context));
    sg_interval range;
    if (sg_context_range(context, 0, &range)) {
        range_start = sg_cell_of(range.start);
        range_end = sg_cell_of(range.end);
    }
    sg_text kit;
    if (sg_context_property(context, "kit", &kit)) property = sg_cell_of(kit);
    for (uint32_t row = 0; row < rows->rows; row++)
        sg_add(out, ids[row], modes[context->mode], start, end, at, range_start, range_end, context->lineage, property);
    return SG_OK;
}

const sg_transformation context = {
    .name = "context",
    .scope = SG_ALIGNED,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_INT64("id"))),
    .output = SG_COLUMNS(SG_INT64("id"), SG_UTF8("mode"), SG_NULLABLE(SG_TIMESTAMP("start")), SG_NULLABLE(SG_TIMESTAMP("end")),
                         SG_NULLABLE(SG_TIMESTAMP("at")), SG_NULLABLE(SG_TIMESTAMP("range_start")),
                         SG_NULLABLE(SG_TIMESTAMP("range_end")), SG_BOOLEAN("lineage"), SG_NULLABLE(SG_UTF8("property"))),
    .batch = context_batch,
};
