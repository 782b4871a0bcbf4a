// SPDX-License-Identifier: Apache-2.0
//
// The test helper behind sandglass_test.h: a host in small, around the SDK's own runs.

#include "sandglass_test.h"

#include "sandglass.c"

struct sg_test {
    const plan *plan;
    region memory;
    region inputs;
    // For each input, for each of its columns.
    sg_builder **builders;
    given_context context;
    given_range *ranges;
    given_parameter *parameters;
    size_t parameter_count;
    given_property *properties;
    size_t property_count;
    uint32_t batch_rows;
    sg_outcome outcome;
    const sg_batch **parts;
    uint32_t part_count;
    uint32_t *sources;
    sg_rejected_row *rejected;
    sg_message *logs;
};

static sg_test *listening;

static void listen(sg_level level, sg_text message) {
    sg_test *test = listening;
    sg_outcome *outcome = &test->outcome;
    sg_message *logs = NEW_ARRAY(&test->memory, outcome->log_count + 1, sg_message);
    if (outcome->log_count > 0) memcpy(logs, test->logs, outcome->log_count * sizeof *logs);
    logs[outcome->log_count++] = (sg_message){level, clean(&test->memory, message.bytes, message.length).bytes};
    outcome->logs = test->logs = logs;
}

// ---- A run in the making -----------------------------------------------------------------------------------------------------

static void quit(const char *message) {
    fprintf(stderr, "sandglass_test: %s\n", message);
    exit(2);
}

sg_test *sg_test_new(const sg_transformation *transformation) {
    failure_clear();
    const plan *plan = plan_of(transformation);
    if (plan == NULL) quit(failed.message.bytes);
    sg_test *test = (sg_test *)calloc(1, sizeof(sg_test));
    if (test == NULL) quit("out of memory");
    laid_contract contract;
    lay_contract(plan, &contract);
    test->plan = plan;
    test->batch_rows = OUTPUT_ROWS;
    test->ranges = NEW_ARRAY(&test->memory, plan->input_count, given_range);
    test->builders = NEW_ARRAY(&test->memory, plan->input_count, sg_builder *);
    for (uint32_t at = 0; at < plan->input_count; at++) {
        const columns *schema = &plan->inputs[at].columns;
        test->builders[at] = NEW_ARRAY(&test->memory, schema->count, sg_builder);
        for (uint32_t column = 0; column < schema->count; column++) {
            sg_builder *builder = test->builders[at] + column;
            builder_init(&test->memory, schema->types + column, schema->types[column].name, builder);
            builder_start(builder, &test->inputs, 0);
        }
    }
    test->context.lineage = true;
    sg_test_interval(test, 0, INT64_C(86400000000));
    return test;
}

void sg_test_free(sg_test *test) {
    region_free(&test->inputs);
    region_free(&test->memory);
    free(test);
    region_free(&incoming);
    failure_clear();
    region_free(&words);
    region_free(&scratch);
}

static uint32_t input_of(const sg_test *test, const char *name) {
    for (uint32_t at = 0; at < test->plan->input_count; at++)
        if (strcmp(test->plan->inputs[at].name, name) == 0) return at;
    quit(said("there is no input `%s`", name));
    return 0;
}

// Builders speak of an output.
static void quit_of_input(const char *input) {
    const char *words_of = failed.message.bytes, *prefix = "output: ";
    quit(said("input `%s`: %s", input, strncmp(words_of, prefix, strlen(prefix)) == 0 ? words_of + strlen(prefix) : words_of));
}

void sg_test_row_cells(sg_test *test, const char *input, const sg_cell *cells, uint32_t count) {
    uint32_t at = input_of(test, input);
    const columns *schema = &test->plan->inputs[at].columns;
    if (count != schema->count)
        quit(said("input `%s`: a row of %u cells for %u columns: %s", input, count, schema->count, names_of(schema)));
    for (uint32_t column = 0; column < count; column++)
        if (sg_append_cell(test->builders[at] + column, cells[column]) != SG_OK) quit_of_input(input);
}

