// SPDX-License-Identifier: Apache-2.0
//
// Write Sandglass transformations in C, or in C++.
//
// A transformation is a function from rows to rows. Describe its columns in an `sg_transformation`, write the function, and
// name it in `SG_COMPONENT`. Compile it together with sandglass.c; `sandglass build` does.
//
//     static sg_result in_cents(const sg_context *context, const sg_batch *purchases, sg_output *out) {
//         (void)context;
//         const sg_array *amount = sg_column_of(purchases, "amount", SG_KIND_FLOAT64);
//         const double *dollars = sg_float64s(amount);
//         double *cents = sg_float64_out(out, "cents", purchases->rows, amount);
//         SG_EACH(row, purchases->rows) cents[row] = dollars[row] * 100.0;
//         return sg_put(out, "timestamp", sg_column(purchases, "timestamp"));
//     }
//
//     const sg_transformation in_cents_of_dollars = {
//         .name = "in_cents",
//         .scope = SG_ALIGNED,
//         .inputs = SG_INPUTS(SG_INPUT("purchases", SG_TIMESTAMP("timestamp"), SG_NULLABLE(SG_FLOAT64("amount")))),
//         .output = SG_COLUMNS(SG_TIMESTAMP("timestamp"), SG_NULLABLE(SG_FLOAT64("cents"))),
//         .batch = in_cents,
//     };
//     SG_COMPONENT(&in_cents_of_dollars);
//
// What goes wrong. A function of this header that fails remembers the first failure, answers something harmless (zeroes, an
// empty text, no rows) and lets the function go on; the run ends when the function returns, whatever it returns. So results need
// not be looked at one by one; `sg_failed` asks. Nothing here is NULL unless it is said.
//
// Memory. Batches, arrays, texts and what `sg_alloc` gives belong to the SDK, and stay until the function returns. Values are
// aligned for their type. There is one thread.

#ifndef SANDGLASS_H
#define SANDGLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define SG__FORMAT(text, rest) __attribute__((format(printf, text, rest)))
#else
#define SG__FORMAT(text, rest)
#endif

// ---- Failures and logs -------------------------------------------------------------------------------------------------------

typedef enum sg_result { SG_OK = 0, SG_FAILED = 1 } sg_result;

// Whose fault a failure is: the rows', a parameter's, the transformation's.
typedef enum sg_failure_kind { SG_FAILURE_INPUT = 0, SG_FAILURE_PARAMETER = 1, SG_FAILURE_INTERNAL = 2 } sg_failure_kind;

// Rows of one output at most; more are handed out in parts.
#define SG__OUTPUT_ROWS 8192u

// No row, no input.
#define SG_NONE UINT32_MAX

// Ends the run: `return sg_fail("no rate for %d", year);`. Formats like printf. The first failure of a call stays.
sg_result sg_fail(const char *format, ...) SG__FORMAT(1, 2);
// The rows are to blame.
sg_result sg_fail_input(const char *format, ...) SG__FORMAT(1, 2);
// This row of the batch at hand is to blame.
sg_result sg_fail_row(uint32_t row, const char *format, ...) SG__FORMAT(2, 3);
// A parameter is to blame.
sg_result sg_fail_parameter(const char *format, ...) SG__FORMAT(1, 2);
// Everything said; `SG_NONE` for no input, no row.
sg_result sg_fail_as(sg_failure_kind kind, uint32_t input, uint32_t row, const char *format, ...) SG__FORMAT(4, 5);
// Whether something failed in this call.
bool sg_failed(void);

typedef enum sg_level { SG_DEBUG = 0, SG_INFO = 1, SG_WARN = 2, SG_ERROR = 3 } sg_level;

// Hands a message to the host's log; formats like printf. Bytes that are not UTF-8 become U+FFFD.
void sg_log(sg_level level, const char *format, ...) SG__FORMAT(2, 3);

// Zeroed memory that stays until the function returns.
void *sg_alloc(size_t bytes);

// ---- Columns of a contract ---------------------------------------------------------------------------------------------------

typedef enum sg_kind {
    SG_KIND_BOOLEAN = 1,
    SG_KIND_INT8,
    SG_KIND_INT16,
    SG_KIND_INT32,
    SG_KIND_INT64,
    SG_KIND_UINT8,
    SG_KIND_UINT16,
    SG_KIND_UINT32,
    SG_KIND_UINT64,
    SG_KIND_FLOAT32,
    SG_KIND_FLOAT64,
    SG_KIND_DECIMAL128,
    SG_KIND_UTF8,
    SG_KIND_BINARY,
    SG_KIND_FIXED_SIZE_BINARY,
    SG_KIND_DATE32,
    SG_KIND_TIMESTAMP,
    SG_KIND_DURATION,
    SG_KIND_LIST,
    SG_KIND_FIXED_SIZE_LIST,
    SG_KIND_STRUCT,
    SG_KIND_MAP,
} sg_kind;

// A word of a list of columns. Made by the macros below, of which some make several.
typedef struct sg_column_word {
    const char *name;
    int32_t kind;
    uint32_t size;
    int32_t scale;
} sg_column_word;

#define SG__END_OF_COLUMNS 0
#define SG__NULLABLE 100
#define SG__END_OF_STRUCT 101
#define SG__WORD(name, kind, size, scale) {name, kind, size, scale}

