// SPDX-License-Identifier: Apache-2.0
//
// What a contract may say, what is said against one that may not be, and how one is laid out for the host.

#include "tests.h"

static sg_result none(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)context;
    return sg_put_batch(out, batch);
}
static sg_result none_of_key(const sg_context *context, const sg_group *group, sg_output *out) {
    (void)context, (void)group, (void)out;
    return SG_OK;
}

static const sg_column_word *const number = SG_COLUMNS(SG_INT64("n"));

static void refused(sg_transformation given, const char *message, int line) {
    failure_clear();
    SG_CHECK(plan_of(keep(&given)) == NULL);
    sg_test_check_text(failed.message.bytes, message, __FILE__, line);
}
#define REFUSED(message, ...) refused((sg_transformation){.name = "t", __VA_ARGS__}, "transformation `t`: " message, __LINE__)

static void contracts_that_cannot_be(void) {
    REFUSED("it has no inputs: name them with `SG_INPUTS(…)`", .output = number, .batch = none);
    REFUSED("columns are missing: name them with `SG_COLUMNS(…)`", .inputs = NUMBERS, .batch = none);
    REFUSED("it has to have one of `batch`, `key`, `interval`, or `push` with `next`", .inputs = NUMBERS, .output = number);
    REFUSED("it has to have one of `batch`, `key`, `interval`, or `push` with `next`", .inputs = NUMBERS, .output = number,
            .batch = none, .key = none_of_key);
    REFUSED("`batch` is not called in the interval scope", .inputs = NUMBERS, .output = number, .scope = SG_INTERVAL,
            .batch = none);
    REFUSED("the row scope has one input, here are 2", .scope = SG_ROW, .output = number, .batch = none,
            .inputs = SG_INPUTS(SG_INPUT("a", SG_INT64("n")), SG_INPUT("b", SG_INT64("n"))));
    REFUSED("there are two columns `n`", .inputs = NUMBERS, .output = SG_COLUMNS(SG_INT64("n"), SG_UTF8("n")), .batch = none);
    REFUSED("column `d` is decimal128(39, 0); a precision is 1 to 38, a scale -128 to 127", .inputs = NUMBERS, .batch = none,
            .output = SG_COLUMNS(SG_DECIMAL128("d", 39, 0)));
    REFUSED("input `rows` has no keys: name them with `SG_KEYED_INPUT(…)`", .inputs = NUMBERS, .output = number,
            .scope = SG_KEYED, .key = none_of_key);
    REFUSED("key `m` is no column; there are `n`", .output = number, .scope = SG_KEYED, .key = none_of_key,
            .inputs = SG_INPUTS(SG_KEYED_INPUT("rows", SG_KEYS("m"), SG_INT64("n"))));
    REFUSED("column `n` is float64, which cannot be a key", .output = number, .scope = SG_KEYED, .key = none_of_key,
            .inputs = SG_INPUTS(SG_KEYED_INPUT("rows", SG_KEYS("n"), SG_FLOAT64("n"))));
    REFUSED("key `n` of input `a` is int64, `n` of `b` is utf8", .output = number, .scope = SG_KEYED, .key = none_of_key,
            .inputs =
                SG_INPUTS(SG_KEYED_INPUT("a", SG_KEYS("n"), SG_INT64("n")), SG_KEYED_INPUT("b", SG_KEYS("n"), SG_UTF8("n"))));
    REFUSED("input `rows` has keys, which the row scope has not", .output = number, .scope = SG_ROW, .batch = none,
            .inputs = SG_INPUTS(SG_KEYED_INPUT("rows", SG_KEYS("n"), SG_INT64("n"))));
    REFUSED("a column is missing, or has no name: make columns with macros such as `SG_INT64(\"name\")`", .inputs = NUMBERS,
            .batch = none, .output = SG_COLUMNS(SG_NULLABLE(SG_NULLABLE(SG_INT64("n")))));
    REFUSED("the name of column `\xef\xbf\xbd` is not UTF-8", .inputs = NUMBERS, .batch = none,
            .output = SG_COLUMNS(SG_INT64("\xff")));
}

