// SPDX-License-Identifier: Apache-2.0
//
// Rows of a key together, against a plain loop, however the batches are cut.

#include "tests.h"

// For each key how many rows each input has, and their values one after another.
static sg_result listed(const sg_context *context, const sg_group *group, sg_output *out) {
    (void)context;
    sg_append_cell(sg_builder_of(out, "name"), sg_key(group, 0));
    sg_append_cell(sg_builder_of(out, "shop"), sg_key(group, 1));
    static const char *const lists[] = {"left", "right"};
    for (uint32_t input = 0; input < 2; input++) {
        const sg_array *values = sg_column_of(sg_group_rows(group, input), "value", SG_KIND_INT64);
        sg_builder *list = sg_builder_of(out, lists[input]);
        for (uint32_t row = 0; row < sg_group_rows(group, input)->rows; row++)
            sg_append_cell(sg_builder_child(list, 0), sg_from(values, row));
        sg_append_nested(list);
    }
    return sg_end_row(out, 0);
}

#define SIDE(name)                                                                                                               \
    SG_KEYED_INPUT(name, SG_KEYS("name", "shop"), SG_NULLABLE(SG_INT64("value")), SG_UTF8("name"), SG_INT64("shop"),             \
                   SG_TIMESTAMP("time"))
static const sg_transformation lists = {
    .name = "lists",
    .scope = SG_KEYED,
    .inputs = SG_INPUTS(SIDE("left"), SIDE("right")),
    .output = SG_COLUMNS(SG_UTF8("name"), SG_INT64("shop"), SG_LIST("left", SG_NULLABLE(SG_INT64("item"))),
                         SG_LIST("right", SG_NULLABLE(SG_INT64("item")))),
    .key = listed,
};

static const char *const names[] = {"", "a", "ab", "b", "\xc3\xa9"};

typedef struct row_in {
    uint32_t name;
    int64_t shop, time, value;
} row_in;

static const char *list_of(const row_in *rows, uint32_t count, uint32_t name, int64_t shop, uint32_t *found) {
    const char *text = "[";
    for (int64_t time = 0; time < 1000; time++)
        for (uint32_t at = 0; at < count; at++) {
            if (rows[at].name != name || rows[at].shop != shop || rows[at].time != time) continue;
            text = said("%s%s", text, *text == '[' && text[1] == 0 ? "" : ", ");
            text = rows[at].value % 5 == 0 ? said("%snull", text) : said("%s%lld", text, (long long)rows[at].value);
            *found += 1;
        }
    return said("%s]", text);
}

static void same_as_a_loop(uint32_t count, uint32_t batch_rows) {
    row_in rows[2][64];
    sg_test *test = sg_test_new(&lists);
    sg_test_batch_rows(test, batch_rows);
    for (uint32_t input = 0; input < 2; input++)
        for (uint32_t at = 0; at < count; at++) {
            row_in *row = &rows[input][at];
            *row = (row_in){random_below(5), (int64_t)random_below(3) - 1, random_below(1000), at};
            sg_cell value = row->value % 5 == 0 ? SG_NULL : sg_cell_of(row->value);
            sg_test_row(test, input == 0 ? "left" : "right", value, names[row->name], row->shop, row->time);
        }
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK_TEXT(out->message, NULL);
    uint32_t at = 0;
    for (uint32_t name = 0; name < 5; name++)
        for (int64_t shop = -1; shop < 2; shop++) {
            uint32_t found = 0;
            const char *left = list_of(rows[0], count, name, shop, &found), *right = list_of(rows[1], count, name, shop, &found);
            if (found == 0) continue;
            SG_CHECK(at < out->rows->rows);
            if (at >= out->rows->rows) break;
            SG_CHECK(sg_text_is(sg_text_at(sg_column(out->rows, "name"), at), names[name]) &&
                     sg_int64_values(out->rows, "shop")[at] == shop);
            SG_CHECK_TEXT(value_of(sg_column(out->rows, "left"), at), left);
            SG_CHECK_TEXT(value_of(sg_column(out->rows, "right"), at), right);
            at += 1;
        }
    SG_CHECK(at == out->rows->rows);
    sg_test_free(test);
}