#define SG_BOOLEAN(name) SG__WORD(name, SG_KIND_BOOLEAN, 0, 0)
#define SG_INT8(name) SG__WORD(name, SG_KIND_INT8, 0, 0)
#define SG_INT16(name) SG__WORD(name, SG_KIND_INT16, 0, 0)
#define SG_INT32(name) SG__WORD(name, SG_KIND_INT32, 0, 0)
#define SG_INT64(name) SG__WORD(name, SG_KIND_INT64, 0, 0)
#define SG_UINT8(name) SG__WORD(name, SG_KIND_UINT8, 0, 0)
#define SG_UINT16(name) SG__WORD(name, SG_KIND_UINT16, 0, 0)
#define SG_UINT32(name) SG__WORD(name, SG_KIND_UINT32, 0, 0)
#define SG_UINT64(name) SG__WORD(name, SG_KIND_UINT64, 0, 0)
#define SG_FLOAT32(name) SG__WORD(name, SG_KIND_FLOAT32, 0, 0)
#define SG_FLOAT64(name) SG__WORD(name, SG_KIND_FLOAT64, 0, 0)
#define SG_DECIMAL128(name, precision, scale) SG__WORD(name, SG_KIND_DECIMAL128, precision, scale)
#define SG_UTF8(name) SG__WORD(name, SG_KIND_UTF8, 0, 0)
#define SG_BINARY(name) SG__WORD(name, SG_KIND_BINARY, 0, 0)
#define SG_FIXED_SIZE_BINARY(name, width) SG__WORD(name, SG_KIND_FIXED_SIZE_BINARY, width, 0)
// Days since 1970.
#define SG_DATE32(name) SG__WORD(name, SG_KIND_DATE32, 0, 0)
// Microseconds since 1970, UTC.
#define SG_TIMESTAMP(name) SG__WORD(name, SG_KIND_TIMESTAMP, 0, 0)
// Microseconds.
#define SG_DURATION(name) SG__WORD(name, SG_KIND_DURATION, 0, 0)
// The column may hold nulls: `SG_NULLABLE(SG_INT64("age"))`.
#define SG_NULLABLE(...) SG__WORD("", SG__NULLABLE, 0, 0), __VA_ARGS__
// Lists of an item: `SG_LIST("tags", SG_UTF8("item"))`.
#define SG_LIST(name, ...) SG__WORD(name, SG_KIND_LIST, 0, 0), __VA_ARGS__
// Lists of one length.
#define SG_FIXED_SIZE_LIST(name, length, ...) SG__WORD(name, SG_KIND_FIXED_SIZE_LIST, length, 0), __VA_ARGS__
// Structs of these fields.
#define SG_STRUCT(name, ...) SG__WORD(name, SG_KIND_STRUCT, 0, 0), __VA_ARGS__, SG__WORD("", SG__END_OF_STRUCT, 0, 0)
// Maps of two columns, which are named `keys` and `values` whatever is written; keys are never null.
#define SG_MAP(name, ...) SG__WORD(name, SG_KIND_MAP, 0, 0), __VA_ARGS__

// ---- Inputs and parameters of a contract -------------------------------------------------------------------------------------

typedef struct sg_input {
    const char *name;
    const sg_column_word *columns;
    // Names of the columns that make the key, then NULL; NULL outside of the keyed scope.
    const char *const *keys;
} sg_input;

typedef enum sg_value_kind {
    SG_VALUE_BOOLEAN = 0,
    SG_VALUE_INT64 = 1,
    SG_VALUE_FLOAT64 = 2,
    SG_VALUE_UTF8 = 3,
    SG_VALUE_TIMESTAMP = 4,
    SG_VALUE_DURATION = 5,
} sg_value_kind;

// Declared here, given by the feature view. Without a default it must be given.
typedef struct sg_parameter {
    const char *name;
    sg_value_kind kind;
    const char *doc;
    bool has_default;
    // The default of a truth value, a whole number, a time or a length of time.
    int64_t whole;
    double number;
    const char *text;
} sg_parameter;

#define SG_BOOLEAN_PARAMETER(name, doc) {name, SG_VALUE_BOOLEAN, doc, false, 0, 0.0, ""}
#define SG_INT64_PARAMETER(name, doc) {name, SG_VALUE_INT64, doc, false, 0, 0.0, ""}
#define SG_FLOAT64_PARAMETER(name, doc) {name, SG_VALUE_FLOAT64, doc, false, 0, 0.0, ""}
#define SG_UTF8_PARAMETER(name, doc) {name, SG_VALUE_UTF8, doc, false, 0, 0.0, ""}
#define SG_TIMESTAMP_PARAMETER(name, doc) {name, SG_VALUE_TIMESTAMP, doc, false, 0, 0.0, ""}
#define SG_DURATION_PARAMETER(name, doc) {name, SG_VALUE_DURATION, doc, false, 0, 0.0, ""}
// With a default; of times and lengths of time: microseconds.
#define SG_BOOLEAN_PARAMETER_OR(name, value, doc) {name, SG_VALUE_BOOLEAN, doc, true, value, 0.0, ""}
#define SG_INT64_PARAMETER_OR(name, value, doc) {name, SG_VALUE_INT64, doc, true, value, 0.0, ""}
#define SG_FLOAT64_PARAMETER_OR(name, value, doc) {name, SG_VALUE_FLOAT64, doc, true, 0, value, ""}
#define SG_UTF8_PARAMETER_OR(name, value, doc) {name, SG_VALUE_UTF8, doc, true, 0, 0.0, value}
#define SG_TIMESTAMP_PARAMETER_OR(name, value, doc) {name, SG_VALUE_TIMESTAMP, doc, true, value, 0.0, ""}
#define SG_DURATION_PARAMETER_OR(name, value, doc) {name, SG_VALUE_DURATION, doc, true, value, 0.0, ""}