sg_builder *sg_test_builder(sg_test *test, const char *input, const char *column) {
    uint32_t at = input_of(test, input);
    const columns *schema = &test->plan->inputs[at].columns;
    for (uint32_t each = 0; each < schema->count; each++)
        if (strcmp(schema->types[each].name, column) == 0) return test->builders[at] + each;
    quit(said("input `%s` has no column `%s`; there are %s", input, column, names_of(schema)));
    return NULL;
}

void sg_test_end_row(sg_test *test, const char *input) {
    uint32_t at = input_of(test, input);
    const columns *schema = &test->plan->inputs[at].columns;
    if (failed.is) quit_of_input(input);
    for (uint32_t column = 1; column < schema->count; column++)
        if (test->builders[at][column].length != test->builders[at][0].length)
            quit(said("input `%s`: columns `%s` and `%s` have different lengths at the end of a row", input,
                      schema->types[0].name, schema->types[column].name));
}

static void everywhere(sg_test *test, sg_mode mode, int64_t start, int64_t end_of) {
    test->context.mode = mode;
    test->context.start = start;
    test->context.end = end_of;
    for (uint32_t at = 0; at < test->plan->input_count; at++)
        test->ranges[at] = (given_range){mode == SG_MATERIALIZE, start, end_of};
}

void sg_test_interval(sg_test *test, int64_t start, int64_t end_of) { everywhere(test, SG_MATERIALIZE, start, end_of); }
void sg_test_streaming(sg_test *test) { everywhere(test, SG_STREAMING, 0, 0); }
void sg_test_request(sg_test *test, int64_t at) { everywhere(test, SG_REQUEST, at, 0); }

void sg_test_range(sg_test *test, uint32_t input, int64_t start, int64_t end_of) {
    if (input >= test->plan->input_count) quit(said("there is no input %u", input));
    test->ranges[input] = (given_range){1, start, end_of};
}

void sg_test_unfiltered(sg_test *test) {
    for (uint32_t at = 0; at < test->plan->input_count; at++) test->ranges[at].is_some = 0;
}

void sg_test_lineage(sg_test *test, bool wanted) { test->context.lineage = wanted; }
void sg_test_batch_rows(sg_test *test, uint32_t rows) { test->batch_rows = rows == 0 ? 1 : rows; }

static buffer kept_text(sg_test *test, const char *bytes, size_t length) {
    return copied_text(&test->memory, (buffer){bytes, length});
}

void sg_test_property(sg_test *test, const char *name, const char *value) {
    given_property *more = NEW_ARRAY(&test->memory, test->property_count + 1, given_property);
    if (test->property_count > 0) memcpy(more, test->properties, test->property_count * sizeof *more);
    more[test->property_count++] = (given_property){kept_text(test, name, strlen(name)), kept_text(test, value, strlen(value))};
    test->properties = more;
}

// The value as one of this kind: times and lengths of time are written as whole numbers.
static bool value_as(sg_test *test, sg_value_kind kind, const sg_cell *cell, given_value *value) {
    memset(value, 0, sizeof *value);
    value->kind = (uint8_t)kind;
    uint64_t bits = 0;
    switch (kind) {
    case SG_VALUE_BOOLEAN:
        if (cell->kind == SG_CELL_BOOLEAN) bits = cell->as.boolean;
        else if (!whole(cell, 0, 1, &bits)) return false;
        value->as.boolean = (uint8_t)bits;
        return true;
    case SG_VALUE_FLOAT64: value->as.number = cell->as.float64; return cell->kind == SG_CELL_FLOAT64;
    case SG_VALUE_UTF8:
        if (cell->kind != SG_CELL_TEXT) return false;
        value->as.text = kept_text(test, cell->as.text, cell->length);
        return true;
    default:
        if (!whole(cell, INT64_MIN, INT64_MAX, &bits)) return false;
        value->as.whole = (int64_t)bits;
        return true;
    }
}