static sg_result counted(const sg_context *context, const sg_group *group, sg_output *out) {
    (void)context;
    return sg_add(out, sg_key_int64(group, 0), sg_group_rows(group, 0)->rows);
}
static const sg_transformation counts = {.name = "counts",
                                         .scope = SG_KEYED,
                                         .inputs = SG_INPUTS(SG_KEYED_INPUT("rows", SG_KEYS("n"), SG_INT64("n"))),
                                         .output = SG_COLUMNS(SG_INT64("n"), SG_INT64("count")),
                                         .key = counted};

static void many_keys_are_split(void) {
    sg_test *test = sg_test_new(&counts);
    for (int row = 0; row < 30000; row++) sg_test_row(test, "rows", (row * 7919) % 10000);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK(out->rows->rows == 10000 && out->output_count == 2 && out->source_rows == NULL);
    for (uint32_t row = 0; row < 10000; row++)
        if (sg_int64_values(out->rows, "n")[row] != row || sg_int64_values(out->rows, "count")[row] != 3)
            SG_CHECK_ROW(out, row, row, 3);
    sg_test_free(test);
}

static sg_result wrong_kind(const sg_context *context, const sg_group *group, sg_output *out) {
    (void)context, (void)out;
    sg_key_utf8(group, 0);
    return SG_OK;
}
static sg_result no_part(const sg_context *context, const sg_group *group, sg_output *out) {
    (void)context, (void)out;
    sg_key(group, 1);
    return SG_OK;
}
static sg_result no_input(const sg_context *context, const sg_group *group, sg_output *out) {
    (void)context, (void)out;
    return sg_group_rows(group, 1)->rows == 0 ? SG_OK : SG_OK;
}
static sg_result putting(const sg_context *context, const sg_group *group, sg_output *out) {
    (void)context;
    return sg_put_batch(out, sg_group_rows(group, 0));
}

static const sg_transformation nullable_key = {.name = "nullable_key",
                                               .scope = SG_KEYED,
                                               .inputs =
                                                   SG_INPUTS(SG_KEYED_INPUT("rows", SG_KEYS("n"), SG_NULLABLE(SG_INT64("n")))),
                                               .output = SG_COLUMNS(SG_INT64("n"), SG_INT64("count")),
                                               .key = counted};

static void what_cannot_be_is_named(void) {
#define KEYED                                                                                                                    \
    .scope = SG_KEYED, .inputs = SG_INPUTS(SG_KEYED_INPUT("rows", SG_KEYS("n"), SG_INT64("n"))),                                 \
    .output = SG_COLUMNS(SG_INT64("n"))
#define KEY_FAILS(message, function)                                                                                             \
    do {                                                                                                                         \
        sg_transformation failing = {.name = "t", KEYED, .key = function};                                                       \
        fails_over(keep(&failing), 4, message, __FILE__, __LINE__);                                                              \
    } while (0)
    KEY_FAILS("part 0 of the key is 0, no text", wrong_kind);
    KEY_FAILS("part 1 of a key of 1", no_part);
    KEY_FAILS("there is no input 1; there are 1", no_input);
    KEY_FAILS("output: column `n`: rows of a key are added with `sg_add`, or with builders and `sg_end_row`", putting);
    sg_test *test = sg_test_new(&nullable_key);
    sg_test_row(test, "rows", SG_NULL);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK_TEXT(out->message, "key `n` is null");
    SG_CHECK(out->kind == SG_FAILURE_INPUT && out->input == 0);
    sg_test_free(test);
}

int main(void) {
    for (int round = 0; round < 30; round++)
        for (uint32_t batch_rows = 1; batch_rows < 12; batch_rows += 2) same_as_a_loop(random_below(64), batch_rows);
    same_as_a_loop(64, 8192);
    many_keys_are_split();
    what_cannot_be_is_named();
    failure_clear();
    region_free(&words);
    region_free(&scratch);
    region_free(&plans_memory);
    return sg_test_end();
}