// For a host later than this SDK; one that does not know it ignores it.
typedef struct sg_property {
    const char *name;
    const char *value;
} sg_property;

// An array that stays for good. C has it as a compound literal, so use these outside of functions; C++ in any place.
#ifdef __cplusplus
#define SG__STATIC(type, ...)                                                                                                    \
    ([]() -> type const * {                                                                                                      \
        static type const there[] = {__VA_ARGS__};                                                                               \
        return there;                                                                                                            \
    }())
#else
#define SG__STATIC(type, ...) ((type const[]){__VA_ARGS__})
#endif

#define SG_COLUMNS(...) SG__STATIC(sg_column_word, __VA_ARGS__, SG__WORD(NULL, SG__END_OF_COLUMNS, 0, 0))
#define SG_INPUTS(...) SG__STATIC(sg_input, __VA_ARGS__, {NULL, NULL, NULL})
// Name, then columns.
#define SG_INPUT(name, ...) {name, SG_COLUMNS(__VA_ARGS__), NULL}
// Name, columns that make the key, then all columns: `SG_KEYED_INPUT("sales", SG_KEYS("store"), SG_INT64("store"), …)`.
#define SG_KEYED_INPUT(name, keys, ...) {name, SG_COLUMNS(__VA_ARGS__), keys}
typedef const char *sg_name;
#define SG_KEYS(...) SG__STATIC(sg_name, __VA_ARGS__, NULL)
#define SG_PARAMETERS(...) SG__STATIC(sg_parameter, __VA_ARGS__, {NULL, SG_VALUE_BOOLEAN, NULL, false, 0, 0.0, NULL})
#define SG_PROPERTIES(...) SG__STATIC(sg_property, __VA_ARGS__, {NULL, NULL})

// ---- Transformations ---------------------------------------------------------------------------------------------------------

// How far the host may split the input over runs.
typedef enum sg_scope {
    // One row out for each row in, in the same order; exactly one input.
    SG_ALIGNED = 0,
    // Every row by itself, any number of rows out; exactly one input.
    SG_ROW = 1,
    // All rows of a key together. Needs `incremental_backfills` in the view.
    SG_KEYED = 2,
    // A whole interval in one run. Needs `incremental_backfills` in the view.
    SG_INTERVAL = 3,
} sg_scope;

struct sg__told;
typedef struct sg_context sg_context;
typedef struct sg_batch sg_batch;
typedef struct sg_group sg_group;
typedef struct sg_inputs sg_inputs;
typedef struct sg_output sg_output;

#ifdef __cplusplus
#define SG__UNSAID(value) = value
#else
#define SG__UNSAID(value)
#endif

// One transformation: its contract, and one form of making its rows. Leave out what is not needed.
typedef struct sg_transformation {
    const char *name SG__UNSAID(NULL);
    const char *doc SG__UNSAID(NULL);
    sg_scope scope SG__UNSAID(SG_ALIGNED);
    const sg_input *inputs SG__UNSAID(NULL);
    const sg_parameter *parameters SG__UNSAID(NULL);
    const sg_column_word *output SG__UNSAID(NULL);
    const sg_property *properties SG__UNSAID(NULL);

    // Any form: called once when a run starts, and when it is over. `open` may leave something in the context's `state`; if it
    // fails, `drop` is not called.
    sg_result (*open)(sg_context *context) SG__UNSAID(NULL);
    void (*drop)(sg_context *context) SG__UNSAID(NULL);

    // Aligned and row scope: called for each batch.
    sg_result (*batch)(const sg_context *context, const sg_batch *batch, sg_output *out) SG__UNSAID(NULL);

    // Keyed scope: called for each key with all its rows. Keys come in rising order.
    sg_result (*key)(const sg_context *context, const sg_group *group, sg_output *out) SG__UNSAID(NULL);

    // Interval scope: called once, with everything.
    sg_result (*interval)(const sg_context *context, const sg_inputs *inputs, sg_output *out) SG__UNSAID(NULL);

    // Any scope, for what wants every call of the contract, such as streaming over an interval without holding it. After each
    // of the other three, `next` is called until it leaves `out` as it is. A batch stays until then. `end_keys` and `finish`
    // may be left out.
    sg_result (*push)(const sg_context *context, uint32_t input, const sg_batch *batch) SG__UNSAID(NULL);
    sg_result (*end_keys)(const sg_context *context) SG__UNSAID(NULL);
    sg_result (*finish)(const sg_context *context) SG__UNSAID(NULL);
    sg_result (*next)(const sg_context *context, sg_output *out) SG__UNSAID(NULL);
} sg_transformation;

// Names the transformations of a component, once: `SG_COMPONENT(&first, &second);`.
extern const sg_transformation *const sg_component[];
#define SG_COMPONENT(...) const sg_transformation *const sg_component[] = {__VA_ARGS__, NULL}

// ---- The context -------------------------------------------------------------------------------------------------------------

// Text or bytes. Text of a parameter or property ends with a zero byte; other text does not.
typedef struct sg_text {
    const char *bytes;
    uint32_t length;
} sg_text;

// For printf: `sg_fail("%.*s is odd", SG_PRINTABLE(name))`.
#define SG_PRINTABLE(text) (int)(text).length, (text).bytes

static inline sg_text sg_text_of(const char *string) {
    sg_text text;
    text.bytes = string;
    text.length = (uint32_t)strlen(string);
    return text;
}
static inline bool sg_text_equal(sg_text left, sg_text right) {
    return left.length == right.length && memcmp(left.bytes, right.bytes, left.length) == 0;
}
static inline bool sg_text_is(sg_text text, const char *string) { return sg_text_equal(text, sg_text_of(string)); }

