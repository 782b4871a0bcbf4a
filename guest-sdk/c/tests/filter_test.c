// SPDX-License-Identifier: Apache-2.0
//
// Rows that stay and rows that are taken, against a plain loop, for columns of every layout.

#include "tests.h"

#define COLUMNS                                                                                                                  \
    SG_INT64("id"), SG_NULLABLE(SG_INT8("a")), SG_NULLABLE(SG_BOOLEAN("b")), SG_NULLABLE(SG_UTF8("c")),                          \
        SG_NULLABLE(SG_FIXED_SIZE_BINARY("d", 5)), SG_NULLABLE(SG_DECIMAL128("e", 38, 0)),                                       \
        SG_NULLABLE(SG_LIST("f", SG_INT16("item")))

// Every row, made of its number alone.
static void add_row(sg_test *test, uint32_t id) {
    static const char *const texts[] = {"", "a", "sixteen bytes it is", "twelve bytes",
                                        "and this one has more than thirty-two bytes"};
    sg_append(sg_test_builder(test, "rows", "id"), id);
    bool is_null = id % 3 == 1;
    sg_cell cells[] = {sg_cell_of((int8_t)(id % 100)), sg_cell_of(id % 2 == 0), sg_cell_of(texts[id % 5]), sg_cell_of("12345"),
                       sg_cell_of(id)};
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (int at = 0; at < 5; at++)
        sg_append_cell(sg_test_builder(test, "rows", names[at]), is_null && id % 5 != (uint32_t)at ? SG_NULL : cells[at]);
    sg_builder *list = sg_test_builder(test, "rows", "f");
    if (is_null) sg_append_null(list);
    for (uint32_t item = 0; !is_null && item < id % 4; item++) sg_append(sg_builder_child(list, 0), id + item);
    if (!is_null) sg_append_nested(list);
    sg_test_end_row(test, "rows");
}

static bool stays(int64_t id, int64_t share) { return (uint64_t)id * 2654435761u % 100 < (uint64_t)share; }

static sg_result filtered(const sg_context *context, const sg_batch *batch, sg_output *out) {
    int64_t share = sg_int64_parameter(context, "share");
    const int64_t *ids = sg_int64_values(batch, "id");
    uint8_t *mask = sg_mask(batch);
    // Any byte but zero counts.
    for (uint32_t row = 0; row < batch->rows; row++) mask[row] = stays(ids[row], share) ? (uint8_t)(1 + row % 255) : 0;
    return sg_filter(out, batch, mask);
}

static sg_result taken(const sg_context *context, const sg_batch *batch, sg_output *out) {
    int64_t share = sg_int64_parameter(context, "share");
    const int64_t *ids = sg_int64_values(batch, "id");
    uint8_t *mask = sg_mask(batch);
    for (uint32_t row = 0; row < batch->rows; row++) mask[row] = stays(ids[row], share);
    uint32_t count;
    const uint32_t *rows = sg_rows_where(mask, batch->rows, &count);
    return sg_take(out, batch, rows, count);
}

#define SHARE .parameters = SG_PARAMETERS(SG_INT64_PARAMETER("share", "Of a hundred."))
static const sg_transformation filter = {.name = "filter",
                                         .scope = SG_ROW,
                                         .inputs = SG_INPUTS(SG_INPUT("rows", COLUMNS)),
                                         SHARE,
                                         .output = SG_COLUMNS(COLUMNS),
                                         .batch = filtered};
static const sg_transformation take_where = {.name = "take",
                                             .scope = SG_ROW,
                                             .inputs = SG_INPUTS(SG_INPUT("rows", COLUMNS)),
                                             SHARE,
                                             .output = SG_COLUMNS(COLUMNS),
                                             .batch = taken};

static void same_as_a_loop(const sg_transformation *transformation, uint32_t rows, int64_t share, uint32_t batch_rows) {
    sg_test *all = sg_test_new(&filter), *some = sg_test_new(transformation);
    uint32_t *wanted = (uint32_t *)calloc(rows + 1, 4), count = 0;
    for (uint32_t row = 0; row < rows; row++) {
        add_row(all, row);
        add_row(some, row);
        if (stays(row, share)) wanted[count++] = row;
    }
    sg_test_parameter(all, "share", 100);
    sg_test_parameter(some, "share", share);
    sg_test_batch_rows(some, batch_rows);
    const sg_outcome *in = sg_test_run(all), *out = sg_test_run(some);
    SG_CHECK_TEXT(out->message, NULL);
    SG_CHECK(in->rows->rows == rows && out->rows->rows == count);
    for (uint32_t row = 0; row < count && out->rows->rows == count; row++) {
        SG_CHECK(out->source_rows[row] == wanted[row]);
        for (uint32_t column = 0; column < 7; column++) {
            const char *have = value_of(out->rows->columns + column, row);
            if (strcmp(have, value_of(in->rows->columns + column, wanted[row])) != 0)
                SG_CHECK_TEXT(have, value_of(in->rows->columns + column, wanted[row]));
        }
    }
    free(wanted);
    sg_test_free(all);
    sg_test_free(some);
}

static void rows_as_a_loop_has_them(void) {
    for (uint32_t rows = 0; rows < 40; rows++)
        for (int64_t share = 0; share <= 100; share += 25) {
            same_as_a_loop(&filter, rows, share, 8192);
            same_as_a_loop(&take_where, rows, share, 7);
        }
    same_as_a_loop(&filter, 1000, 30, 333);
    same_as_a_loop(&filter, 1000, 99, 8192);
}

