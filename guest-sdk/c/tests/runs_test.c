// SPDX-License-Identifier: Apache-2.0
//
// Whole intervals, runs with a state of their own, several runs at once, and what a run is told.

#include "tests.h"

// ---- Whole intervals

static sg_result sums(const sg_context *context, const sg_inputs *inputs, sg_output *out) {
    (void)context;
    int64_t sum = 0, rows = 0;
    for (uint32_t at = 0; at < sg_inputs_batch_count(inputs, 0); at++) {
        const sg_batch *batch = sg_inputs_batch(inputs, 0, at);
        for (uint32_t row = 0; row < batch->rows; row++) sum += sg_int64_values(batch, "n")[row];
        rows += batch->rows;
    }
    const sg_batch *all = sg_inputs_rows(inputs, 0);
    SG_CHECK(all == sg_inputs_rows(inputs, 0) && all->rows == rows);
    for (uint32_t row = 0; row < all->rows; row++) sum -= sg_int64_values(all, "n")[row];
    SG_CHECK(sum == 0);
    SG_CHECK(sg_inputs_rows(inputs, 1)->rows == 0);
    return sg_put_batch(out, all);
}
static const sg_transformation summing = {.name = "sums",
                                          .scope = SG_INTERVAL,
                                          .inputs = SG_INPUTS(SG_INPUT("rows", SG_INT64("n")), SG_INPUT("none", SG_UTF8("text"))),
                                          .output = SG_COLUMNS(SG_INT64("n")),
                                          .interval = sums};

static void intervals_are_whole(void) {
    for (uint32_t batch_rows = 1; batch_rows < 20000; batch_rows = batch_rows * 3 + 1) {
        sg_test *test = sg_test_new(&summing);
        sg_test_batch_rows(test, batch_rows);
        for (int row = 0; row < 300; row++) sg_test_row(test, "rows", row);
        const sg_outcome *out = sg_test_run(test);
        SG_CHECK(out->rows->rows == 300);
        SG_CHECK_ROW(out, 299, 299);
        sg_test_free(test);
    }
}

// ---- Runs with a state of their own: the sum so far, and a row for each thousand.

typedef struct sum_state {
    int64_t sum, told;
} sum_state;

static int states;
static sg_result sum_open(sg_context *context) {
    if (sg_int64_parameter(context, "from") < 0) return sg_fail_parameter("`from` is negative");
    context->state = calloc(1, sizeof(sum_state));
    ((sum_state *)context->state)->sum = sg_int64_parameter(context, "from");
    states += 1;
    return SG_OK;
}
static void sum_drop(sg_context *context) {
    free(context->state);
    states -= 1;
}
static sg_result sum_push(const sg_context *context, uint32_t input, const sg_batch *batch) {
    (void)input;
    sum_state *state = (sum_state *)context->state;
    for (uint32_t row = 0; row < batch->rows; row++) state->sum += sg_int64_values(batch, "n")[row];
    return SG_OK;
}
static sg_result sum_next(const sg_context *context, sg_output *out) {
    sum_state *state = (sum_state *)context->state;
    if (state->told + 1000 > state->sum) return SG_OK;
    state->told += 1000;
    return sg_add(out, state->told);
}
static const sg_transformation thousands = {.name = "thousands",
                                            .scope = SG_INTERVAL,
                                            .inputs = NUMBERS,
                                            .output = SG_COLUMNS(SG_INT64("n")),
                                            .parameters = SG_PARAMETERS(SG_INT64_PARAMETER_OR("from", 0, "")),
                                            .open = sum_open,
                                            .drop = sum_drop,
                                            .push = sum_push,
                                            .next = sum_next};

static void states_live_as_long_as_runs(void) {
    sg_test *test = sg_test_new(&thousands);
    sg_test_batch_rows(test, 2);
    int64_t given[] = {999, 1, 2500, 600, 0};
    for (int at = 0; at < 5; at++) sg_test_row(test, "rows", given[at]);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK(out->rows->rows == 4 && out->output_count == 4 && states == 0);
    SG_CHECK_ROW(out, 3, 4000);
    sg_test_free(test);
    test = sg_test_new(&thousands);
    sg_test_parameter(test, "from", -1);
    out = sg_test_run(test);
    SG_CHECK_TEXT(out->message, "`from` is negative");
    SG_CHECK(out->kind == SG_FAILURE_PARAMETER && states == 0);
    sg_test_free(test);
}