// `[start, end)` in microseconds since 1970, UTC.
typedef struct sg_interval {
    int64_t start;
    int64_t end;
} sg_interval;

// Why a run is made: for the rows of an interval, for rows as they arrive, for one request.
typedef enum sg_mode { SG_MATERIALIZE = 0, SG_STREAMING = 1, SG_REQUEST = 2 } sg_mode;

struct sg_context {
    // The author's; NULL unless `open` sets it.
    void *state;
    sg_mode mode;
    // Whether source rows are wanted; giving them when they are not does no harm.
    bool lineage;
    const struct sg__told *told;
};

// The interval whose rows are to be made; a failure in any other mode.
sg_interval sg_context_interval(const sg_context *context);
// The time of the request that is answered, in microseconds since 1970; of a row of training data, its time. A failure in any
// other mode.
int64_t sg_context_request_time(const sg_context *context);
// The time range that an input's rows were filtered to; false if unfiltered.
bool sg_context_range(const sg_context *context, uint32_t input, sg_interval *range);
// What a host later than this SDK may tell besides; false if it does not.
bool sg_context_property(const sg_context *context, const char *name, sg_text *value);

// Parameters by name and kind. Times and lengths of time are microseconds.
bool sg_boolean_parameter(const sg_context *context, const char *name);
int64_t sg_int64_parameter(const sg_context *context, const char *name);
double sg_float64_parameter(const sg_context *context, const char *name);
sg_text sg_utf8_parameter(const sg_context *context, const char *name);
int64_t sg_timestamp_parameter(const sg_context *context, const char *name);
int64_t sg_duration_parameter(const sg_context *context, const char *name);

// ---- Reading -----------------------------------------------------------------------------------------------------------------

typedef struct sg_type {
    const char *name;
    sg_kind kind;
    bool nullable;
    // Width of fixed-size binary, length of a fixed-size list, precision of a decimal.
    uint32_t size;
    int32_t scale;
    uint32_t child_count;
    const struct sg_type *children;
} sg_type;

// A column, or what is inside of one, in Arrow's layout. Read it with the functions below.
typedef struct sg_array {
    const sg_type *type;
    uint32_t length;
    uint32_t nulls;
    // A bit for each row, set where it is not null; NULL if none is null.
    const uint8_t *validity;
    // Where row 0 is in `validity`, and in the values of booleans.
    uint32_t bit;
    // Text, bytes, lists, maps: where each row begins, and where the last ends.
    const int32_t *offsets;
    const void *values;
    const struct sg_array *children;
} sg_array;

struct sg_batch {
    uint32_t rows;
    uint32_t column_count;
    const sg_array *columns;
};

// The column of that name, of whatever kind; a failure if there is none.
const sg_array *sg_column(const sg_batch *batch, const char *name);
// The column of that name and kind; a failure otherwise.
const sg_array *sg_column_of(const sg_batch *batch, const char *name, sg_kind kind);

static inline bool sg_is_null(const sg_array *array, uint32_t row) {
    uint32_t place = array->bit + row;
    return array->validity != NULL && (array->validity[place >> 3] >> (place & 7) & 1) == 0;
}
static inline bool sg_boolean_at(const sg_array *array, uint32_t row) {
    uint32_t place = array->bit + row;
    return (((const uint8_t *)array->values)[place >> 3] >> (place & 7) & 1) != 0;
}
// Text or bytes of a row; empty where it is null.
static inline sg_text sg_text_at(const sg_array *array, uint32_t row) {
    sg_text text;
    text.bytes = (const char *)array->values + array->offsets[row];
    text.length = (uint32_t)(array->offsets[row + 1] - array->offsets[row]);
    return text;
}
// Bytes of a row of fixed-size binary.
static inline sg_text sg_fixed_at(const sg_array *array, uint32_t row) {
    sg_text text;
    text.bytes = (const char *)array->values + (size_t)row * array->type->size;
    text.length = array->type->size;
    return text;
}

// An unscaled decimal in two's complement.
typedef struct sg_decimal128 {
    uint64_t low;
    int64_t high;
} sg_decimal128;

#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 sg_int128;
static inline sg_int128 sg_int128_of(sg_decimal128 decimal) {
    return (sg_int128)((unsigned __int128)(uint64_t)decimal.high << 64 | decimal.low);
}
static inline sg_decimal128 sg_decimal128_of(sg_int128 value) {
    sg_decimal128 decimal;
    decimal.low = (uint64_t)value;
    decimal.high = (int64_t)(value >> 64);
    return decimal;
}
#endif

// Lists and maps: the rows of `sg_child` that a row holds are `[sg_items_begin, sg_items_end)`.
static inline uint32_t sg_items_begin(const sg_array *array, uint32_t row) {
    return array->offsets != NULL ? (uint32_t)array->offsets[row] : row * array->type->size;
}
static inline uint32_t sg_items_end(const sg_array *array, uint32_t row) { return sg_items_begin(array, row + 1); }
// What is inside: of a list its items, of a struct its fields, of a map its keys (0) and values (1).
const sg_array *sg_child(const sg_array *array, uint32_t index);

// ---- Cells: one value, of whatever kind --------------------------------------------------------------------------------------

typedef enum sg_cell_kind {
    SG_CELL_NULL,
    SG_CELL_BOOLEAN,
    SG_CELL_INT64,
    SG_CELL_UINT64,
    SG_CELL_FLOAT32,
    SG_CELL_FLOAT64,
    SG_CELL_DECIMAL128,
    SG_CELL_TEXT,
    SG_CELL_FROM,
} sg_cell_kind;

