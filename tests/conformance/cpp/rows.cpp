// SPDX-License-Identifier: Apache-2.0
//
// Rows by themselves: filtered, and emitted one by one.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "transformations.h"

static const auto amounts = SG_COLUMNS(SG_INT64("id"), SG_NULLABLE(SG_FLOAT64("amount")), SG_NULLABLE(SG_UTF8("name")));

const sg_transformation filter = {
    .name = "filter",
    .scope = SG_ROW,
    .inputs = SG_INPUTS({"rows", amounts, nullptr}),
    .parameters = SG_PARAMETERS(SG_FLOAT64_PARAMETER_OR("limit", 0.5, "")),
    .output = amounts,
    .batch =
        [](const sg_context *context, const sg_batch *rows, sg_output *out) {
            const double limit = sg_float64_parameter(context, "limit");
            const sg_array *amount = sg_column_of(rows, "amount", SG_KIND_FLOAT64);
            const double *values = sg_float64s(amount);
            uint8_t *stays = sg_mask(rows);
            SG_EACH(row, rows->rows) stays[row] = values[row] > limit;
            sg_mask_valid(stays, amount);
            return sg_filter(out, rows, stays);
        },
};

const sg_transformation fan_out = {
    .name = "fan_out",
    .scope = SG_ROW,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_INT64("count"), SG_UTF8("word"))),
    .output = SG_COLUMNS(SG_INT64("place"), SG_UTF8("word")),
    .batch =
        [](const sg_context *, const sg_batch *rows, sg_output *out) {
            const int64_t *counts = sg_int64_values(rows, "count");
            const sg_array *words = sg_column_of(rows, "word", SG_KIND_UTF8);
            for (uint32_t row = 0; row < rows->rows; row++) {
                const long long count = counts[row];
                if (count > 100000) return sg_fail_row(row, "%lld copies are too many", count);
                if (count < 0) sg_reject(out, row, "%lld copies", count);
                for (int64_t place = 0; place < count; place++) sg_emit(out, row, place, sg_text_at(words, row));
            }
            return SG_OK;
        },
};

static std::string_view view(sg_text text) { return {text.bytes, text.length}; }

static sg_result speak(std::string_view word, sg_text text, uint32_t row, sg_output *out) {
    constexpr std::array<std::string_view, 4> levels = {"debug", "info", "warn", "error"};
    constexpr std::array<std::string_view, 3> failures = {"input", "parameter", "internal"};
    for (size_t level = 0; level < levels.size(); level++)
        if (word == levels[level]) sg_log(static_cast<sg_level>(level), "%.*s", SG_PRINTABLE(text));
    for (size_t kind = 0; kind < failures.size(); kind++)
        if (word == failures[kind])
            return sg_fail_as(static_cast<sg_failure_kind>(kind), SG_NONE, row, "%.*s", SG_PRINTABLE(text));
    if (word == "reject") return sg_reject(out, row, "%.*s", SG_PRINTABLE(text));
    if (word == "crash") std::abort();
    if (word == "print") std::printf("%.*s\n", SG_PRINTABLE(text));
    return sg_emit(out, row, word);
}

const sg_transformation speaks = {
    .name = "speaks",
    .doc = "Logs, rejects and fails as its rows say.",
    .scope = SG_ROW,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_UTF8("word"), SG_UTF8("text"))),
    .output = SG_COLUMNS(SG_UTF8("word")),
    .batch =
        [](const sg_context *, const sg_batch *rows, sg_output *out) {
            const sg_array *words = sg_column_of(rows, "word", SG_KIND_UTF8), *texts = sg_column_of(rows, "text", SG_KIND_UTF8);
            for (uint32_t row = 0; row < rows->rows; row++)
                if (speak(view(sg_text_at(words, row)), sg_text_at(texts, row), row, out) != SG_OK) return SG_FAILED;
            return SG_OK;
        },
};
