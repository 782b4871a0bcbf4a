// SPDX-License-Identifier: Apache-2.0
//
// Rows by themselves: filtered, and emitted one by one.

#include <stdio.h>
#include <stdlib.h>

#include "transformations.h"

#define AMOUNTS SG_INT64("id"), SG_NULLABLE(SG_FLOAT64("amount")), SG_NULLABLE(SG_UTF8("name"))

static sg_result filter_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    double limit = sg_float64_parameter(context, "limit");
    const sg_array *amount = sg_column_of(rows, "amount", SG_KIND_FLOAT64);
    const double *amounts = sg_float64s(amount);
    uint8_t *stays = sg_mask(rows);
    SG_EACH(row, rows->rows) stays[row] = amounts[row] > limit;
    sg_mask_valid(stays, amount);
    return sg_filter(out, rows, stays);
}

const sg_transformation filter = {
    .name = "filter",
    .scope = SG_ROW,
    .inputs = SG_INPUTS(SG_INPUT("rows", AMOUNTS)),
    .parameters = SG_PARAMETERS(SG_FLOAT64_PARAMETER_OR("limit", 0.5, "")),
    .output = SG_COLUMNS(AMOUNTS),
    .batch = filter_batch,
};

static sg_result fan_out_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    (void)context;
    const int64_t *counts = sg_int64_values(rows, "count");
    const sg_array *words = sg_column_of(rows, "word", SG_KIND_UTF8);
    for (uint32_t row = 0; row < rows->rows; row++) {
        long long count = counts[row];
        if (count > 100000) return sg_fail_row(row, "%lld copies are too many", count);
        if (count < 0) sg_reject(out, row, "%lld copies", count);
        for (int64_t place = 0; place < count; place++) sg_emit(out, row, place, sg_text_at(words, row));
    }
    return SG_OK;
}

const sg_transformation fan_out = {
    .name = "fan_out",
    .scope = SG_ROW,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_INT64("count"), SG_UTF8("word"))),
    .output = SG_COLUMNS(SG_INT64("place"), SG_UTF8("word")),
    .batch = fan_out_batch,
};

static sg_result speaks_row(sg_text word, sg_text text, uint32_t row, sg_output *out) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    static const char *const failures[] = {"input", "parameter", "internal"};
    for (int level = SG_DEBUG; level <= SG_ERROR; level++)
        if (sg_text_is(word, levels[level])) sg_log((sg_level)level, "%.*s", SG_PRINTABLE(text));
    for (int kind = SG_FAILURE_INPUT; kind <= SG_FAILURE_INTERNAL; kind++)
        if (sg_text_is(word, failures[kind])) return sg_fail_as((sg_failure_kind)kind, SG_NONE, row, "%.*s", SG_PRINTABLE(text));
    if (sg_text_is(word, "reject")) return sg_reject(out, row, "%.*s", SG_PRINTABLE(text));
    if (sg_text_is(word, "crash")) abort();
    if (sg_text_is(word, "print")) printf("%.*s\n", SG_PRINTABLE(text));
    return sg_emit(out, row, word);
}

static sg_result speaks_batch(const sg_context *context, const sg_batch *rows, sg_output *out) {
    (void)context;
    const sg_array *words = sg_column_of(rows, "word", SG_KIND_UTF8), *texts = sg_column_of(rows, "text", SG_KIND_UTF8);
    for (uint32_t row = 0; row < rows->rows; row++)
        if (speaks_row(sg_text_at(words, row), sg_text_at(texts, row), row, out) != SG_OK) return SG_FAILED;
    return SG_OK;
}

const sg_transformation speaks = {
    .name = "speaks",
    .doc = "Logs, rejects and fails as its rows say.",
    .scope = SG_ROW,
    .inputs = SG_INPUTS(SG_INPUT("rows", SG_UTF8("word"), SG_UTF8("text"))),
    .output = SG_COLUMNS(SG_UTF8("word")),
    .batch = speaks_batch,
};