typedef struct sg_cell {
    sg_cell_kind kind;
    // Bytes of a text, or row of an array.
    uint32_t length;
    union {
        bool boolean;
        int64_t int64;
        uint64_t uint64;
        float float32;
        double float64;
        sg_decimal128 decimal128;
        const char *text;
        const sg_array *array;
    } as;
} sg_cell;

#define SG__CELL(name, KIND, type, member)                                                                                       \
    static inline sg_cell sg_cell_##name(type value) {                                                                           \
        sg_cell cell;                                                                                                            \
        cell.kind = KIND;                                                                                                        \
        cell.length = 0;                                                                                                         \
        cell.as.member = value;                                                                                                  \
        return cell;                                                                                                             \
    }
SG__CELL(boolean, SG_CELL_BOOLEAN, bool, boolean)
SG__CELL(int64, SG_CELL_INT64, int64_t, int64)
SG__CELL(uint64, SG_CELL_UINT64, uint64_t, uint64)
SG__CELL(float32, SG_CELL_FLOAT32, float, float32)
SG__CELL(float64, SG_CELL_FLOAT64, double, float64)
SG__CELL(decimal128, SG_CELL_DECIMAL128, sg_decimal128, decimal128)
#undef SG__CELL

static inline sg_cell sg_cell_text(sg_text text) {
    sg_cell cell;
    cell.kind = SG_CELL_TEXT;
    cell.length = text.length;
    cell.as.text = text.bytes;
    return cell;
}
static inline sg_cell sg_cell_string(const char *string) { return sg_cell_text(sg_text_of(string)); }
static inline sg_cell sg_cell_same(sg_cell cell) { return cell; }
static inline sg_cell sg_null(void) {
    sg_cell cell;
    cell.kind = SG_CELL_NULL;
    cell.length = 0;
    cell.as.int64 = 0;
    return cell;
}
#define SG_NULL sg_null()
// The value of a row of an array, of any kind, or its null: `sg_emit(out, row, sg_from(ids, row), total)`.
static inline sg_cell sg_from(const sg_array *array, uint32_t row) {
    sg_cell cell;
    cell.kind = SG_CELL_FROM;
    cell.length = row;
    cell.as.array = array;
    return cell;
}

// The cell of a C value: numbers, `bool`, strings, `sg_text`, `sg_decimal128`, and cells themselves.
//     sg_cell price = items > 0 ? sg_cell_of(amount / items) : SG_NULL;
#ifndef __cplusplus
#define sg_cell_of(value)                                                                                                        \
    _Generic((value),                                                                                                            \
        bool: sg_cell_boolean,                                                                                                   \
        char: sg_cell_int64,                                                                                                     \
        signed char: sg_cell_int64,                                                                                              \
        short: sg_cell_int64,                                                                                                    \
        int: sg_cell_int64,                                                                                                      \
        long: sg_cell_int64,                                                                                                     \
        long long: sg_cell_int64,                                                                                                \
        unsigned char: sg_cell_uint64,                                                                                           \
        unsigned short: sg_cell_uint64,                                                                                          \
        unsigned int: sg_cell_uint64,                                                                                            \
        unsigned long: sg_cell_uint64,                                                                                           \
        unsigned long long: sg_cell_uint64,                                                                                      \
        float: sg_cell_float32,                                                                                                  \
        double: sg_cell_float64,                                                                                                 \
        char *: sg_cell_string,                                                                                                  \
        const char *: sg_cell_string,                                                                                            \
        sg_text: sg_cell_text,                                                                                                   \
        sg_decimal128: sg_cell_decimal128,                                                                                       \
        sg_cell: sg_cell_same)(value)
#endif

// ---- Writing rows ------------------------------------------------------------------------------------------------------------

// Row scope: adds a row that row `source` of the batch gave, its cells in the order of the output's columns. Sources never fall.
// Up to 32 cells, of C values: `sg_emit(out, row, ids[row], "text", 0.5, SG_NULL)`. For more see `sg_emit_cells`.
#define sg_emit(out, source, ...) sg_emit_cells(out, source, SG__CELLS(__VA_ARGS__))
static inline sg_result sg_emit_cells(sg_output *out, uint32_t source, const sg_cell *cells, uint32_t count);
// Keyed and interval scope: adds a row.
#define sg_add(out, ...) sg_add_cells(out, SG__CELLS(__VA_ARGS__))
static inline sg_result sg_add_cells(sg_output *out, const sg_cell *cells, uint32_t count);
// Row scope: a row of the batch that cannot be used, and why. It is counted, and the run goes on.
sg_result sg_reject(sg_output *out, uint32_t row, const char *format, ...) SG__FORMAT(3, 4);

// Columns value by value, also nested ones. What a column's builder was given is its rows; in the forms that add row by row,
// `sg_end_row` ends one after each column got its value (the source is looked at in the row scope only).
typedef struct sg_builder sg_builder;
sg_builder *sg_builder_of(sg_output *out, const char *column);
sg_result sg_end_row(sg_output *out, uint32_t source);
// What is inside of a list, a struct, a map; numbered as in `sg_child`.
sg_builder *sg_builder_child(sg_builder *builder, uint32_t index);
// Adds a value: `sg_append(ids, 7)`.
#define sg_append(builder, value) sg_append_cell(builder, sg_cell_of(value))
static inline sg_result sg_append_cell(sg_builder *builder, sg_cell cell);
sg_result sg_append_null(sg_builder *builder);
// Ends a list, a struct or a map: what was added to its children since the last is its value.
sg_result sg_append_nested(sg_builder *builder);

