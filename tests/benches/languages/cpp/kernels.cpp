// SPDX-License-Identifier: Apache-2.0
//
// Kernels of the benchmark of languages, in C++.

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include <sandglass.h>

static const auto amounts_of = SG_COLUMNS(SG_INT64("id"), SG_FLOAT64("amount"));

static const sg_transformation filter = {
    .name = "filter",
    .scope = SG_ROW,
    .inputs = SG_INPUTS({"rows", amounts_of, nullptr}),
    .parameters = SG_PARAMETERS(SG_FLOAT64_PARAMETER_OR("limit", 0.5, "")),
    .output = amounts_of,
    .batch =
        [](const sg_context *context, const sg_batch *rows, sg_output *out) {
            const double limit = sg_float64_parameter(context, "limit");
            const double *amounts = sg_float64_values(rows, "amount");
            uint8_t *stays = sg_mask(rows);
            SG_EACH(row, rows->rows) stays[row] = amounts[row] > limit;
            return sg_filter(out, rows, stays);
        },
};

static const sg_transformation filter_plain = {
    .name = "filter_plain",
    .scope = SG_ROW,
    .inputs = SG_INPUTS({"rows", amounts_of, nullptr}),
    .parameters = SG_PARAMETERS(SG_FLOAT64_PARAMETER_OR("limit", 0.5, "")),
    .output = amounts_of,
    .batch =
        [](const sg_context *context, const sg_batch *rows, sg_output *out) {
            const double limit = sg_float64_parameter(context, "limit");
            const int64_t *ids = sg_int64_values(rows, "id");
            const double *amounts = sg_float64_values(rows, "amount");
            for (uint32_t row = 0; row < rows->rows; row++)
                if (amounts[row] > limit) sg_emit(out, row, ids[row], amounts[row]);
            return SG_OK;
        },
};

static const sg_transformation per_key = {
    .name = "per_key",
    .scope = SG_KEYED,
    .inputs = SG_INPUTS(SG_KEYED_INPUT("rows", SG_KEYS("key"), SG_INT64("key"), SG_TIMESTAMP("time"), SG_FLOAT64("amount"))),
    .output = SG_COLUMNS(SG_INT64("key"), SG_INT64("count"), SG_FLOAT64("sum"), SG_FLOAT64("most")),
    .key =
        [](const sg_context *, const sg_group *group, sg_output *out) {
            const sg_batch *rows = sg_group_rows(group, 0);
            const double *amounts = sg_float64_values(rows, "amount");
            double sum = 0.0, most = -std::numeric_limits<double>::infinity();
            for (uint32_t row = 0; row < rows->rows; row++) {
                sum += amounts[row];
                most = std::max(most, amounts[row]);
            }
            return sg_add(out, sg_key(group, 0), rows->rows, sum, most);
        },
};

static const sg_transformation text = {
    .name = "text",
    .scope = SG_ALIGNED,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_NULLABLE(SG_UTF8("address")))),
    .output = SG_COLUMNS(SG_NULLABLE(SG_UTF8("domain")), SG_NULLABLE(SG_INT64("length"))),
    .batch =
        [](const sg_context *, const sg_batch *rows, sg_output *out) {
            const auto lower = [](char letter) { return letter >= 'A' && letter <= 'Z' ? char(letter + ('a' - 'A')) : letter; };
            const sg_array *addresses = sg_column_of(rows, "address", SG_KIND_UTF8);
            int64_t *lengths = sg_int64_out(out, "length", rows->rows, addresses);
            SG_EACH(row, rows->rows) lengths[row] = sg_text_at(addresses, row).length;
            sg_builder *domains = sg_builder_of(out, "domain");
            std::string domain;
            for (uint32_t row = 0; row < rows->rows; row++) {
                const sg_text text = sg_text_at(addresses, row);
                const std::string_view address(text.bytes, text.length);
                const size_t at = address.rfind('@');
                // The text of a null is empty.
                if (at == address.npos) {
                    sg_append_null(domains);
                    continue;
                }
                domain = address.substr(at + 1);
                std::transform(domain.begin(), domain.end(), domain.begin(), lower);
                sg_append(domains, std::string_view(domain));
            }
            return SG_OK;
        },
};

static const sg_transformation flops = {
    .name = "flops",
    .scope = SG_ALIGNED,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_FLOAT64("x"))),
    .output = SG_COLUMNS(SG_FLOAT64("y")),
    .batch =
        [](const sg_context *, const sg_batch *rows, sg_output *out) {
            const double *x = sg_float64_values(rows, "x");
            double *to = sg_float64_out(out, "y", rows->rows, nullptr);
            SG_EACH(row, rows->rows) {
                double y = 0.0;
#pragma clang loop unroll(full)
                for (int place = 0; place < 25; place++) y = y * x[row] + 1.0 / (place + 1);
                to[row] = y;
            }
            return SG_OK;
        },
};

SG_COMPONENT(&filter, &filter_plain, &per_key, &text, &flops);