void sg_test_parameter_cell(sg_test *test, const char *name, sg_cell value) {
    const sg_parameter *declared = test->plan->of->parameters;
    while (declared != NULL && declared->name != NULL && strcmp(declared->name, name) != 0) declared += 1;
    if (declared == NULL || declared->name == NULL) quit(said("there is no parameter `%s`", name));
    given_parameter *more = NEW_ARRAY(&test->memory, test->parameter_count + 1, given_parameter);
    given_parameter *added = more;
    // A value that is given again comes first, where it is found.
    if (test->parameter_count > 0) memcpy(more + 1, test->parameters, test->parameter_count * sizeof *more);
    added->name = kept_text(test, name, strlen(name));
    if (!value_as(test, declared->kind, &value, &added->value))
        quit(said("parameter `%s` is %s, which %s is not", name, value_words[declared->kind], cell_words(&value)));
    test->parameters = more;
    test->parameter_count += 1;
}

// ---- A host in small ---------------------------------------------------------------------------------------------------------

// What the host would hand over: the given ones, and defaults for the rest.
static sg_result complete_parameters(sg_test *test) {
    const sg_parameter *declared = test->plan->of->parameters;
    for (; declared != NULL && declared->name != NULL; declared++) {
        bool is_given = false;
        for (size_t at = 0; at < test->parameter_count; at++)
            is_given = is_given || is_named(test->parameters[at].name, declared->name);
        if (is_given) continue;
        if (!declared->has_default) return sg_fail_parameter("parameter `%s` must be given", declared->name);
        sg_cell value = declared->kind == SG_VALUE_BOOLEAN   ? sg_cell_boolean(declared->whole != 0)
                        : declared->kind == SG_VALUE_FLOAT64 ? sg_cell_float64(declared->number)
                        : declared->kind == SG_VALUE_UTF8    ? sg_cell_string(declared->text)
                                                             : sg_cell_int64(declared->whole);
        sg_test_parameter_cell(test, declared->name, value);
    }
    return SG_OK;
}

static void *handed_in(const void *bytes, size_t length) {
    void *copied = region_alloc(&incoming, length);
    if (length > 0) memcpy(copied, bytes, length);
    return copied;
}

// Copied as the host does: each buffer into memory of its own.
static parts hand_in(const columns *schema, const sg_batch *batch) {
    region own = {NULL};
    node *nodes = NEW_ARRAY(&own, schema->nodes, node);
    buffer *buffers = NEW_ARRAY(&own, schema->buffers, buffer);
    encoder to = {&own, nodes, buffers};
    for (uint32_t at = 0; at < schema->count; at++) encode(&to, schema->types + at, batch->columns + at);
    for (uint32_t at = 0; at < schema->buffers; at++) buffers[at].bytes = handed_in(buffers[at].bytes, buffers[at].length);
    parts copied = {(node *)handed_in(nodes, schema->nodes * sizeof(node)), schema->nodes,
                    (buffer *)handed_in(buffers, schema->buffers * sizeof(buffer)), schema->buffers};
    region_free(&own);
    return copied;
}

static bool host_refuses(const sg_array *array) {
    if (array->type->kind == SG_KIND_UTF8)
        for (uint32_t row = 0; row < array->length; row++) {
            sg_text text = sg_text_at(array, row);
            if (!sg_is_null(array, row) && !is_utf8(text.bytes, text.length)) return true;
        }
    for (uint32_t at = 0; at < array->type->child_count; at++)
        if (host_refuses(array->children + at)) return true;
    return false;
}