// A loop over rows that computes whole columns, for clang eight rows side by side:
//     SG_EACH(row, batch->rows) to[row] = 2 * from[row];
// It is two to three times as fast as a plain one in WebAssembly, where a deadline is looked at in each round. The number of rows
// is read once, as what is written could be it for all that the compiler knows.
#define SG_EACH(row, rows) SG__WIDE for (uint32_t row = 0, row##_end = (rows); row < row##_end; row++)
#ifdef __clang__
#define SG__WIDE _Pragma("clang loop interleave_count(8)")
#else
#define SG__WIDE
#endif

// ---- Writing whole columns ---------------------------------------------------------------------------------------------------

// Puts an array out as the column of that name. A column of the batch goes out without a copy.
sg_result sg_put(sg_output *out, const char *name, const sg_array *array);
// All columns of the output, found in the batch by name.
sg_result sg_put_batch(sg_output *out, const sg_batch *batch);
// Truth values, a byte each; null where a row of `nulls` is, nowhere if it is NULL.
sg_result sg_put_booleans(sg_output *out, const char *name, const uint8_t *bytes, uint32_t rows, const sg_array *nulls);

// Row scope: the rows that `mask` has a byte other than zero for, and that they are where they came from. This is the fastest
// filter: it is done in the batch's own memory, when the function has returned. Columns may be put besides, of as many rows as
// stay.
sg_result sg_filter(sg_output *out, const sg_batch *batch, const uint8_t *mask);
// A byte for each row, zero.
uint8_t *sg_mask(const sg_batch *batch);
// Takes the rows that are null in a column out of a mask.
void sg_mask_valid(uint8_t *mask, const sg_array *column);
// The rows that a mask has, rising.
const uint32_t *sg_rows_where(const uint8_t *mask, uint32_t rows, uint32_t *count);

// These rows of all columns of the output, found in the batch by name; in the row scope also where they came from.
sg_result sg_take(sg_output *out, const sg_batch *batch, const uint32_t *rows, uint32_t count);
// These rows of one array.
const sg_array *sg_take_array(const sg_array *array, const uint32_t *rows, uint32_t count);
// Row scope: for each row out the row of the batch that it came from, never falling. Left out, there is one row out for each row
// in that was not rejected.
sg_result sg_source_rows(sg_output *out, const uint32_t *rows, uint32_t count);

// Memory of a column to fill in: `rows` zeroes; null where a row of `nulls` is, nowhere if it is NULL.
void *sg_values_out(sg_output *out, const char *name, sg_kind kind, uint32_t rows, const sg_array *nulls);

// For each kind of fixed width: values of an array, value of a row, values of a batch's column by name, values to fill in.
#define SG__KIND(name, KIND, type)                                                                                               \
    static inline const type *sg_##name##s(const sg_array *array) { return (const type *)array->values; }                        \
    static inline type sg_##name##_at(const sg_array *array, uint32_t row) { return sg_##name##s(array)[row]; }                  \
    static inline const type *sg_##name##_values(const sg_batch *batch, const char *column) {                                    \
        return sg_##name##s(sg_column_of(batch, column, KIND));                                                                  \
    }                                                                                                                            \
    static inline type *sg_##name##_out(sg_output *out, const char *column, uint32_t rows, const sg_array *nulls) {              \
        return (type *)sg_values_out(out, column, KIND, rows, nulls);                                                            \
    }
SG__KIND(int8, SG_KIND_INT8, int8_t)
SG__KIND(int16, SG_KIND_INT16, int16_t)
SG__KIND(int32, SG_KIND_INT32, int32_t)
SG__KIND(int64, SG_KIND_INT64, int64_t)
SG__KIND(uint8, SG_KIND_UINT8, uint8_t)
SG__KIND(uint16, SG_KIND_UINT16, uint16_t)
SG__KIND(uint32, SG_KIND_UINT32, uint32_t)
SG__KIND(uint64, SG_KIND_UINT64, uint64_t)
SG__KIND(float32, SG_KIND_FLOAT32, float)
SG__KIND(float64, SG_KIND_FLOAT64, double)
SG__KIND(decimal128, SG_KIND_DECIMAL128, sg_decimal128)
SG__KIND(date32, SG_KIND_DATE32, int32_t)
SG__KIND(timestamp, SG_KIND_TIMESTAMP, int64_t)
SG__KIND(duration, SG_KIND_DURATION, int64_t)
#undef SG__KIND

// ---- Rows of a key, rows of an interval --------------------------------------------------------------------------------------

// A part of the key, in the order in which inputs name their key columns, as a cell for `sg_add`.
sg_cell sg_key(const sg_group *group, uint32_t part);
// The same by kind; a failure if it is of another.
int64_t sg_key_int64(const sg_group *group, uint32_t part);
sg_text sg_key_utf8(const sg_group *group, uint32_t part);
// The key's rows of an input, sorted by time; without rows if the input has none of this key.
const sg_batch *sg_group_rows(const sg_group *group, uint32_t input);

// The rows of an input in one batch; copies if there are several.
const sg_batch *sg_inputs_rows(const sg_inputs *inputs, uint32_t input);
// The rows of an input as they came.
uint32_t sg_inputs_batch_count(const sg_inputs *inputs, uint32_t input);
const sg_batch *sg_inputs_batch(const sg_inputs *inputs, uint32_t input, uint32_t index);

// ---- What is inlined: the fields below are the SDK's own ---------------------------------------------------------------------

struct sg__region;
struct sg__run;
struct sg__rejection;
struct sg__ready;

