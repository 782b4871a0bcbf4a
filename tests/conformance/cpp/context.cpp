// SPDX-License-Identifier: Apache-2.0
//
// What a run is told.

#include "transformations.h"

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
    .batch =
        [](const sg_context *context, const sg_batch *rows, sg_output *out) {
            const int64_t *ids = sg_int64_values(rows, "id");
            for (uint32_t row = 0; row < rows->rows; row++)
                sg_add(out, ids[row], sg_boolean_parameter(context, "a_boolean"), sg_int64_parameter(context, "an_int64"),
                       sg_float64_parameter(context, "a_float64"), sg_utf8_parameter(context, "a_utf8"),
                       sg_timestamp_parameter(context, "a_timestamp"), sg_duration_parameter(context, "a_duration"));
            return SG_OK;
        },
};

static const char *mode_of(const sg_context *context) {
    switch (context->mode) {
    case SG_MATERIALIZE: return "materialize";
    case SG_STREAMING: return "streaming";
    default: return "request";
    }
}

const sg_transformation context = {
    .name = "context",
    .scope = SG_ALIGNED,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_INT64("id"))),
    .output = SG_COLUMNS(SG_INT64("id"), SG_UTF8("mode"), SG_NULLABLE(SG_TIMESTAMP("start")), SG_NULLABLE(SG_TIMESTAMP("end")),
                         SG_NULLABLE(SG_TIMESTAMP("at")), SG_NULLABLE(SG_TIMESTAMP("range_start")),
                         SG_NULLABLE(SG_TIMESTAMP("range_end")), SG_BOOLEAN("lineage"), SG_NULLABLE(SG_UTF8("property"))),
    .batch =
        [](const sg_context *context, const sg_batch *rows, sg_output *out) {
            const auto some = [](bool is, auto value) { return is ? sg_cell_of(value) : SG_NULL; };
            const bool has_interval = context->mode == SG_MATERIALIZE, has_time = context->mode == SG_REQUEST;
            const sg_interval interval = has_interval ? sg_context_interval(context) : sg_interval{};
            const int64_t at = has_time ? sg_context_request_time(context) : 0;
            sg_interval range = {};
            const bool is_filtered = sg_context_range(context, 0, &range);
            sg_text kit = {};
            const bool has_kit = sg_context_property(context, "kit", &kit);
            const int64_t *ids = sg_int64_values(rows, "id");
            for (uint32_t row = 0; row < rows->rows; row++)
                sg_add(out, ids[row], mode_of(context), some(has_interval, interval.start), some(has_interval, interval.end),
                       some(has_time, at), some(is_filtered, range.start), some(is_filtered, range.end), context->lineage,
                       some(has_kit, kit));
            return SG_OK;
        },
};