static sg_result keep_output(sg_test *test, const ready *output, uint32_t from) {
    const columns *schema = &test->plan->output;
    sg_outcome *outcome = &test->outcome;
    buffer *buffers = NEW_ARRAY(&test->memory, schema->buffers, buffer);
    for (uint32_t at = 0; at < schema->buffers; at++)
        buffers[at] = (buffer){copied_list(&test->memory, output->buffers[at].bytes, output->buffers[at].length),
                               output->buffers[at].length};
    sg_batch *batch =
        decode_batch(&test->memory, schema, output->rows, (parts){output->nodes, schema->nodes, buffers, schema->buffers});
    if (batch == NULL) return SG_FAILED;
    for (uint32_t at = 0; at < schema->count; at++)
        if (host_refuses(batch->columns + at))
            return sg_fail("output: column `%s` has text that is not UTF-8", schema->types[at].name);
    const sg_batch **more = NEW_ARRAY(&test->memory, test->part_count + 1, const sg_batch *);
    if (test->part_count > 0) memcpy(more, test->parts, test->part_count * sizeof *more);
    more[test->part_count++] = batch;
    test->parts = more;
    outcome->output_count += 1;
    if (output->has_sources) {
        uint32_t rows = 0;
        for (uint32_t at = 0; at + 1 < test->part_count; at++) rows += test->parts[at]->rows;
        uint32_t *sources = NEW_ARRAY(&test->memory, rows + output->rows + 1, uint32_t);
        if (rows > 0) memcpy(sources, test->sources, rows * sizeof *sources);
        for (uint32_t row = 0; row < output->rows; row++) sources[rows + row] = output->sources[row] + from;
        outcome->source_rows = test->sources = sources;
    }
    sg_rejected_row *rejected = NEW_ARRAY(&test->memory, outcome->rejected_count + output->rejected_count, sg_rejected_row);
    if (outcome->rejected_count > 0) memcpy(rejected, test->rejected, outcome->rejected_count * sizeof *rejected);
    for (uint32_t at = 0; at < output->rejected_count; at++) {
        const rejection *each = output->rejected + at;
        sg_rejected_row *kept = rejected + outcome->rejected_count++;
        *kept = (sg_rejected_row){each->row + from,
                                  (const char *)kept_text(test, (const char *)each->message.bytes, each->message.length).bytes};
    }
    outcome->rejected = test->rejected = rejected;
    return SG_OK;
}

// Takes what is ready; `from` is where the batch last pushed starts in its input.
static sg_result drain(sg_test *test, run *of, uint32_t from) {
    for (;;) {
        const ready *output;
        if (run_next(of, &output) != SG_OK) return SG_FAILED;
        if (output == NULL) return SG_OK;
        if (keep_output(test, output, from) != SG_OK) return SG_FAILED;
    }
}

static const sg_array *time_column(const sg_batch *batch) {
    const sg_array *first = NULL;
    for (uint32_t at = 0; at < batch->column_count; at++) {
        const sg_array *column = batch->columns + at;
        if (column->type->kind != SG_KIND_TIMESTAMP) continue;
        if (strcmp(column->type->name, "timestamp") == 0) return column;
        if (first == NULL) first = column;
    }
    return first;
}

static bool comes_before(const plan_input *input, const sg_batch *batch, uint32_t left, uint32_t right) {
    int order = 0;
    for (uint32_t part = 0; part < input->key_count && order == 0; part++) {
        const sg_array *column = batch->columns + input->keys[part];
        sg_cell one = key_cell(column, left), other = key_cell(column, right);
        order = compare_cells(&one, &other);
    }
    const sg_array *times = time_column(batch);
    if (order != 0 || times == NULL) return order < 0;
    return sg_timestamp_at(times, left) < sg_timestamp_at(times, right);
}

// By key, then by time, equals as they came.
static sg_batch *sorted(sg_test *test, const plan_input *input, const sg_batch *batch) {
    uint32_t *order = NEW_ARRAY(&test->memory, (size_t)batch->rows + 1, uint32_t);
    uint32_t *merged = NEW_ARRAY(&test->memory, (size_t)batch->rows + 1, uint32_t);
    for (uint32_t row = 0; row < batch->rows; row++) order[row] = row;
    for (uint64_t size = 1; size < batch->rows; size *= 2) {
        for (uint64_t from = 0; from < batch->rows; from += 2 * size) {
            uint64_t middle = from + size < batch->rows ? from + size : batch->rows;
            uint64_t last = from + 2 * size < batch->rows ? from + 2 * size : batch->rows;
            uint64_t left = from, right = middle;
            for (uint64_t to = from; to < last; to++) {
                bool is_right = left == middle || (right < last && comes_before(input, batch, order[right], order[left]));
                merged[to] = is_right ? order[right++] : order[left++];
            }
        }
        memcpy(order, merged, (size_t)batch->rows * sizeof *order);
    }
    sg_array *arrays = NEW_ARRAY(&test->memory, batch->column_count, sg_array);
    for (uint32_t at = 0; at < batch->column_count; at++)
        take_rows(&test->memory, batch->columns + at, order, batch->rows, false, arrays + at);
    sg_batch *made = NEW(&test->memory, sg_batch);
    *made = (sg_batch){batch->rows, batch->column_count, arrays};
    return made;
}