// A column in the making.
struct sg_builder {
    const sg_type *type;
    // The name of the output's column that it is, or is inside of.
    const char *column;
    struct sg__region *memory;
    uint32_t length;
    uint32_t nulls;
    // Rows that there is memory for.
    uint32_t capacity;
    // Rows to expect.
    uint32_t expected;
    // The cells that need no conversion, and bytes of a value.
    sg_cell_kind takes;
    uint32_t width;
    uint8_t *validity;
    int32_t *offsets;
    uint8_t *values;
    size_t bytes;
    size_t bytes_capacity;
    sg_builder *children;
};

struct sg_output {
    struct sg__run *run;
    // Of the output; rows of the batch that sources may name; whether rows are added without one; whether sources are wanted.
    uint32_t column_count;
    uint32_t sources_below;
    bool adds;
    bool wants_sources;
    // For each column of the output: what was put, or what is in the making.
    const sg_array **put;
    sg_builder *builders;
    bool is_started;
    bool is_building;
    bool is_emitting;
    bool has_put;
    // Rows of the part that is being emitted.
    uint32_t rows;
    uint32_t *sources;
    uint32_t sources_capacity;
    uint32_t last_source;
    const sg_batch *kept_of;
    const uint32_t *kept;
    uint32_t kept_count;
    bool has_sources;
    const uint32_t *given_sources;
    uint32_t given_count;
    struct sg__rejection *rejected;
    uint32_t rejected_count;
    uint32_t rejected_capacity;
    // What of this output has been made ready last.
    struct sg__ready *last;
};

#if defined(__GNUC__) || defined(__clang__)
#define SG__OFTEN static inline __attribute__((always_inline))
#else
#define SG__OFTEN static inline
#endif

sg_result sg__append_any(sg_builder *builder, sg_cell cell);
sg_result sg__grow_bytes(sg_builder *builder, size_t end);
sg_result sg__begin_row(sg_output *out, bool has_source, uint32_t source, uint32_t count);
void sg__grow_sources(sg_output *out);
sg_result sg__flush(sg_output *out);

// A few bytes without a call, which in WebAssembly would leave the module: their halves, which may overlap.
#define SG__HALVES(type)                                                                                                         \
    {                                                                                                                            \
        type first, last;                                                                                                        \
        memcpy(&first, source, sizeof(type));                                                                                    \
        memcpy(&last, source + length - sizeof(type), sizeof(type));                                                             \
        memcpy(target, &first, sizeof(type));                                                                                    \
        memcpy(target + length - sizeof(type), &last, sizeof(type));                                                             \
    }
SG__OFTEN void sg__copy(void *to, const void *from, size_t length) {
    char *target = (char *)to;
    const char *source = (const char *)from;
    if (length > 16) memcpy(target, source, length);
    else if (length >= 8) SG__HALVES(uint64_t)
    else if (length >= 4) SG__HALVES(uint32_t)
    else if (length >= 2) SG__HALVES(uint16_t)
    else if (length == 1) *target = *source;
}
#undef SG__HALVES

SG__OFTEN void sg__valid(sg_builder *builder) {
    if (builder->validity != NULL) builder->validity[builder->length >> 3] |= (uint8_t)(1u << (builder->length & 7));
    builder->length += 1;
}

SG__OFTEN sg_result sg__append_bytes(sg_builder *builder, const void *bytes, size_t length) {
    size_t end = builder->bytes + length;
    if (end > builder->bytes_capacity && sg__grow_bytes(builder, end) != SG_OK) return SG_FAILED;
    sg__copy(builder->values + builder->bytes, bytes, length);
    builder->bytes = end;
    return SG_OK;
}

SG__OFTEN sg_result sg_append_cell(sg_builder *builder, sg_cell cell) {
    if (cell.kind != builder->takes || cell.kind == SG_CELL_NULL || builder->length == builder->capacity)
        return sg__append_any(builder, cell);
    if (cell.kind == SG_CELL_TEXT) {
        if (sg__append_bytes(builder, cell.as.text, cell.length) != SG_OK) return SG_FAILED;
        builder->offsets[builder->length + 1] = (int32_t)builder->bytes;
    } else {
        memcpy(builder->values + (size_t)builder->length * 8, &cell.as.int64, 8);
    }
    sg__valid(builder);
    return SG_OK;
}

SG__OFTEN sg_result sg__end_row(sg_output *out, uint32_t source) {
    if (out->wants_sources) {
        if (out->rows == out->sources_capacity) sg__grow_sources(out);
        out->sources[out->rows] = source;
    }
    out->last_source = source;
    out->rows += 1;
    return out->rows == SG__OUTPUT_ROWS ? sg__flush(out) : SG_OK;
}

SG__OFTEN sg_result sg_emit_cells(sg_output *out, uint32_t source, const sg_cell *cells, uint32_t count) {
    bool goes_on = out->is_emitting && count == out->column_count && source < out->sources_below && source >= out->last_source;
    if (!goes_on && sg__begin_row(out, true, source, count) != SG_OK) return SG_FAILED;
    for (uint32_t at = 0; at < count; at++)
        if (sg_append_cell(out->builders + at, cells[at]) != SG_OK) return SG_FAILED;
    return sg__end_row(out, source);
}

SG__OFTEN sg_result sg_add_cells(sg_output *out, const sg_cell *cells, uint32_t count) {
    bool goes_on = out->is_emitting && count == out->column_count && out->adds;
    if (!goes_on && sg__begin_row(out, false, 0, count) != SG_OK) return SG_FAILED;
    for (uint32_t at = 0; at < count; at++)
        if (sg_append_cell(out->builders + at, cells[at]) != SG_OK) return SG_FAILED;
    return sg__end_row(out, 0);
}