// ---- Several runs at once, which take turns

static run *opened(const sg_transformation *of) {
    given_parameter from = {{"from", 4}, {SG_VALUE_INT64, {.whole = 0}}};
    given_context given = {SG_STREAMING, 0, 0, NULL, 0, &from, 1, true, NULL, 0};
    begin(NULL);
    return run_open(plan_of(of), &given);
}

static sg_result pushed(run *of, int64_t value) {
    node nodes[] = {{1, 0}};
    void *copied = region_alloc(&incoming, 8);
    memcpy(copied, &value, 8);
    buffer buffers[] = {{NULL, 0}, {copied, 8}};
    return run_push(of, 0, 1, (parts){nodes, 1, buffers, 2});
}

static void runs_take_turns(void) {
    run *all[3];
    const ready *next;
    for (int at = 0; at < 3; at++) all[at] = opened(at == 2 ? &summing : &thousands);
    for (int round = 0; round < 50; round++)
        for (int at = 0; at < 3; at++) {
            SG_CHECK(pushed(all[at], 10 * (at + 1)) == SG_OK);
            SG_CHECK(run_next(all[at], &next) == SG_OK);
            SG_CHECK((next != NULL) == (at == 1 && round == 49));
            if (next != NULL) SG_CHECK(*(const int64_t *)next->buffers[1].bytes == 1000);
            if (next != NULL) SG_CHECK(run_next(all[at], &next) == SG_OK && next == NULL);
        }
    SG_CHECK(run_finish(all[2]) == SG_OK && run_next(all[2], &next) == SG_OK && next != NULL && next->rows == 50);
    for (int at = 0; at < 50; at++) SG_CHECK(((const int64_t *)next->buffers[1].bytes)[at] == 30);
    for (int at = 0; at < 3; at++) run_drop(all[at]);
    SG_CHECK(states == 0);
}

// ---- What a host may not do

static void refuses(uint32_t input, uint32_t rows, parts given, const char *message, int line) {
    run *of = opened(&thousands);
    SG_CHECK(run_push(of, input, rows, given) == SG_FAILED);
    sg_test_check_text(failed.message.bytes, message, __FILE__, line);
    run_drop(of);
}

static void batches_that_cannot_be(void) {
    int64_t values[] = {1, 2};
    uint8_t bits[] = {3};
    node two = {2, 0}, one = {1, 0}, nulls = {2, 1}, many = {2, 3};
    buffer good[] = {{NULL, 0}, {values, 16}}, shorter[] = {{NULL, 0}, {values, 12}}, valid[] = {{bits, 2}, {values, 16}};
    buffer more[] = {{NULL, 0}, {values, 16}, {NULL, 0}};
    refuses(1, 2, (parts){&two, 1, good, 2}, "there is no input 1", __LINE__);
    refuses(0, 2, (parts){&two, 0, good, 2}, "the host's column `n`: a node is missing", __LINE__);
    refuses(0, 2, (parts){&one, 1, good, 2}, "the host's column `n`: 1 rows of 2", __LINE__);
    refuses(0, 2, (parts){&two, 1, good, 1}, "the host's column `n`: a buffer is missing", __LINE__);
    refuses(0, 2, (parts){&two, 1, shorter, 2}, "the host's column `n`: 12 bytes for 2 values", __LINE__);
    refuses(0, 2, (parts){&two, 1, valid, 2}, "the host's column `n`: 2 bytes for 2 values", __LINE__);
    refuses(0, 2, (parts){&nulls, 1, good, 2}, "the host's column `n`: 1 nulls without a validity", __LINE__);
    refuses(0, 2, (parts){&many, 1, good, 2}, "the host's column `n`: 3 nulls in 2 rows", __LINE__);
    refuses(0, 2, (parts){&two, 1, more, 3}, "the host's batch has more than its schema asks", __LINE__);
    run *of = opened(&thousands);
    SG_CHECK(run_end_keys(of) == SG_FAILED);
    SG_CHECK_TEXT(failed.message.bytes, "end-keys outside of the keyed scope");
    run_drop(of);
}