static void places_are_those_of_ones(void) {
    for (uint32_t bits = 0; bits < 256; bits++) {
        uint32_t rows[8], count = 0;
        write_places(rows, 100, bits);
        for (uint32_t place = 0; place < 8; place++)
            if (bits >> place & 1) SG_CHECK(rows[count++] == 100 + place);
        SG_CHECK(count == ones((uint8_t)bits));
    }
}

static void masks_lose_nulls(void) {
    for (uint32_t rows = 0; rows < 70; rows++)
        for (uint32_t bit = 0; bit < 9; bit++) {
            uint8_t validity[16], mask[80];
            for (int at = 0; at < 16; at++) validity[at] = (uint8_t)random_below(256);
            for (int at = 0; at < 80; at++) mask[at] = (uint8_t)random_below(3);
            uint8_t before[80];
            memcpy(before, mask, sizeof mask);
            sg_array column = {&no_type, rows, 1, validity, bit, NULL, nothing, NULL};
            sg_mask_valid(mask, &column);
            for (uint32_t row = 0; row < 80; row++)
                SG_CHECK(mask[row] == (row < rows && sg_is_null(&column, row) ? 0 : before[row]));
        }
}

static void bits_are_copied_and_counted(void) {
    for (int round = 0; round < 2000; round++) {
        uint8_t from[16], to[16] = {0};
        for (int at = 0; at < 16; at++) from[at] = (uint8_t)random_below(256);
        uint32_t from_bit = random_below(20), to_bit = random_below(20), count = random_below(90), zeroes = 0;
        copy_bits(to, to_bit, from, from_bit, count);
        for (uint32_t at = 0; at < 128; at++) {
            bool is_inside = at >= to_bit && at < to_bit + count;
            SG_CHECK(bit_at(to, at) == (is_inside && bit_at(from, from_bit + at - to_bit)));
            zeroes += is_inside && !bit_at(to, at);
        }
        SG_CHECK(count_zeroes(from, from_bit, count) == zeroes);
        memset(to, 0, sizeof to);
        set_bits(to, to_bit, count);
        for (uint32_t at = 0; at < 128; at++) SG_CHECK(bit_at(to, at) == (at >= to_bit && at < to_bit + count));
    }
}

static sg_result with_a_column(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)context;
    uint8_t *mask = sg_mask(batch);
    const int64_t *n = sg_int64_values(batch, "n");
    for (uint32_t row = 0; row < batch->rows; row++) mask[row] = n[row] % 2 == 0;
    uint32_t count;
    const uint32_t *rows = sg_rows_where(mask, batch->rows, &count);
    const sg_array *kept = sg_take_array(sg_column(batch, "n"), rows, count);
    double *halves = sg_float64_out(out, "half", count, NULL);
    for (uint32_t row = 0; row < count; row++) halves[row] = (double)sg_int64_at(kept, row) / 2;
    return sg_filter(out, batch, mask);
}
static const sg_transformation filter_and_put = {.name = "t",
                                                 .scope = SG_ROW,
                                                 .inputs = NUMBERS,
                                                 .output = SG_COLUMNS(SG_INT64("n"), SG_FLOAT64("half")),
                                                 .batch = with_a_column};

static void columns_are_put_beside_a_filter(void) {
    sg_test *test = sg_test_new(&filter_and_put);
    for (int row = 0; row < 5; row++) sg_test_row(test, "rows", row);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK_ROW(out, 1, 2, 1.0);
    SG_CHECK_ROW(out, 2, 4, 2.0);
    SG_CHECK(out->rows->rows == 3 && out->source_rows[2] == 4);
    sg_test_free(test);
}

static sg_result take_wrong(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)context;
    uint32_t rows[] = {2, 1};
    return sg_take(out, batch, rows, 2);
}
static sg_result take_beyond(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)context;
    uint32_t rows[] = {0, 4};
    return sg_take(out, batch, rows, 2);
}
static sg_result too_few(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)context, (void)batch;
    sg_int64_out(out, "n", 2, NULL);
    return SG_OK;
}
static sg_result other_number(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)context, (void)batch;
    sg_float64_out(out, "n", 2, NULL);
    return SG_OK;
}
static sg_result many_sources(const sg_context *context, const sg_batch *batch, sg_output *out) {
    uint32_t rows[] = {0, 4};
    sg_source_rows(out, rows, 2);
    return too_few(context, batch, out);
}

static void what_cannot_be_is_named(void) {
#define ROW .scope = SG_ROW, .output = SG_COLUMNS(SG_INT64("n"))
    FAILS("source rows that fall", ROW, .batch = take_wrong);
    FAILS("row 4 of a batch of 4", ROW, .batch = take_beyond);
    FAILS("2 rows out for 4 rows in: say which row each came from with `sg_source_rows`", ROW, .batch = too_few);
    FAILS("output: column `n` is float64, the contract says int64", ROW, .batch = other_number);
    FAILS("source row 4 of 4", ROW, .batch = many_sources);
    FAILS("output: column `m` is missing; there are `n`", .scope = SG_ROW, .output = SG_COLUMNS(SG_INT64("m")),
          .batch = take_wrong);
}

int main(void) {
    places_are_those_of_ones();
    masks_lose_nulls();
    bits_are_copied_and_counted();
    rows_as_a_loop_has_them();
    columns_are_put_beside_a_filter();
    what_cannot_be_is_named();
    failure_clear();
    region_free(&words);
    region_free(&scratch);
    region_free(&plans_memory);
    return sg_test_end();
}