#ifdef __cplusplus
}  // extern "C"

#include <initializer_list>
#include <string_view>
#include <type_traits>

template <typename T> inline std::enable_if_t<std::is_integral_v<T>, sg_cell> sg_cell_of(T value) {
    if constexpr (std::is_same_v<T, bool>) return sg_cell_boolean(value);
    else if constexpr (std::is_signed_v<T>) return sg_cell_int64(value);
    else return sg_cell_uint64(value);
}
inline sg_cell sg_cell_of(float value) { return sg_cell_float32(value); }
inline sg_cell sg_cell_of(double value) { return sg_cell_float64(value); }
inline sg_cell sg_cell_of(const char *value) { return sg_cell_string(value); }
inline sg_cell sg_cell_of(std::string_view value) {
    return sg_cell_text(sg_text{value.data(), static_cast<uint32_t>(value.size())});
}
inline sg_cell sg_cell_of(sg_text value) { return sg_cell_text(value); }
inline sg_cell sg_cell_of(sg_decimal128 value) { return sg_cell_decimal128(value); }
inline sg_cell sg_cell_of(sg_cell value) { return value; }

// Argument lists of `sg_emit_cells` and its like.
template <typename... T> struct sg__cells {
    sg_cell cells[sizeof...(T)];
};
template <typename... T> inline sg__cells<T...> sg__cells_of(const T &...values) { return {{sg_cell_of(values)...}}; }
template <typename... T> constexpr uint32_t sg__count(const T &...) { return sizeof...(T); }
#define SG__CELLS(...) sg__cells_of(__VA_ARGS__).cells, sg__count(__VA_ARGS__)
#else
#define SG__CELLS(...) (const sg_cell[]){SG__OF(__VA_ARGS__)}, SG__COUNT(__VA_ARGS__)
#define SG__COUNT(...)                                                                                                           \
    SG__PICK(__VA_ARGS__, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7,   \
             6, 5, 4, 3, 2, 1, 0)
#define SG__OF(...)                                                                                                              \
    SG__PICK(__VA_ARGS__, SG__32, SG__31, SG__30, SG__29, SG__28, SG__27, SG__26, SG__25, SG__24, SG__23, SG__22, SG__21,        \
             SG__20, SG__19, SG__18, SG__17, SG__16, SG__15, SG__14, SG__13, SG__12, SG__11, SG__10, SG__9, SG__8, SG__7, SG__6, \
             SG__5, SG__4, SG__3, SG__2, SG__1, SG__0)                                                                           \
    (__VA_ARGS__)
#define SG__PICK(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E, F, name, ...) name
#define SG__1(a) sg_cell_of(a)
#define SG__2(a, ...) sg_cell_of(a), SG__1(__VA_ARGS__)
#define SG__3(a, ...) sg_cell_of(a), SG__2(__VA_ARGS__)
#define SG__4(a, ...) sg_cell_of(a), SG__3(__VA_ARGS__)
#define SG__5(a, ...) sg_cell_of(a), SG__4(__VA_ARGS__)
#define SG__6(a, ...) sg_cell_of(a), SG__5(__VA_ARGS__)
#define SG__7(a, ...) sg_cell_of(a), SG__6(__VA_ARGS__)
#define SG__8(a, ...) sg_cell_of(a), SG__7(__VA_ARGS__)
#define SG__9(a, ...) sg_cell_of(a), SG__8(__VA_ARGS__)
#define SG__10(a, ...) sg_cell_of(a), SG__9(__VA_ARGS__)
#define SG__11(a, ...) sg_cell_of(a), SG__10(__VA_ARGS__)
#define SG__12(a, ...) sg_cell_of(a), SG__11(__VA_ARGS__)
#define SG__13(a, ...) sg_cell_of(a), SG__12(__VA_ARGS__)
#define SG__14(a, ...) sg_cell_of(a), SG__13(__VA_ARGS__)
#define SG__15(a, ...) sg_cell_of(a), SG__14(__VA_ARGS__)
#define SG__16(a, ...) sg_cell_of(a), SG__15(__VA_ARGS__)
#define SG__17(a, ...) sg_cell_of(a), SG__16(__VA_ARGS__)
#define SG__18(a, ...) sg_cell_of(a), SG__17(__VA_ARGS__)
#define SG__19(a, ...) sg_cell_of(a), SG__18(__VA_ARGS__)
#define SG__20(a, ...) sg_cell_of(a), SG__19(__VA_ARGS__)
#define SG__21(a, ...) sg_cell_of(a), SG__20(__VA_ARGS__)
#define SG__22(a, ...) sg_cell_of(a), SG__21(__VA_ARGS__)
#define SG__23(a, ...) sg_cell_of(a), SG__22(__VA_ARGS__)
#define SG__24(a, ...) sg_cell_of(a), SG__23(__VA_ARGS__)
#define SG__25(a, ...) sg_cell_of(a), SG__24(__VA_ARGS__)
#define SG__26(a, ...) sg_cell_of(a), SG__25(__VA_ARGS__)
#define SG__27(a, ...) sg_cell_of(a), SG__26(__VA_ARGS__)
#define SG__28(a, ...) sg_cell_of(a), SG__27(__VA_ARGS__)
#define SG__29(a, ...) sg_cell_of(a), SG__28(__VA_ARGS__)
#define SG__30(a, ...) sg_cell_of(a), SG__29(__VA_ARGS__)
#define SG__31(a, ...) sg_cell_of(a), SG__30(__VA_ARGS__)
#define SG__32(a, ...) sg_cell_of(a), SG__31(__VA_ARGS__)
#endif

#endif  // SANDGLASS_H