static const sg_transformation nested = {
    .name = "nested",
    .scope = SG_ALIGNED,
    .inputs = SG_INPUTS(
        SG_INPUT("rows", SG_INT64("n"),
                 SG_NULLABLE(SG_STRUCT("s", SG_DECIMAL128("d", 10, -2), SG_LIST("l", SG_NULLABLE(SG_FIXED_SIZE_BINARY("b", 3))))),
                 SG_MAP("m", SG_NULLABLE(SG_UTF8("k")), SG_STRUCT("v", SG_BOOLEAN("f"))))),
    .parameters = SG_PARAMETERS(SG_DURATION_PARAMETER_OR("d", 7, "A while."), SG_UTF8_PARAMETER("t", "")),
    .output = SG_COLUMNS(SG_INT64("n")),
    .batch = none,
};

static void contracts_are_laid_out_depth_first(void) {
    failure_clear();
    const plan *planned = plan_of(&nested);
    SG_CHECK_TEXT(planned == NULL ? failed.message.bytes : NULL, NULL);
    laid_contract laid;
    lay_contract(planned, &laid);
    const laid_input *input = (const laid_input *)laid.inputs.bytes;
    const laid_field *fields = (const laid_field *)input->columns.bytes;
    SG_CHECK(input->columns.length == 9);
    static const struct {
        const char *name;
        uint8_t kind, nullable;
        uint32_t children;
    } wanted[] = {{"n", 4, 0, 0},  {"s", 20, 1, 2},    {"d", 11, 0, 0},      {"l", 18, 0, 1}, {"b", 14, 1, 0},
                  {"m", 21, 0, 2}, {"keys", 12, 0, 0}, {"values", 20, 0, 1}, {"f", 0, 0, 0}};
    for (int at = 0; at < 9; at++) {
        SG_CHECK(is_named(fields[at].name, wanted[at].name));
        SG_CHECK(fields[at].kind == wanted[at].kind && fields[at].nullable == wanted[at].nullable);
        SG_CHECK(fields[at].children == wanted[at].children);
    }
    SG_CHECK(fields[2].of.decimal.precision == 10 && fields[2].of.decimal.scale == -2);
    SG_CHECK(fields[4].of.size == 3);
    SG_CHECK(planned->inputs[0].columns.nodes == 9 && planned->inputs[0].columns.buffers == 2 + 1 + 2 + 2 + 2 + 2 + 3 + 1 + 2);
    const laid_parameter *parameters = (const laid_parameter *)laid.parameters.bytes;
    SG_CHECK(laid.parameters.length == 2 && parameters[0].kind == 5 && parameters[0].standard.is_some);
    SG_CHECK(parameters[0].standard.value.as.whole == 7 && is_named(parameters[0].doc, "A while."));
    SG_CHECK(parameters[1].kind == 3 && !parameters[1].standard.is_some);
}

static void types_are_named(void) {
    const plan *planned = plan_of(&nested);
    SG_CHECK_TEXT(kind_name(planned->inputs[0].columns.types + 1),
                  "struct {d: decimal128(10, -2), l: list of fixed-size-binary(3)}");
    SG_CHECK_TEXT(kind_name(planned->inputs[0].columns.types + 2), "map of utf8 to struct {f: boolean}");
}

static void text_becomes_utf8(void) {
    static const struct {
        const char *given, *cleaned;
    } texts[] = {
        {"", ""},
        {"plain", "plain"},
        {"n\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9d", "n\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9d"},
        {"a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"\xc3", "\xef\xbf\xbd"},
        {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    region own = {NULL};
    for (size_t at = 0; at < sizeof texts / sizeof *texts; at++)
        SG_CHECK_TEXT(clean(&own, texts[at].given, strlen(texts[at].given)).bytes, texts[at].cleaned);
    region_free(&own);
}

int main(void) {
    contracts_that_cannot_be();
    contracts_are_laid_out_depth_first();
    types_are_named();
    text_becomes_utf8();
    failure_clear();
    region_free(&words);
    region_free(&plans_memory);
    return sg_test_end();
}