static sg_result push_input(sg_test *test, run *of, uint32_t input) {
    const plan_input *planned = test->plan->inputs + input;
    const columns *schema = &planned->columns;
    sg_array *arrays = NEW_ARRAY(&test->memory, schema->count, sg_array);
    for (uint32_t at = 0; at < schema->count; at++) builder_finish(test->builders[input] + at, arrays + at);
    sg_batch whole_input = {schema->count == 0 ? 0 : arrays[0].length, schema->count, arrays}, *batch = &whole_input;
    if (test->plan->of->scope == SG_KEYED) {
        if (check_keys(of, input, batch) != SG_OK) return SG_FAILED;
        batch = sorted(test, planned, batch);
    }
    for (uint32_t from = 0; from < batch->rows; from += test->batch_rows) {
        uint32_t rows = batch->rows - from < test->batch_rows ? batch->rows - from : test->batch_rows;
        sg_batch part;
        slice_batch(&test->memory, batch, from, rows, NEW_ARRAY(&test->memory, schema->count, sg_array), &part);
        if (run_push(of, input, rows, hand_in(schema, &part)) != SG_OK || drain(test, of, from) != SG_OK) return SG_FAILED;
    }
    return SG_OK;
}

static sg_result drive(sg_test *test, run *of) {
    for (uint32_t input = 0; input < test->plan->input_count; input++)
        if (push_input(test, of, input) != SG_OK) return SG_FAILED;
    if (test->plan->of->scope == SG_KEYED && (run_end_keys(of) != SG_OK || drain(test, of, 0) != SG_OK)) return SG_FAILED;
    return run_finish(of) == SG_OK ? drain(test, of, 0) : SG_FAILED;
}

const sg_outcome *sg_test_run(sg_test *test) {
    sg_outcome *outcome = &test->outcome;
    outcome->rows = empty_batch(&test->memory, &test->plan->output);
    listening = test;
    log_listener = listen;
    begin(NULL);
    run *of = NULL;
    if (complete_parameters(test) == SG_OK) {
        given_context *context = &test->context;
        context->ranges = test->ranges;
        context->range_count = test->plan->input_count;
        context->parameters = test->parameters;
        context->parameter_count = test->parameter_count;
        context->properties = test->properties;
        context->property_count = test->property_count;
        of = run_open(test->plan, context);
    }
    if (of != NULL && drive(test, of) == SG_OK) {
        outcome->rows = concatenated(&test->memory, &test->plan->output, test->parts, test->part_count);
    }
    if (failed.is) {
        outcome->message = clean(&test->memory, failed.message.bytes, failed.message.length).bytes;
        outcome->kind = failed.kind;
        outcome->input = failed.input;
        outcome->row = failed.row;
    }
    run_drop(of);
    log_listener = NULL;
    return outcome;
}

// ---- Checks ------------------------------------------------------------------------------------------------------------------

static int checks_failed;

bool sg_test_check(const char *what, const char *file, int line) {
    if (what == NULL) return true;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    checks_failed += 1;
    return false;
}

bool sg_test_check_text(const char *have, const char *want, const char *file, int line) {
    if (have == want || (have != NULL && want != NULL && strcmp(have, want) == 0)) return true;
    fprintf(stderr, "%s:%d: texts differ\n  have: %s\n  want: %s\n", file, line, have == NULL ? "none" : have,
            want == NULL ? "none" : want);
    checks_failed += 1;
    return false;
}