// ---- What a run is told

static sg_result asks(const sg_context *context, const sg_batch *batch, sg_output *out) {
    (void)batch;
    sg_text what = sg_utf8_parameter(context, "what");
    if (sg_text_is(what, "interval")) sg_context_interval(context);
    if (sg_text_is(what, "request")) sg_context_request_time(context);
    if (sg_text_is(what, "missing")) sg_int64_parameter(context, "missing");
    if (sg_text_is(what, "kind")) sg_int64_parameter(context, "what");
    sg_interval range = {0, 0};
    bool is_filtered = sg_context_range(context, 0, &range);
    SG_CHECK(!sg_context_range(context, 1, &range));
    sg_text kit = sg_text_of("none");
    sg_context_property(context, "kit", &kit);
    SG_CHECK(sg_float64_parameter(context, "number") == 0.5 && sg_boolean_parameter(context, "truth"));
    SG_CHECK(sg_timestamp_parameter(context, "time") == -7 && sg_duration_parameter(context, "length") == 8);
    return sg_emit(out, 0, is_filtered, range.end, kit);
}
static const sg_transformation asking = {
    .name = "asks",
    .scope = SG_ROW,
    .inputs = NUMBERS,
    .output = SG_COLUMNS(SG_BOOLEAN("is"), SG_INT64("end"), SG_UTF8("kit")),
    .parameters = SG_PARAMETERS(SG_UTF8_PARAMETER("what", ""), SG_FLOAT64_PARAMETER_OR("number", 0.5, ""),
                                SG_BOOLEAN_PARAMETER_OR("truth", true, ""), SG_TIMESTAMP_PARAMETER("time", ""),
                                SG_DURATION_PARAMETER_OR("length", 8, "")),
    .batch = asks};

static const sg_outcome *asked(sg_test *test, const char *what) {
    sg_test_row(test, "rows", 1);
    if (what != NULL) sg_test_parameter(test, "what", what);
    sg_test_parameter(test, "time", -7);
    return sg_test_run(test);
}

static void runs_are_told(void) {
    sg_test *test = sg_test_new(&asking);
    sg_test_property(test, "kit", "yes");
    SG_CHECK_TEXT(asked(test, "request")->message, "there is no request whose time could be told");
    sg_test_free(test);
    test = sg_test_new(&asking);
    sg_test_property(test, "kit", "yes");
    SG_CHECK_ROW(asked(test, "interval"), 0, true, INT64_C(86400000000), "yes");
    sg_test_free(test);
    test = sg_test_new(&asking);
    sg_test_request(test, 5);
    SG_CHECK_ROW(asked(test, "request"), 0, false, 0, "none");
    sg_test_free(test);
    static const char *const failures[][2] = {
        {"interval", "there is no interval outside of materialization"},
        {"missing", "there is no parameter `missing`"},
        {"kind", "parameter `what` is utf8, not int64"},
        {NULL, "parameter `what` must be given"},
    };
    for (int at = 0; at < 4; at++) {
        test = sg_test_new(&asking);
        sg_test_streaming(test);
        const sg_outcome *out = asked(test, failures[at][0]);
        SG_CHECK_TEXT(out->message, failures[at][1]);
        SG_CHECK(out->kind == (at == 0 ? SG_FAILURE_INTERNAL : SG_FAILURE_PARAMETER));
        sg_test_free(test);
    }
}

int main(void) {
    intervals_are_whole();
    states_live_as_long_as_runs();
    runs_take_turns();
    batches_that_cannot_be();
    runs_are_told();
    failure_clear();
    region_free(&incoming);
    region_free(&words);
    region_free(&scratch);
    region_free(&plans_memory);
    return sg_test_end();
}