// A value as it is read in a message.
static const char *value_of(const sg_array *array, uint32_t row) {
    const sg_type *type = array->type;
    if (sg_is_null(array, row)) return "null";
    if (type->kind == SG_KIND_BOOLEAN) return sg_boolean_at(array, row) ? "true" : "false";
    if (type->kind == SG_KIND_FLOAT64) return said("%.17g", sg_float64_at(array, row));
    if (type->kind == SG_KIND_FLOAT32) return said("%.9g", (double)sg_float32_at(array, row));
    if (type->kind == SG_KIND_UTF8) return said("\"%.*s\"", SG_PRINTABLE(sg_text_at(array, row)));
    if (is_nested(type->kind)) {
        bool is_struct = type->kind == SG_KIND_STRUCT;
        uint32_t from = is_struct ? row : sg_items_begin(array, row), to = is_struct ? row + 1 : sg_items_end(array, row);
        const char *text = is_struct ? "{" : "[";
        for (uint32_t item = from; item < to; item++)
            for (uint32_t at = 0; at < type->child_count; at++)
                text = said("%s%s%s", text, item == from && at == 0 ? "" : ", ", value_of(array->children + at, item));
        return said("%s%s", text, is_struct ? "}" : "]");
    }
    uint32_t width = width_of(type);
    const uint8_t *bytes = (const uint8_t *)array->values + (size_t)row * width;
    if (type->kind == SG_KIND_BINARY) {
        sg_text text = sg_text_at(array, row);
        bytes = (const uint8_t *)text.bytes;
        width = text.length;
    } else if (type->kind != SG_KIND_FIXED_SIZE_BINARY && width <= 8) {
        bool is_signed = type->kind < SG_KIND_UINT8 || type->kind > SG_KIND_UINT64;
        uint64_t bits = 0;
        memcpy(&bits, bytes, width);
        if (is_signed && width < 8 && bits >> (8 * width - 1) != 0) bits |= ~(uint64_t)0 << 8 * width;
        return is_signed ? said("%lld", (long long)bits) : said("%llu", (unsigned long long)bits);
    }
    const char *hex = "0x";
    for (uint32_t at = 0; at < width; at++) hex = said("%s%02x", hex, bytes[at]);
    return hex;
}

bool sg_test_check_row(const sg_outcome *outcome, uint32_t row, const char *file, int line, const sg_cell *cells,
                       uint32_t count) {
    if (outcome->message != NULL) return sg_test_check(said("the run failed: %s", outcome->message), file, line);
    if (row >= outcome->rows->rows) return sg_test_check(said("row %u of %u", row, outcome->rows->rows), file, line);
    if (count != outcome->rows->column_count)
        return sg_test_check(said("%u cells for %s", count, names_in(outcome->rows)), file, line);
    bool is_so = true;
    for (uint32_t at = 0; at < count; at++) {
        const sg_array *column = outcome->rows->columns + at;
        sg_type type = *column->type;
        type.nullable = true;
        region own = {NULL};
        sg_builder wanted;
        builder_init(&own, &type, type.name, &wanted);
        builder_start(&wanted, &own, 1);
        failure_clear();
        sg_array want;
        bool fits = sg_append_cell(&wanted, cells[at]) == SG_OK;
        builder_finish(&wanted, &want);
        // The words tell values apart, down to the last bit of a float.
        const char *have = said("%s", value_of(column, row)), *should = fits ? value_of(&want, 0) : failed.message.bytes;
        if (!fits || strcmp(have, should) != 0)
            is_so = sg_test_check(said("column `%s` of row %u is %s, it should be %s", type.name, row, have, should), file, line);
        region_free(&own);
    }
    return is_so;
}

int sg_test_end(void) {
    if (checks_failed == 0) return 0;
    fprintf(stderr, "%d checks failed\n", checks_failed);
    return 1;
}
