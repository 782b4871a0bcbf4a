// SPDX-License-Identifier: Apache-2.0
//
// The SDK behind sandglass.h, from the bottom up: memory, words, failures, types, arrays, builders, filters, outputs, keys, the
// context, runs, and at the end the contract's exports, which exist in WebAssembly only.

#include "sandglass.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

#if !defined(__wasm__) && defined(__GNUC__)
// Natively runs are driven by the test helper, which includes this file.
#pragma GCC diagnostic ignored "-Wunused-function"
#endif

// What is called seldom stays out of what is called often: it would need a stack there.
#if defined(__GNUC__) || defined(__clang__)
#define SELDOM __attribute__((noinline, cold))
// Keeps a loop over a few bytes from becoming a call.
#define AS_IT_IS(pointer) __asm__("" : "+r"(pointer))
#else
#define SELDOM
#define AS_IT_IS(pointer) ((void)0)
#endif

#define OUTPUT_ROWS SG__OUTPUT_ROWS

// ---- Memory ------------------------------------------------------------------------------------------------------------------

// Memory that is given out piece by piece and let go of at once. Used again it is one chunk, so that nothing is allocated.
typedef struct chunk {
    struct chunk *before;
    size_t size;
    size_t used;
} chunk;

typedef struct sg__region {
    chunk *top;
} region;

#define CHUNK_HEAD ((sizeof(chunk) + 15) & ~(size_t)15)
#define CHUNK_FIRST ((size_t)4096)
#define CHUNK_DOUBLED_MAX ((size_t)1 << 20)
// What a region holds on to between calls.
#define REGION_KEPT_MAX ((size_t)16 << 20)

static chunk *chunk_new(size_t size) {
    chunk *made = size < SIZE_MAX - CHUNK_HEAD ? (chunk *)malloc(CHUNK_HEAD + size) : NULL;
    if (made == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    made->before = NULL;
    made->size = size;
    made->used = 0;
    return made;
}

SELDOM static void *region_grow(region *memory, size_t size) {
#ifdef __SANITIZE_ADDRESS__
    // A piece of its own for each, so that the sanitizer sees where one ends.
    chunk *top = chunk_new(size);
#else
    size_t next = memory->top == NULL ? CHUNK_FIRST : memory->top->size * 2;
    next = next > CHUNK_DOUBLED_MAX ? CHUNK_DOUBLED_MAX : next;
    chunk *top = chunk_new(size > next ? size : next);
#endif
    top->before = memory->top;
    top->used = size;
    memory->top = top;
    return (char *)top + CHUNK_HEAD;
}

// Aligned to 16 bytes, of any content.
static inline void *region_alloc(region *memory, size_t bytes) {
#ifdef __SANITIZE_ADDRESS__
    size_t size = bytes;
#else
    size_t size = bytes > SIZE_MAX - 15 ? SIZE_MAX : (bytes + 15) & ~(size_t)15;
#endif
    chunk *top = memory->top;
    if (top != NULL && size <= top->size - top->used) {
        void *piece = (char *)top + CHUNK_HEAD + top->used;
        top->used += size;
        return piece;
    }
    return region_grow(memory, size);
}

// For a few bytes a loop is faster than a call, which in WebAssembly leaves the module.
static void *zeroed(void *bytes, size_t length) {
    if (length > 256) return memset(bytes, 0, length);
    char *at = (char *)bytes, *end = at + length;
    const uint64_t zero = 0;
    for (; end - at >= 8; at += 8) {
        memcpy(at, &zero, 8);
        AS_IT_IS(at);
    }
    for (; at < end; at++) {
        *at = 0;
        AS_IT_IS(at);
    }
    return bytes;
}

static void *region_zeroed(region *memory, size_t bytes) { return zeroed(region_alloc(memory, bytes), bytes); }

static void region_free(region *memory) {
    while (memory->top != NULL) {
        chunk *before = memory->top->before;
        free(memory->top);
        memory->top = before;
    }
}

// Lets go of everything, and keeps as much memory as it was, up to a limit.
static void region_reset(region *memory) {
    size_t total = 0;
    for (chunk *each = memory->top; each != NULL; each = each->before) total += each->size;
#ifdef __SANITIZE_ADDRESS__
    total = SIZE_MAX;
#endif
    if (memory->top != NULL && memory->top->before == NULL && total <= REGION_KEPT_MAX) {
        memory->top->used = 0;
        return;
    }
    region_free(memory);
    if (total > 0 && total <= REGION_KEPT_MAX) memory->top = chunk_new(total);
}

// Where the host puts what it hands in, until a call knows whose it is.
static region incoming;
// What lasts until the author's function returns.
static region scratch;
// Words of the failure at hand.
static region words;

static void *array_of(region *memory, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return region_zeroed(memory, count * size);
}
#define NEW(memory, type) ((type *)region_zeroed(memory, sizeof(type)))
#define NEW_ARRAY(memory, count, type) ((type *)array_of(memory, count, sizeof(type)))

void *sg_alloc(size_t bytes) { return region_zeroed(&scratch, bytes); }

// ---- Words -------------------------------------------------------------------------------------------------------------------

// Bytes of the UTF-8 character at the start; 0 if it is none.
static size_t utf8_character(const uint8_t *at, size_t length) {
    uint8_t first = at[0];
    if (first < 0x80) return 1;
    size_t more = first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 0;
    if (more == 0 || length <= more) return 0;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) return 0;
    for (size_t place = 2; place <= more; place++)
        if ((at[place] & 0xc0) != 0x80) return 0;
    return more + 1;
}

static bool is_utf8(const char *bytes, size_t length) {
    for (size_t at = 0; at < length;) {
        size_t size = utf8_character((const uint8_t *)bytes + at, length - at);
        if (size == 0) return false;
        at += size;
    }
    return true;
}

// The text with U+FFFD for each byte that is not UTF-8: the host ends a run for such a byte. Ends with a zero byte.
static sg_text clean(region *memory, const char *bytes, size_t length) {
    bool is_clean = is_utf8(bytes, length);
    char *cleaned = (char *)region_alloc(memory, (is_clean ? length : 3 * length) + 1);
    size_t end = 0;
    for (size_t at = 0; at < length;) {
        size_t size = is_clean ? length : utf8_character((const uint8_t *)bytes + at, length - at);
        memcpy(cleaned + end, size == 0 ? "\xef\xbf\xbd" : bytes + at, size == 0 ? 3 : size);
        end += size == 0 ? 3 : size;
        at += size == 0 ? 1 : size;
    }
    cleaned[end] = 0;
    return (sg_text){cleaned, (uint32_t)end};
}

static sg_text formatted(region *memory, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) return clean(memory, format, strlen(format));
    char *text = (char *)region_alloc(memory, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return is_utf8(text, (size_t)length) ? (sg_text){text, (uint32_t)length} : clean(memory, text, (size_t)length);
}

SG__FORMAT(1, 2) static const char *said(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    sg_text text = formatted(&words, format, arguments);
    va_end(arguments);
    return text.bytes;
}

// ---- Failures and logs -------------------------------------------------------------------------------------------------------

typedef struct failure {
    bool is;
    sg_failure_kind kind;
    sg_text message;
    uint32_t input;
    uint32_t row;
} failure;

static failure failed;

static void failure_clear(void) {
    failed.is = false;
    region_reset(&words);
}

static sg_result fail_with(sg_failure_kind kind, uint32_t input, uint32_t row, const char *format, va_list arguments) {
    if (!failed.is) failed = (failure){true, kind, formatted(&words, format, arguments), input, row};
    return SG_FAILED;
}

#define FAIL_WITH(kind, input, row)                                                                                              \
    va_list arguments;                                                                                                           \
    va_start(arguments, format);                                                                                                 \
    fail_with(kind, input, row, format, arguments);                                                                              \
    va_end(arguments);                                                                                                           \
    return SG_FAILED

sg_result sg_fail(const char *format, ...) { FAIL_WITH(SG_FAILURE_INTERNAL, SG_NONE, SG_NONE); }
sg_result sg_fail_input(const char *format, ...) { FAIL_WITH(SG_FAILURE_INPUT, SG_NONE, SG_NONE); }
sg_result sg_fail_row(uint32_t row, const char *format, ...) { FAIL_WITH(SG_FAILURE_INPUT, SG_NONE, row); }
sg_result sg_fail_parameter(const char *format, ...) { FAIL_WITH(SG_FAILURE_PARAMETER, SG_NONE, SG_NONE); }
sg_result sg_fail_as(sg_failure_kind kind, uint32_t input, uint32_t row, const char *format, ...) { FAIL_WITH(kind, input, row); }

bool sg_failed(void) { return failed.is; }

#ifdef __wasm__
#define IMPORT(name) __attribute__((import_module("sandglass"), import_name(name)))
IMPORT("log") void sandglass_log(int32_t level, const char *bytes, size_t length);
#else
// Where the test helper listens.
static void (*log_listener)(sg_level level, sg_text message);
#endif

void sg_log(sg_level level, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    region own = {NULL};
    sg_text message = formatted(&own, format, arguments);
    va_end(arguments);
#ifdef __wasm__
    // What was printed before comes before.
    fflush(NULL);
    sandglass_log(level, message.bytes, message.length);
#else
    static const char *const names[] = {"debug", "info", "warn", "error"};
    fprintf(stderr, "%s: %.*s\n", names[level & 3], SG_PRINTABLE(message));
    if (log_listener != NULL) log_listener(level, message);
#endif
    region_free(&own);
}

// ---- Types -------------------------------------------------------------------------------------------------------------------

static const char *const kind_words[] = {
    "none",   "boolean",   "int8",     "int16",   "int32",   "int64",  "uint8",  "uint16",
    "uint32", "uint64",    "float32",  "float64", "decimal", "utf8",   "binary", "fixed-size-binary",
    "date32", "timestamp", "duration", "list",    "list",    "struct", "map",
};

static bool is_bytes(sg_kind kind) { return kind == SG_KIND_UTF8 || kind == SG_KIND_BINARY; }
static bool has_offsets(sg_kind kind) { return is_bytes(kind) || kind == SG_KIND_LIST || kind == SG_KIND_MAP; }
static bool is_nested(sg_kind kind) { return kind >= SG_KIND_LIST; }

// A type in the contract's words.
static const char *kind_name(const sg_type *type) {
    // Of what a failed look-up answered nothing more is known.
    if (is_nested(type->kind) && type->child_count == 0) return kind_words[type->kind];
    switch (type->kind) {
    case SG_KIND_DECIMAL128: return said("decimal128(%u, %d)", type->size, (int)type->scale);
    case SG_KIND_FIXED_SIZE_BINARY: return said("fixed-size-binary(%u)", type->size);
    case SG_KIND_LIST: return said("list of %s", kind_name(type->children));
    case SG_KIND_FIXED_SIZE_LIST: return said("list of %u %s", type->size, kind_name(type->children));
    case SG_KIND_MAP: return said("map of %s to %s", kind_name(type->children), kind_name(type->children + 1));
    case SG_KIND_STRUCT: {
        const char *fields = "";
        for (uint32_t at = 0; at < type->child_count; at++) {
            const sg_type *field = type->children + at;
            fields = said("%s%s%s: %s", fields, at == 0 ? "" : ", ", field->name, kind_name(field));
        }
        return said("struct {%s}", fields);
    }
    default: return kind_words[type->kind];
    }
}

// Bytes of one value; 0 for what has no fixed number of bytes, a boolean among it.
static uint32_t width_of(const sg_type *type) {
    switch (type->kind) {
    case SG_KIND_INT8:
    case SG_KIND_UINT8: return 1;
    case SG_KIND_INT16:
    case SG_KIND_UINT16: return 2;
    case SG_KIND_INT32:
    case SG_KIND_UINT32:
    case SG_KIND_FLOAT32:
    case SG_KIND_DATE32: return 4;
    case SG_KIND_INT64:
    case SG_KIND_UINT64:
    case SG_KIND_FLOAT64:
    case SG_KIND_TIMESTAMP:
    case SG_KIND_DURATION: return 8;
    case SG_KIND_DECIMAL128: return 16;
    case SG_KIND_FIXED_SIZE_BINARY: return type->size;
    default: return 0;
    }
}

// Whether arrays of both types have the same layout. Names inside of lists and maps do not matter, those of a struct's fields do.
static bool alike(const sg_type *left, const sg_type *right) {
    if (left == right) return true;
    if (left->kind != right->kind || left->size != right->size || left->scale != right->scale) return false;
    if (left->child_count != right->child_count) return false;
    for (uint32_t at = 0; at < left->child_count; at++) {
        const sg_type *one = left->children + at, *other = right->children + at;
        if (left->kind == SG_KIND_STRUCT && strcmp(one->name, other->name) != 0) return false;
        if (!alike(one, other)) return false;
    }
    return true;
}

static void count_parts(const sg_type *type, uint32_t *nodes, uint32_t *buffers) {
    *nodes += 1;
    *buffers += type->kind == SG_KIND_STRUCT || type->kind == SG_KIND_FIXED_SIZE_LIST ? 1 : is_bytes(type->kind) ? 3 : 2;
    for (uint32_t at = 0; at < type->child_count; at++) count_parts(type->children + at, nodes, buffers);
}

// The columns of an input or an output.
typedef struct columns {
    const sg_type *types;
    uint32_t count;
    uint32_t nodes;
    uint32_t buffers;
} columns;

// Names as messages list them.
static const char *names_of(const columns *of) {
    const char *names = of->count == 0 ? "none" : "";
    for (uint32_t at = 0; at < of->count; at++) names = said("%s%s`%s`", names, at == 0 ? "" : ", ", of->types[at].name);
    return names;
}

// Plans stay for good.
static region plans_memory;

static const sg_column_word *parse_type(const sg_column_word *at, sg_type *type);

// Types up to a word that ends them.
static const sg_column_word *parse_types(const sg_column_word *at, int32_t end, const sg_type **types, uint32_t *count) {
    sg_type *parsed = NULL;
    uint32_t capacity = 0;
    *count = 0;
    while (at->kind != end) {
        if (*count == capacity) {
            capacity = capacity == 0 ? 8 : 2 * capacity;
            sg_type *more = NEW_ARRAY(&plans_memory, capacity, sg_type);
            if (*count > 0) memcpy(more, parsed, *count * sizeof(sg_type));
            parsed = more;
        }
        at = parse_type(at, parsed + *count);
        if (at == NULL) return NULL;
        *count += 1;
    }
    *types = parsed;
    return at + 1;
}

static const sg_column_word *parse_type(const sg_column_word *at, sg_type *type) {
    bool nullable = at->kind == SG__NULLABLE;
    if (nullable) at += 1;
    if (at->kind < SG_KIND_BOOLEAN || at->kind > SG_KIND_MAP || at->name == NULL) {
        sg_fail("a column is missing, or has no name: make columns with macros such as `SG_INT64(\"name\")`");
        return NULL;
    }
    const char *name = at->name;
    if (!is_utf8(name, strlen(name))) {
        sg_fail("the name of column `%s` is not UTF-8", name);
        return NULL;
    }
    *type = (sg_type){name, (sg_kind)at->kind, nullable, at->size, at->scale, 0, NULL};
    if (type->kind == SG_KIND_DECIMAL128 && (type->size < 1 || type->size > 38 || type->scale < -128 || type->scale > 127)) {
        sg_fail("column `%s` is %s; a precision is 1 to 38, a scale -128 to 127", name, kind_name(type));
        return NULL;
    }
    at += 1;
    if (!is_nested(type->kind)) return at;
    if (type->kind == SG_KIND_STRUCT) return parse_types(at, SG__END_OF_STRUCT, &type->children, &type->child_count);
    uint32_t count = type->kind == SG_KIND_MAP ? 2 : 1;
    sg_type *children = NEW_ARRAY(&plans_memory, count, sg_type);
    type->children = children;
    type->child_count = count;
    for (uint32_t child = 0; child < count; child++) {
        at = parse_type(at, children + child);
        if (at == NULL) return NULL;
    }
    if (type->kind == SG_KIND_MAP) {
        children[0].name = "keys";
        children[0].nullable = false;
        children[1].name = "values";
    }
    return at;
}

static sg_result parse_columns(const sg_column_word *all, columns *parsed) {
    *parsed = (columns){NULL, 0, 0, 0};
    if (all == NULL) return sg_fail("columns are missing: name them with `SG_COLUMNS(…)`");
    if (parse_types(all, SG__END_OF_COLUMNS, &parsed->types, &parsed->count) == NULL) return SG_FAILED;
    for (uint32_t at = 0; at < parsed->count; at++) {
        const sg_type *type = parsed->types + at;
        for (uint32_t other = 0; other < at; other++)
            if (strcmp(type->name, parsed->types[other].name) == 0) return sg_fail("there are two columns `%s`", type->name);
        count_parts(type, &parsed->nodes, &parsed->buffers);
    }
    return SG_OK;
}

// ---- Transformations ---------------------------------------------------------------------------------------------------------

typedef struct plan_input {
    const char *name;
    columns columns;
    const uint32_t *keys;
    uint32_t key_count;
} plan_input;

// A transformation that has been looked through.
typedef struct plan {
    const sg_transformation *of;
    plan_input *inputs;
    uint32_t input_count;
    columns output;
    struct plan *next;
} plan;

static const char *const scope_words[] = {"aligned", "row", "keyed", "interval"};

static bool can_be_key(sg_kind kind) {
    return kind == SG_KIND_BOOLEAN || kind == SG_KIND_INT64 || kind == SG_KIND_DATE32 || kind == SG_KIND_TIMESTAMP ||
           kind == SG_KIND_UTF8;
}

static sg_result plan_keys(const sg_input *input, plan_input *planned) {
    uint32_t count = 0;
    while (input->keys != NULL && input->keys[count] != NULL) count += 1;
    uint32_t *keys = NEW_ARRAY(&plans_memory, count, uint32_t);
    for (uint32_t at = 0; at < count; at++) {
        const char *name = input->keys[at];
        uint32_t column = 0;
        while (column < planned->columns.count && strcmp(planned->columns.types[column].name, name) != 0) column += 1;
        if (column == planned->columns.count)
            return sg_fail("key `%s` is no column; there are %s", name, names_of(&planned->columns));
        const sg_type *type = planned->columns.types + column;
        if (!can_be_key(type->kind)) return sg_fail("column `%s` is %s, which cannot be a key", name, kind_name(type));
        keys[at] = column;
    }
    planned->keys = keys;
    planned->key_count = count;
    return SG_OK;
}

static sg_result plan_inputs(const sg_transformation *of, plan *made) {
    while (of->inputs != NULL && of->inputs[made->input_count].name != NULL) made->input_count += 1;
    bool is_keyed = of->scope == SG_KEYED;
    if (made->input_count == 0) return sg_fail("it has no inputs: name them with `SG_INPUTS(…)`");
    if ((of->scope == SG_ALIGNED || of->scope == SG_ROW) && made->input_count != 1)
        return sg_fail("the %s scope has one input, here are %u", scope_words[of->scope], made->input_count);
    made->inputs = NEW_ARRAY(&plans_memory, made->input_count, plan_input);
    for (uint32_t at = 0; at < made->input_count; at++) {
        const sg_input *input = of->inputs + at;
        plan_input *planned = made->inputs + at, *first = made->inputs;
        planned->name = input->name;
        if (parse_columns(input->columns, &planned->columns) != SG_OK || plan_keys(input, planned) != SG_OK) return SG_FAILED;
        if (is_keyed && planned->key_count == 0)
            return sg_fail("input `%s` has no keys: name them with `SG_KEYED_INPUT(…)`", input->name);
        if (!is_keyed && planned->key_count > 0)
            return sg_fail("input `%s` has keys, which the %s scope has not", input->name, scope_words[of->scope]);
        if (planned->key_count != first->key_count)
            return sg_fail("inputs `%s` and `%s` have keys of different lengths", first->name, input->name);
        for (uint32_t part = 0; part < planned->key_count; part++) {
            const sg_type *one = first->columns.types + first->keys[part];
            const sg_type *other = planned->columns.types + planned->keys[part];
            if (one->kind != other->kind)
                return sg_fail("key `%s` of input `%s` is %s, `%s` of `%s` is %s", one->name, first->name, kind_name(one),
                               other->name, input->name, kind_name(other));
        }
    }
    return SG_OK;
}

static sg_result plan_form(const sg_transformation *of) {
    int forms = (of->batch != NULL) + (of->key != NULL) + (of->interval != NULL) + (of->next != NULL);
    if (forms != 1 || (of->push == NULL) != (of->next == NULL))
        return sg_fail("it has to have one of `batch`, `key`, `interval`, or `push` with `next`");
    const char *form = of->batch != NULL ? "batch" : of->key != NULL ? "key" : "interval";
    bool fits = of->batch != NULL      ? of->scope == SG_ALIGNED || of->scope == SG_ROW
                : of->key != NULL      ? of->scope == SG_KEYED
                : of->interval != NULL ? of->scope == SG_INTERVAL
                                       : true;
    if (!fits) return sg_fail("`%s` is not called in the %s scope", form, scope_words[of->scope]);
    return SG_OK;
}

static sg_result plan_fill(const sg_transformation *of, plan *made) {
    if ((uint32_t)of->scope > SG_INTERVAL) return sg_fail("scope %d is none", (int)of->scope);
    if (plan_inputs(of, made) != SG_OK || parse_columns(of->output, &made->output) != SG_OK) return SG_FAILED;
    return plan_form(of);
}

// NULL after a failure.
static const plan *plan_of(const sg_transformation *of) {
    static plan *plans;
    for (plan *each = plans; each != NULL; each = each->next)
        if (each->of == of) return each;
    if (of->name == NULL) {
        sg_fail("a transformation has no name");
        return NULL;
    }
    plan *made = NEW(&plans_memory, plan);
    made->of = of;
    if (plan_fill(of, made) != SG_OK) {
        // Sooner words hold the message that is put into its own.
        failed.is = false;
        sg_fail("transformation `%s`: %s", of->name, failed.message.bytes);
        return NULL;
    }
    made->next = plans;
    plans = made;
    return made;
}

// ---- Bits --------------------------------------------------------------------------------------------------------------------

static size_t bytes_of_bits(size_t bits) { return (bits + 7) / 8; }

static bool bit_at(const uint8_t *bits, size_t place) { return (bits[place >> 3] >> (place & 7) & 1) != 0; }

static uint32_t ones(uint8_t byte) {
#if defined(__GNUC__) || defined(__clang__)
    return (uint32_t)__builtin_popcount(byte);
#else
    uint32_t count = 0;
    for (; byte != 0; byte &= (uint8_t)(byte - 1)) count += 1;
    return count;
#endif
}

// Zeroes among bits.
static uint32_t count_zeroes(const uint8_t *bits, uint32_t from, uint32_t count) {
    uint32_t set = 0, at = from, end = from + count;
    for (; at < end && (at & 7) != 0; at++) set += bit_at(bits, at);
    for (; at + 8 <= end; at += 8) set += ones(bits[at >> 3]);
    for (; at < end; at++) set += bit_at(bits, at);
    return count - set;
}

// Into bits that are zero.
static void copy_bits(uint8_t *to, uint32_t to_bit, const uint8_t *from, uint32_t from_bit, uint32_t count) {
    uint32_t done = 0;
    for (; done < count && ((to_bit + done) & 7) != 0; done++)
        to[(to_bit + done) >> 3] |= (uint8_t)(bit_at(from, from_bit + done) << ((to_bit + done) & 7));
    for (; done + 8 <= count; done += 8) {
        uint32_t place = from_bit + done, shift = place & 7;
        uint32_t two = from[place >> 3] | (shift == 0 ? 0u : (uint32_t)from[(place >> 3) + 1] << 8);
        to[(to_bit + done) >> 3] = (uint8_t)(two >> shift);
    }
    for (; done < count; done++) to[(to_bit + done) >> 3] |= (uint8_t)(bit_at(from, from_bit + done) << ((to_bit + done) & 7));
}

static void set_bits(uint8_t *to, uint32_t from, uint32_t count) {
    uint32_t at = from, end = from + count;
    for (; at < end && (at & 7) != 0; at++) to[at >> 3] |= (uint8_t)(1u << (at & 7));
    if (at + 8 <= end) memset(to + (at >> 3), 0xff, (end - at) / 8);
    for (at += (end - at) & ~7u; at < end; at++) to[at >> 3] |= (uint8_t)(1u << (at & 7));
}

// ---- Arrays ------------------------------------------------------------------------------------------------------------------

// What buffers of no bytes point to.
static const int64_t nothing[2];
static const int32_t no_offsets[2];
// What a failed look-up inside of something answers.
static const sg_type no_type = {"none", SG_KIND_BOOLEAN, true, 0, 0, 0, NULL};
static const sg_array no_array = {&no_type, 0, 0, NULL, 0, NULL, nothing, NULL};

// Zeroes that can be read like an array of that kind.
static const sg_array *harmless(sg_kind kind, uint32_t rows) {
    sg_type *type = NEW(&scratch, sg_type);
    *type = (sg_type){"none", kind, true, 0, 0, 0, NULL};
    sg_array *array = NEW(&scratch, sg_array);
    void *zeroes = region_zeroed(&scratch, ((size_t)rows + 1) * sizeof(sg_decimal128));
    const int32_t *offsets = has_offsets(kind) ? (const int32_t *)zeroes : NULL;
    *array = (sg_array){type, rows, 0, NULL, 0, offsets, zeroes, NULL};
    return array;
}

static const sg_array *column_in(const sg_batch *batch, const char *name) {
    for (uint32_t at = 0; at < batch->column_count; at++)
        if (strcmp(batch->columns[at].type->name, name) == 0) return batch->columns + at;
    return NULL;
}

static const char *names_in(const sg_batch *batch) {
    const char *names = batch->column_count == 0 ? "none" : "";
    for (uint32_t at = 0; at < batch->column_count; at++)
        names = said("%s%s`%s`", names, at == 0 ? "" : ", ", batch->columns[at].type->name);
    return names;
}

const sg_array *sg_column(const sg_batch *batch, const char *name) {
    const sg_array *found = column_in(batch, name);
    if (found != NULL) return found;
    sg_fail("no column `%s`; there are %s", name, names_in(batch));
    return harmless(SG_KIND_BOOLEAN, batch->rows);
}

const sg_array *sg_column_of(const sg_batch *batch, const char *name, sg_kind kind) {
    const sg_array *found = column_in(batch, name);
    if (found != NULL && found->type->kind == kind) return found;
    if (found == NULL) sg_fail("no column `%s`; there are %s", name, names_in(batch));
    else sg_fail("column `%s` is %s, not %s", name, kind_name(found->type), kind_words[kind]);
    return harmless(kind, batch->rows);
}

const sg_array *sg_child(const sg_array *array, uint32_t index) {
    if (index < array->type->child_count) return array->children + index;
    sg_fail("column `%s` is %s, which has no child %u", array->type->name, kind_name(array->type), index);
    return &no_array;
}

// Rows of an array, without a copy.
static void slice(region *memory, const sg_array *array, uint32_t from, uint32_t count, sg_array *into) {
    const sg_type *type = array->type;
    *into = *array;
    into->length = count;
    into->bit += from;
    if (array->validity != NULL) {
        into->nulls = count_zeroes(array->validity, into->bit, count);
        if (into->nulls == 0) into->validity = NULL;
    }
    if (has_offsets(type->kind)) {
        into->offsets += from;
        return;
    }
    into->values = (const char *)array->values + (size_t)from * width_of(type);
    if (type->child_count == 0) return;
    uint32_t size = type->kind == SG_KIND_FIXED_SIZE_LIST ? type->size : 1;
    sg_array *children = NEW_ARRAY(memory, type->child_count, sg_array);
    for (uint32_t at = 0; at < type->child_count; at++)
        slice(memory, array->children + at, from * size, count * size, children + at);
    into->children = children;
}

static void empty_array(region *memory, const sg_type *type, sg_array *into) {
    *into = (sg_array){type, 0, 0, NULL, 0, has_offsets(type->kind) ? no_offsets : NULL, nothing, NULL};
    if (type->child_count == 0) return;
    sg_array *children = NEW_ARRAY(memory, type->child_count, sg_array);
    for (uint32_t at = 0; at < type->child_count; at++) empty_array(memory, type->children + at, children + at);
    into->children = children;
}

static sg_batch *empty_batch(region *memory, const columns *of) {
    sg_array *arrays = NEW_ARRAY(memory, of->count, sg_array);
    for (uint32_t at = 0; at < of->count; at++) empty_array(memory, of->types + at, arrays + at);
    sg_batch *batch = NEW(memory, sg_batch);
    *batch = (sg_batch){0, of->count, arrays};
    return batch;
}

// ---- Batches of the host -----------------------------------------------------------------------------------------------------

typedef struct node {
    uint32_t length;
    uint32_t nulls;
} node;

typedef struct buffer {
    const void *bytes;
    size_t length;
} buffer;

// A batch as it crosses the boundary.
typedef struct parts {
    const node *nodes;
    size_t node_count;
    const buffer *buffers;
    size_t buffer_count;
} parts;

// A buffer of exactly so many bytes: with this, no array reaches beyond its memory.
static const void *exact(parts *from, uint64_t bytes, uint32_t count) {
    if (from->buffer_count == 0) {
        sg_fail("a buffer is missing");
        return NULL;
    }
    const buffer *next = from->buffers++;
    from->buffer_count -= 1;
    if (next->length == bytes) return bytes == 0 ? nothing : next->bytes;
    sg_fail("%zu bytes for %u values", next->length, count);
    return NULL;
}

static sg_result decode(region *memory, const sg_type *type, uint32_t length, parts *from, sg_array *into) {
    if (from->node_count == 0) return sg_fail("a node is missing");
    node described = *from->nodes++;
    from->node_count -= 1;
    if (described.length != length) return sg_fail("%u rows of %u", described.length, length);
    if (described.nulls > length) return sg_fail("%u nulls in %u rows", described.nulls, length);
    *into = (sg_array){type, length, described.nulls, NULL, 0, NULL, NULL, NULL};
    bool has_validity = from->buffer_count > 0 && from->buffers->length > 0;
    const uint8_t *validity = (const uint8_t *)exact(from, has_validity ? bytes_of_bits(length) : 0, length);
    if (validity == NULL && failed.is) return SG_FAILED;
    if (described.nulls > 0) {
        if (!has_validity) return sg_fail("%u nulls without a validity", described.nulls);
        into->validity = validity;
    }
    uint32_t items = length;
    if (has_offsets(type->kind)) {
        into->offsets = (const int32_t *)exact(from, ((uint64_t)length + 1) * 4, length);
        if (into->offsets == NULL) return SG_FAILED;
        if (into->offsets[0] != 0 || into->offsets[length] < 0) return sg_fail("offsets that do not start at zero, or end below");
        items = (uint32_t)into->offsets[length];
    }
    if (type->kind == SG_KIND_FIXED_SIZE_LIST) {
        if ((uint64_t)length * type->size > UINT32_MAX) return sg_fail("%u lists of %u", length, type->size);
        items = length * type->size;
    }
    if (!is_nested(type->kind)) {
        uint64_t bytes = is_bytes(type->kind)            ? items
                         : type->kind == SG_KIND_BOOLEAN ? bytes_of_bits(length)
                                                         : (uint64_t)length * width_of(type);
        into->values = exact(from, bytes, items);
        return failed.is ? SG_FAILED : SG_OK;
    }
    into->values = nothing;
    sg_array *children = NEW_ARRAY(memory, type->child_count, sg_array);
    into->children = children;
    for (uint32_t at = 0; at < type->child_count; at++)
        if (decode(memory, type->children + at, items, from, children + at) != SG_OK) return SG_FAILED;
    return SG_OK;
}

// The batch that the host handed in; NULL after a failure. Its buffers are the arrays'. That offsets rise, that text is UTF-8 and
// that as many rows are null as the nodes say, the host answers for.
static sg_batch *decode_batch(region *memory, const columns *schema, uint32_t rows, parts from) {
    sg_array *arrays = NEW_ARRAY(memory, schema->count, sg_array);
    for (uint32_t at = 0; at < schema->count; at++) {
        if (decode(memory, schema->types + at, rows, &from, arrays + at) == SG_OK) continue;
        failed.is = false;
        sg_fail("the host's column `%s`: %s", schema->types[at].name, failed.message.bytes);
        return NULL;
    }
    if (from.node_count > 0 || from.buffer_count > 0) {
        sg_fail("the host's batch has more than its schema asks");
        return NULL;
    }
    sg_batch *batch = NEW(memory, sg_batch);
    *batch = (sg_batch){rows, schema->count, arrays};
    return batch;
}

// ---- Batches for the host ----------------------------------------------------------------------------------------------------

typedef struct encoder {
    region *memory;
    node *nodes;
    buffer *buffers;
} encoder;

static void encode_buffer(encoder *to, const void *bytes, size_t length) { *to->buffers++ = (buffer){bytes, length}; }

// From bit 0 on, with zeroes behind; the bits themselves where they are so.
static void encode_bits(encoder *to, const uint8_t *bits, uint32_t from, uint32_t count) {
    size_t length = bytes_of_bits(count);
    const uint8_t *start = bits + from / 8;
    bool is_clean = (count & 7) == 0 || length == 0 || (from & 7) != 0 || start[length - 1] >> (count & 7) == 0;
    if ((from & 7) == 0 && is_clean) {
        encode_buffer(to, start, length);
        return;
    }
    uint8_t *copied = (uint8_t *)region_zeroed(to->memory, length);
    copy_bits(copied, 0, bits, from, count);
    encode_buffer(to, copied, length);
}

static void encode(encoder *to, const sg_type *contract, const sg_array *array) {
    // A column without nulls may have some where its struct is null: what is there is not looked at, but there it is.
    uint32_t nulls = contract->nullable ? array->nulls : 0;
    *to->nodes++ = (node){array->length, nulls};
    if (nulls > 0) encode_bits(to, array->validity, array->bit, array->length);
    else encode_buffer(to, nothing, 0);
    uint32_t first = 0, last = 0;
    if (has_offsets(contract->kind)) {
        const int32_t *offsets = array->offsets;
        first = (uint32_t)offsets[0];
        last = (uint32_t)offsets[array->length];
        if (first != 0) {
            int32_t *rebased = (int32_t *)region_alloc(to->memory, ((size_t)array->length + 1) * 4);
            for (uint32_t at = 0; at <= array->length; at++) rebased[at] = offsets[at] - offsets[0];
            offsets = rebased;
        }
        encode_buffer(to, offsets, ((size_t)array->length + 1) * 4);
    }
    if (is_bytes(contract->kind)) {
        encode_buffer(to, (const char *)array->values + first, last - first);
    } else if (contract->kind == SG_KIND_BOOLEAN) {
        encode_bits(to, (const uint8_t *)array->values, array->bit, array->length);
    } else if (!is_nested(contract->kind)) {
        encode_buffer(to, array->values, (size_t)array->length * width_of(contract));
    }
    for (uint32_t at = 0; at < contract->child_count; at++) {
        const sg_array *child = array->children + at;
        sg_array part;
        if (has_offsets(contract->kind) && (first != 0 || last != child->length)) {
            slice(to->memory, child, first, last - first, &part);
            child = &part;
        }
        encode(to, contract->children + at, child);
    }
}

// Whether a row of a child is null whose parent's row is not.
static bool has_null_below(const sg_array *parent, const sg_array *child) {
    if (child->nulls == 0) return false;
    bool is_struct = parent->type->kind == SG_KIND_STRUCT;
    for (uint32_t row = 0; row < parent->length; row++) {
        if (sg_is_null(parent, row)) continue;
        uint32_t end = is_struct ? row + 1 : sg_items_end(parent, row);
        for (uint32_t item = is_struct ? row : sg_items_begin(parent, row); item < end; item++)
            if (sg_is_null(child, item)) return true;
    }
    return false;
}

// The name of what has nulls inside of an array, where the contract says that it has none; NULL if there is none.
static const char *null_inside(const sg_type *contract, const sg_array *array) {
    for (uint32_t at = 0; at < contract->child_count; at++) {
        const sg_type *child = contract->children + at;
        if (!child->nullable && has_null_below(array, array->children + at)) return child->name;
        const char *deeper = null_inside(child, array->children + at);
        if (deeper != NULL) return deeper;
    }
    return NULL;
}

static sg_result conform(const sg_type *contract, const sg_array *array, uint32_t rows) {
    const char *name = contract->name;
    if (!alike(contract, array->type))
        return sg_fail("column `%s` is %s, the contract says %s", name, kind_name(array->type), kind_name(contract));
    if (array->length != rows) return sg_fail("column `%s` has %u rows, the first has %u", name, array->length, rows);
    if (!contract->nullable && array->nulls > 0)
        return sg_fail("column `%s` has %u nulls, the contract says that it has none", name, array->nulls);
    const char *inside = null_inside(contract, array);
    if (inside != NULL) return sg_fail("column `%s` has nulls in its `%s`, the contract says that it has none", name, inside);
    return SG_OK;
}

// ---- Builders ----------------------------------------------------------------------------------------------------------------

// `SG_CELL_NULL` where every cell needs some.
static sg_cell_kind takes_of(sg_kind kind) {
    switch (kind) {
    case SG_KIND_INT64:
    case SG_KIND_TIMESTAMP:
    case SG_KIND_DURATION: return SG_CELL_INT64;
    case SG_KIND_FLOAT64: return SG_CELL_FLOAT64;
    case SG_KIND_UTF8:
    case SG_KIND_BINARY: return SG_CELL_TEXT;
    default: return SG_CELL_NULL;
    }
}

static void builder_init(region *own, const sg_type *type, const char *column, sg_builder *builder) {
    *builder = (sg_builder){.type = type, .column = column, .takes = takes_of(type->kind), .width = width_of(type)};
    if (type->child_count == 0) return;
    builder->children = NEW_ARRAY(own, type->child_count, sg_builder);
    for (uint32_t at = 0; at < type->child_count; at++) builder_init(own, type->children + at, column, builder->children + at);
}

// Empty, with what it makes in this memory.
static void builder_start(sg_builder *builder, region *memory, uint32_t expected) {
    sg_builder *children = builder->children;
    *builder = (sg_builder){
        .type = builder->type,
        .column = builder->column,
        .memory = memory,
        .expected = expected,
        .takes = builder->takes,
        .width = builder->width,
        .children = children,
    };
    for (uint32_t at = 0; at < builder->type->child_count; at++) builder_start(children + at, memory, expected);
}

static void *moved(region *memory, const void *from, size_t bytes, size_t capacity, bool zeroed) {
    char *to = (char *)region_alloc(memory, capacity);
    if (bytes > 0) memcpy(to, from, bytes);
    if (zeroed) memset(to + bytes, 0, capacity - bytes);
    return to;
}

SELDOM static void builder_grow(sg_builder *builder, uint32_t rows) {
    if (rows < builder->length || builder->capacity > UINT32_MAX / 2) abort();
    uint32_t capacity = builder->capacity == 0 ? builder->expected : builder->capacity * 2;
    capacity = capacity < 16 ? 16 : capacity;
    capacity = capacity < rows ? rows : capacity;
    sg_kind kind = builder->type->kind;
    if (builder->validity != NULL)
        builder->validity =
            (uint8_t *)moved(builder->memory, builder->validity, bytes_of_bits(builder->length), bytes_of_bits(capacity), true);
    if (has_offsets(kind)) {
        size_t held = builder->offsets == NULL ? 0 : ((size_t)builder->length + 1) * 4;
        builder->offsets = (int32_t *)moved(builder->memory, builder->offsets, held, ((size_t)capacity + 1) * 4, false);
        if (held == 0) builder->offsets[0] = 0;
    } else if (kind == SG_KIND_BOOLEAN) {
        builder->values =
            (uint8_t *)moved(builder->memory, builder->values, bytes_of_bits(builder->length), bytes_of_bits(capacity), true);
    } else if (!is_nested(kind)) {
        size_t width = builder->width;
        builder->values = (uint8_t *)moved(builder->memory, builder->values, builder->length * width, capacity * width, false);
    }
    builder->capacity = capacity;
}

static inline void builder_reserve(sg_builder *builder, uint32_t more) {
    if (builder->capacity - builder->length < more) builder_grow(builder, builder->length + more);
}

// Rows so far become valid ones, if there were no nulls yet.
static void builder_need_validity(sg_builder *builder) {
    if (builder->validity != NULL) return;
    builder->validity = (uint8_t *)region_zeroed(builder->memory, bytes_of_bits(builder->capacity));
    set_bits(builder->validity, 0, builder->length);
}

SELDOM sg_result sg__grow_bytes(sg_builder *builder, size_t end) {
    if (end > INT32_MAX) return sg_fail("output: column `%s` has more than 2 GiB in one batch", builder->column);
    size_t first = (size_t)builder->capacity * 8, twice = builder->bytes_capacity * 2;
    size_t capacity = builder->bytes_capacity == 0 ? first : twice;
    capacity = capacity < end ? end : capacity;
    builder->values = (uint8_t *)moved(builder->memory, builder->values, builder->bytes, capacity, false);
    builder->bytes_capacity = capacity;
    return SG_OK;
}

// Where the children of a list end.
static uint32_t builder_end(const sg_builder *builder) {
    return is_bytes(builder->type->kind) ? (uint32_t)builder->bytes : builder->children[0].length;
}

// A null, or zeroes where there can be none: below a null there is something, too.
static void builder_nothing(sg_builder *builder) {
    const sg_type *type = builder->type;
    builder_reserve(builder, 1);
    if (type->nullable) {
        builder_need_validity(builder);
        builder->nulls += 1;
        builder->length += 1;
    } else {
        sg__valid(builder);
    }
    if (has_offsets(type->kind)) {
        builder->offsets[builder->length] = (int32_t)builder_end(builder);
        return;
    }
    uint32_t width = builder->width;
    if (width > 0) zeroed(builder->values + (size_t)(builder->length - 1) * width, width);
    uint32_t items = type->kind == SG_KIND_FIXED_SIZE_LIST ? type->size : 1;
    for (uint32_t at = 0; at < type->child_count; at++)
        for (uint32_t item = 0; item < items; item++) builder_nothing(builder->children + at);
}

sg_result sg_append_null(sg_builder *builder) {
    if (!builder->type->nullable) {
        if (strcmp(builder->column, builder->type->name) == 0)
            return sg_fail("output: column `%s` is null, the contract says that it never is", builder->column);
        return sg_fail("output: column `%s` has a null in its `%s`, the contract says that it never is", builder->column,
                       builder->type->name);
    }
    builder_nothing(builder);
    return SG_OK;
}

// Takes what it is given, after a failure.
static sg_builder *harmless_builder(void) {
    sg_builder *builder = NEW(&scratch, sg_builder);
    builder_init(&scratch, &no_type, "none", builder);
    builder_start(builder, &scratch, 0);
    return builder;
}

sg_builder *sg_builder_child(sg_builder *builder, uint32_t index) {
    if (index < builder->type->child_count) return builder->children + index;
    sg_fail("column `%s` is %s, which has no child %u", builder->column, kind_name(builder->type), index);
    return harmless_builder();
}

sg_result sg_append_nested(sg_builder *builder) {
    const sg_type *type = builder->type;
    if (!is_nested(type->kind))
        return sg_fail("output: column `%s` is %s, which nothing is inside of", builder->column, kind_name(type));
    uint32_t first = builder->children[0].length;
    uint64_t wanted = type->kind == SG_KIND_STRUCT            ? (uint64_t)builder->length + 1
                      : type->kind == SG_KIND_FIXED_SIZE_LIST ? ((uint64_t)builder->length + 1) * type->size
                                                              : first;
    for (uint32_t at = 0; at < type->child_count; at++) {
        uint32_t have = builder->children[at].length;
        if (have != wanted)
            return sg_fail("output: column `%s`: `%s` has %u values where %llu are needed", builder->column,
                           type->children[at].name, have, (unsigned long long)wanted);
    }
    if (first > INT32_MAX) return sg_fail("output: column `%s` has more than 2^31 items in one batch", builder->column);
    builder_reserve(builder, 1);
    sg__valid(builder);
    if (has_offsets(type->kind)) builder->offsets[builder->length] = (int32_t)first;
    return SG_OK;
}

// Rows of an array of the same layout. Below a null parent nulls are left out where there can be none.
static sg_result builder_rows(sg_builder *builder, const sg_array *array, uint32_t from, uint32_t count, bool below_null) {
    const sg_type *type = builder->type;
    uint32_t nulls = array->validity == NULL ? 0 : count_zeroes(array->validity, array->bit + from, count);
    if (nulls > 0 && !type->nullable && !below_null) return sg_append_null(builder);
    if (!type->nullable) nulls = 0;
    builder_reserve(builder, count);
    uint32_t length = builder->length;
    if (nulls > 0) {
        builder_need_validity(builder);
        copy_bits(builder->validity, length, array->validity, array->bit + from, count);
    } else if (builder->validity != NULL) {
        set_bits(builder->validity, length, count);
    }
    builder->nulls += nulls;
    uint32_t width = builder->width, first = from, items = count;
    if (width > 0) {
        sg__copy(builder->values + (size_t)length * width, (const char *)array->values + (size_t)from * width,
                 (size_t)count * width);
    } else if (type->kind == SG_KIND_BOOLEAN) {
        copy_bits(builder->values, length, (const uint8_t *)array->values, array->bit + from, count);
    } else if (has_offsets(type->kind)) {
        first = (uint32_t)array->offsets[from];
        items = (uint32_t)array->offsets[from + count] - first;
        uint64_t end = builder_end(builder);
        if (end + items > INT32_MAX) return sg_fail("output: column `%s` has more than 2^31 items in one batch", builder->column);
        int32_t moves = (int32_t)((int64_t)end - first);
        for (uint32_t at = 1; at <= count; at++) builder->offsets[length + at] = array->offsets[from + at] + moves;
        if (is_bytes(type->kind)) sg__append_bytes(builder, (const char *)array->values + first, items);
    } else if (type->kind == SG_KIND_FIXED_SIZE_LIST) {
        first = from * type->size;
        items = count * type->size;
    }
    builder->length += count;
    // What is wrong below a null is not, so where there are nulls both kinds of rows are let pass; outputs are checked anyhow.
    for (uint32_t at = 0; at < type->child_count; at++)
        if (builder_rows(builder->children + at, array->children + at, first, items, below_null || nulls > 0) != SG_OK)
            return SG_FAILED;
    return SG_OK;
}

// The bits of a whole number between both; false if the cell is none.
static bool whole(const sg_cell *cell, int64_t least, uint64_t most, uint64_t *bits) {
    if (cell->kind == SG_CELL_INT64) {
        int64_t value = cell->as.int64;
        *bits = (uint64_t)value;
        return value >= least && (value < 0 || (uint64_t)value <= most);
    }
    *bits = cell->as.uint64;
    return cell->kind == SG_CELL_UINT64 && cell->as.uint64 <= most;
}

static bool put_whole(uint8_t *place, size_t width, const sg_cell *cell, int64_t least, uint64_t most) {
    uint64_t bits;
    if (!whole(cell, least, most, &bits)) return false;
    memcpy(place, &bits, width);
    return true;
}

static const char *cell_words(const sg_cell *cell) {
    switch (cell->kind) {
    case SG_CELL_NULL: return "null";
    case SG_CELL_BOOLEAN: return cell->as.boolean ? "true" : "false";
    case SG_CELL_INT64: return said("%lld", (long long)cell->as.int64);
    case SG_CELL_UINT64: return said("%llu", (unsigned long long)cell->as.uint64);
    case SG_CELL_FLOAT32: return said("%.9g", (double)cell->as.float32);
    case SG_CELL_FLOAT64: return said("%.17g", cell->as.float64);
    case SG_CELL_DECIMAL128: return "a decimal";
    case SG_CELL_TEXT: return said("a text of %u bytes", cell->length);
    default: return kind_name(cell->as.array->type);
    }
}

// False where the value does not fit.
static bool put_value(sg_builder *builder, const sg_cell *cell) {
    sg_kind kind = builder->type->kind;
    uint8_t *place = builder->values + (size_t)builder->length * builder->width;
    switch (kind) {
    case SG_KIND_BOOLEAN: {
        uint64_t bit = cell->kind == SG_CELL_BOOLEAN && cell->as.boolean;
        if (cell->kind != SG_CELL_BOOLEAN && !whole(cell, 0, 1, &bit)) return false;
        builder->values[builder->length >> 3] |= (uint8_t)(bit << (builder->length & 7));
        return true;
    }
    case SG_KIND_INT8: return put_whole(place, 1, cell, INT8_MIN, INT8_MAX);
    case SG_KIND_INT16: return put_whole(place, 2, cell, INT16_MIN, INT16_MAX);
    case SG_KIND_INT32:
    case SG_KIND_DATE32: return put_whole(place, 4, cell, INT32_MIN, INT32_MAX);
    case SG_KIND_INT64:
    case SG_KIND_TIMESTAMP:
    case SG_KIND_DURATION: return put_whole(place, 8, cell, INT64_MIN, INT64_MAX);
    case SG_KIND_UINT8: return put_whole(place, 1, cell, 0, UINT8_MAX);
    case SG_KIND_UINT16: return put_whole(place, 2, cell, 0, UINT16_MAX);
    case SG_KIND_UINT32: return put_whole(place, 4, cell, 0, UINT32_MAX);
    case SG_KIND_UINT64: return put_whole(place, 8, cell, 0, UINT64_MAX);
    case SG_KIND_FLOAT32: {
        float value = cell->as.float32;
        if (cell->kind == SG_CELL_FLOAT64) {
            value = (float)cell->as.float64;
            if ((double)value != cell->as.float64 && cell->as.float64 == cell->as.float64) return false;
        } else if (cell->kind != SG_CELL_FLOAT32) {
            return false;
        }
        memcpy(place, &value, sizeof value);
        return true;
    }
    case SG_KIND_FLOAT64: {
        double value = cell->kind == SG_CELL_FLOAT32 ? (double)cell->as.float32 : cell->as.float64;
        if (cell->kind != SG_CELL_FLOAT32 && cell->kind != SG_CELL_FLOAT64) return false;
        memcpy(place, &value, sizeof value);
        return true;
    }
    case SG_KIND_DECIMAL128: {
        sg_decimal128 value = cell->as.decimal128;
        if (cell->kind != SG_CELL_DECIMAL128) {
            if (!whole(cell, INT64_MIN, UINT64_MAX, &value.low)) return false;
            value.high = cell->kind == SG_CELL_INT64 && cell->as.int64 < 0 ? -1 : 0;
        }
        memcpy(place, &value, sizeof value);
        return true;
    }
    case SG_KIND_FIXED_SIZE_BINARY:
        if (cell->kind != SG_CELL_TEXT || cell->length != builder->type->size) return false;
        if (cell->length > 0) memcpy(place, cell->as.text, cell->length);
        return true;
    case SG_KIND_UTF8:
    case SG_KIND_BINARY:
        if (cell->kind != SG_CELL_TEXT) return false;
        if (sg__append_bytes(builder, cell->as.text, cell->length) != SG_OK) return true;
        builder->offsets[builder->length + 1] = (int32_t)builder->bytes;
        return true;
    default: return false;
    }
}

SELDOM sg_result sg__append_any(sg_builder *builder, sg_cell cell) {
    if (cell.kind == SG_CELL_NULL) return sg_append_null(builder);
    if (cell.kind == SG_CELL_FROM) {
        const sg_array *array = cell.as.array;
        if (cell.length >= array->length)
            return sg_fail("row %u of column `%s`, which has %u", cell.length, array->type->name, array->length);
        if (alike(builder->type, array->type)) return builder_rows(builder, array, cell.length, 1, false);
    } else {
        builder_reserve(builder, 1);
        if (put_value(builder, &cell)) {
            sg__valid(builder);
            return failed.is ? SG_FAILED : SG_OK;
        }
    }
    return sg_fail("output: column `%s` is %s, which %s is not", builder->column, kind_name(builder->type), cell_words(&cell));
}

static void builder_finish(sg_builder *builder, sg_array *into) {
    const sg_type *type = builder->type;
    if (builder->offsets == NULL && has_offsets(type->kind)) builder->offsets = (int32_t *)region_zeroed(builder->memory, 4);
    const void *values = builder->values == NULL ? (const void *)nothing : builder->values;
    *into = (sg_array){type, builder->length,  builder->nulls, builder->nulls > 0 ? builder->validity : NULL,
                       0,    builder->offsets, values,         NULL};
    if (type->child_count == 0) return;
    sg_array *children = NEW_ARRAY(builder->memory, type->child_count, sg_array);
    for (uint32_t at = 0; at < type->child_count; at++) builder_finish(builder->children + at, children + at);
    into->children = children;
}

// One batch of several.
static sg_batch *concatenated(region *memory, const columns *schema, const sg_batch *const *batches, uint32_t count) {
    uint64_t rows = 0;
    for (uint32_t at = 0; at < count; at++) rows += batches[at]->rows;
    if (rows > UINT32_MAX) sg_fail("%llu rows in one batch", (unsigned long long)rows);
    if (rows == 0 || rows > UINT32_MAX) return empty_batch(memory, schema);
    sg_array *arrays = NEW_ARRAY(memory, schema->count, sg_array);
    for (uint32_t column = 0; column < schema->count; column++) {
        sg_builder builder;
        builder_init(memory, schema->types + column, schema->types[column].name, &builder);
        builder_start(&builder, memory, (uint32_t)rows);
        for (uint32_t at = 0; at < count; at++)
            builder_rows(&builder, batches[at]->columns + column, 0, batches[at]->rows, false);
        builder_finish(&builder, arrays + column);
    }
    if (failed.is) return empty_batch(memory, schema);
    sg_batch *batch = NEW(memory, sg_batch);
    *batch = (sg_batch){(uint32_t)rows, schema->count, arrays};
    return batch;
}

// ---- Rows that stay, rows that are taken -------------------------------------------------------------------------------------

// For each byte the places of its ones, rising, a byte each; what follows them is of no meaning.
// clang-format off
static const uint64_t places_of_ones[256] = {
    0x0, 0x0, 0x1, 0x100, 0x2, 0x200, 0x201, 0x20100, 0x3, 0x300, 0x301, 0x30100, 0x302, 0x30200, 0x30201, 0x3020100, 0x4,
    0x400, 0x401, 0x40100, 0x402, 0x40200, 0x40201, 0x4020100, 0x403, 0x40300, 0x40301, 0x4030100, 0x40302, 0x4030200,
    0x4030201, 0x403020100, 0x5, 0x500, 0x501, 0x50100, 0x502, 0x50200, 0x50201, 0x5020100, 0x503, 0x50300, 0x50301, 0x5030100,
    0x50302, 0x5030200, 0x5030201, 0x503020100, 0x504, 0x50400, 0x50401, 0x5040100, 0x50402, 0x5040200, 0x5040201, 0x504020100,
    0x50403, 0x5040300, 0x5040301, 0x504030100, 0x5040302, 0x504030200, 0x504030201, 0x50403020100, 0x6, 0x600, 0x601, 0x60100,
    0x602, 0x60200, 0x60201, 0x6020100, 0x603, 0x60300, 0x60301, 0x6030100, 0x60302, 0x6030200, 0x6030201, 0x603020100, 0x604,
    0x60400, 0x60401, 0x6040100, 0x60402, 0x6040200, 0x6040201, 0x604020100, 0x60403, 0x6040300, 0x6040301, 0x604030100,
    0x6040302, 0x604030200, 0x604030201, 0x60403020100, 0x605, 0x60500, 0x60501, 0x6050100, 0x60502, 0x6050200, 0x6050201,
    0x605020100, 0x60503, 0x6050300, 0x6050301, 0x605030100, 0x6050302, 0x605030200, 0x605030201, 0x60503020100, 0x60504,
    0x6050400, 0x6050401, 0x605040100, 0x6050402, 0x605040200, 0x605040201, 0x60504020100, 0x6050403, 0x605040300, 0x605040301,
    0x60504030100, 0x605040302, 0x60504030200, 0x60504030201, 0x6050403020100, 0x7, 0x700, 0x701, 0x70100, 0x702, 0x70200,
    0x70201, 0x7020100, 0x703, 0x70300, 0x70301, 0x7030100, 0x70302, 0x7030200, 0x7030201, 0x703020100, 0x704, 0x70400,
    0x70401, 0x7040100, 0x70402, 0x7040200, 0x7040201, 0x704020100, 0x70403, 0x7040300, 0x7040301, 0x704030100, 0x7040302,
    0x704030200, 0x704030201, 0x70403020100, 0x705, 0x70500, 0x70501, 0x7050100, 0x70502, 0x7050200, 0x7050201, 0x705020100,
    0x70503, 0x7050300, 0x7050301, 0x705030100, 0x7050302, 0x705030200, 0x705030201, 0x70503020100, 0x70504, 0x7050400,
    0x7050401, 0x705040100, 0x7050402, 0x705040200, 0x705040201, 0x70504020100, 0x7050403, 0x705040300, 0x705040301,
    0x70504030100, 0x705040302, 0x70504030200, 0x70504030201, 0x7050403020100, 0x706, 0x70600, 0x70601, 0x7060100, 0x70602,
    0x7060200, 0x7060201, 0x706020100, 0x70603, 0x7060300, 0x7060301, 0x706030100, 0x7060302, 0x706030200, 0x706030201,
    0x70603020100, 0x70604, 0x7060400, 0x7060401, 0x706040100, 0x7060402, 0x706040200, 0x706040201, 0x70604020100, 0x7060403,
    0x706040300, 0x706040301, 0x70604030100, 0x706040302, 0x70604030200, 0x70604030201, 0x7060403020100, 0x70605, 0x7060500,
    0x7060501, 0x706050100, 0x7060502, 0x706050200, 0x706050201, 0x70605020100, 0x7060503, 0x706050300, 0x706050301,
    0x70605030100, 0x706050302, 0x70605030200, 0x70605030201, 0x7060503020100, 0x7060504, 0x706050400, 0x706050401,
    0x70605040100, 0x706050402, 0x70605040200, 0x70605040201, 0x7060504020100, 0x706050403, 0x70605040300, 0x70605040301,
    0x7060504030100, 0x70605040302, 0x7060504030200, 0x7060504030201, 0x706050403020100,
};
// clang-format on

// A bit for each of eight bytes: set where it is not zero.
static inline uint32_t bits_of_bytes(const uint8_t *bytes) {
#ifdef __wasm_simd128__
    return wasm_i8x16_bitmask(wasm_i8x16_ne(wasm_v128_load64_zero(bytes), wasm_i8x16_const_splat(0)));
#else
    uint64_t eight;
    memcpy(&eight, bytes, 8);
    uint64_t low = eight & 0x7f7f7f7f7f7f7f7f;
    uint64_t set = ((low + 0x7f7f7f7f7f7f7f7f) | eight) >> 7 & 0x0101010101010101;
    return (uint32_t)(set * 0x0102040810204080 >> 56);
#endif
}

// Eight places are written, whatever they mean, so `rows` has room for eight more than there are.
static inline void write_places(uint32_t *rows, uint32_t first, uint32_t bits) {
#ifdef __wasm_simd128__
    v128_t places = wasm_u16x8_extend_low_u8x16(wasm_v128_load64_zero(places_of_ones + bits));
    v128_t base = wasm_i32x4_splat((int32_t)first);
    wasm_v128_store(rows, wasm_i32x4_add(wasm_u32x4_extend_low_u16x8(places), base));
    wasm_v128_store(rows + 4, wasm_i32x4_add(wasm_u32x4_extend_high_u16x8(places), base));
#else
    uint64_t places = places_of_ones[bits];
    for (uint32_t place = 0; place < 8; place++) rows[place] = first + (uint32_t)(places >> 8 * place & 0xff);
#endif
}

// With no branch on the answers.
static uint32_t rows_where(const uint8_t *mask, uint32_t count, uint32_t *rows) {
    uint32_t kept = 0, row = 0;
    for (; row + 8 <= count; row += 8) {
        uint32_t bits = bits_of_bytes(mask + row);
        write_places(rows + kept, row, bits);
        kept += ones((uint8_t)bits);
    }
    for (; row < count; row++) {
        rows[kept] = row;
        kept += mask[row] != 0;
    }
    return kept;
}

// Values of a fixed width. `to` may be `from` if the rows rise strictly. Eight side by side: a guest's deadline is looked at once
// in each round.
typedef uint8_t value_1;
typedef uint16_t value_2;
typedef uint32_t value_4;
typedef uint64_t value_8;
typedef sg_decimal128 value_16;
#define MOVE(width, place)                                                                                                       \
    {                                                                                                                            \
        value_##width value;                                                                                                     \
        memcpy(&value, from + (size_t)rows[place] * width, width);                                                               \
        memcpy(to + (place) * width, &value, width);                                                                             \
    }
#define GATHER(width)                                                                                                            \
    static void gather_##width(uint8_t *to, const uint8_t *from, const uint32_t *rows, uint32_t count) {                         \
        for (; count >= 8; count -= 8, rows += 8, to += 8 * width) {                                                             \
            MOVE(width, 0)                                                                                                       \
            MOVE(width, 1)                                                                                                       \
            MOVE(width, 2)                                                                                                       \
            MOVE(width, 3)                                                                                                       \
            MOVE(width, 4)                                                                                                       \
            MOVE(width, 5)                                                                                                       \
            MOVE(width, 6)                                                                                                       \
            MOVE(width, 7)                                                                                                       \
        }                                                                                                                        \
        for (; count > 0; count--, rows++, to += width) MOVE(width, 0)                                                           \
    }
GATHER(1)
GATHER(2)
GATHER(4)
GATHER(8)
GATHER(16)

static void gather_values(uint8_t *to, const uint8_t *from, uint32_t width, const uint32_t *rows, uint32_t count) {
    switch (width) {
    case 1: gather_1(to, from, rows, count); return;
    case 2: gather_2(to, from, rows, count); return;
    case 4: gather_4(to, from, rows, count); return;
    case 8: gather_8(to, from, rows, count); return;
    case 16: gather_16(to, from, rows, count); return;
    default:
        for (uint32_t at = 0; at < count; at++) memmove(to + (size_t)at * width, from + (size_t)rows[at] * width, width);
    }
}

static uint8_t *gather_bits(region *memory, const uint8_t *bits, uint32_t from, const uint32_t *rows, uint32_t count) {
    uint8_t *to = (uint8_t *)region_alloc(memory, bytes_of_bits(count));
    for (uint32_t at = 0; at < count; at += 8) {
        uint32_t byte = 0, end = count - at < 8 ? count - at : 8;
        for (uint32_t place = 0; place < end; place++) byte |= (uint32_t)bit_at(bits, from + rows[at + place]) << place;
        to[at >> 3] = (uint8_t)byte;
    }
    return to;
}

// Texts in steps of 16 bytes, which for short ones is faster than a call for each.
static sg_result gather_bytes(region *memory, const sg_array *array, const uint32_t *rows, uint32_t count, sg_array *into) {
    const int32_t *offsets = array->offsets;
    int32_t *ends = (int32_t *)region_alloc(memory, ((size_t)count + 1) * 4);
    uint64_t end = 0;
    ends[0] = 0;
    for (uint32_t at = 0; at < count; at++) {
        end += (uint32_t)(offsets[rows[at] + 1] - offsets[rows[at]]);
        ends[at + 1] = (int32_t)end;
    }
    if (end > INT32_MAX) return sg_fail("column `%s` has more than 2 GiB in one batch", array->type->name);
    const char *from = (const char *)array->values;
    size_t there = array->length == 0 ? 0 : (size_t)offsets[array->length];
    char *to = (char *)region_alloc(memory, (size_t)end + 16);
    for (uint32_t at = 0; at < count; at++) {
        size_t start = (size_t)offsets[rows[at]], length = (size_t)(ends[at + 1] - ends[at]);
        char *place = to + ends[at];
        if (start + length + 16 <= there) {
            for (size_t done = 0; done < length; done += 16) memcpy(place + done, from + start + done, 16);
        } else if (length > 0) {
            memcpy(place, from + start, length);
        }
    }
    into->offsets = ends;
    into->values = to;
    return SG_OK;
}

static void take_nested(region *memory, const sg_array *array, const uint32_t *rows, uint32_t count, sg_array *into) {
    sg_builder builder;
    builder_init(memory, array->type, array->type->name, &builder);
    builder_start(&builder, memory, count);
    for (uint32_t at = 0; at < count;) {
        uint32_t run = 1;
        while (at + run < count && rows[at + run] == rows[at] + run) run += 1;
        if (builder_rows(&builder, array, rows[at], run, false) != SG_OK) break;
        at += run;
    }
    builder_finish(&builder, into);
}

// Rows of an array, each below its length; in its own memory if that may be overwritten, for which they have to rise strictly.
static void take_rows(region *memory, const sg_array *array, const uint32_t *rows, uint32_t count, bool in_place,
                      sg_array *into) {
    const sg_type *type = array->type;
    if (is_nested(type->kind)) {
        take_nested(memory, array, rows, count, into);
        return;
    }
    *into = (sg_array){type, count, 0, NULL, 0, NULL, NULL, NULL};
    if (array->validity != NULL) {
        into->validity = gather_bits(memory, array->validity, array->bit, rows, count);
        into->nulls = count_zeroes(into->validity, 0, count);
        if (into->nulls == 0) into->validity = NULL;
    }
    if (is_bytes(type->kind)) {
        if (gather_bytes(memory, array, rows, count, into) != SG_OK) empty_array(memory, type, into);
    } else if (type->kind == SG_KIND_BOOLEAN) {
        into->values = gather_bits(memory, (const uint8_t *)array->values, array->bit, rows, count);
    } else {
        uint32_t width = width_of(type);
        uint8_t *to = in_place ? (uint8_t *)(uintptr_t)array->values : (uint8_t *)region_alloc(memory, (size_t)count * width);
        gather_values(to, (const uint8_t *)array->values, width, rows, count);
        into->values = to;
    }
}

static bool rows_within(const uint32_t *rows, uint32_t count, uint32_t length) {
    uint32_t most = 0;
    for (uint32_t at = 0; at < count; at++) most = rows[at] > most ? rows[at] : most;
    if (count == 0 || most < length) return true;
    sg_fail("row %u of a batch of %u", most, length);
    return false;
}

uint8_t *sg_mask(const sg_batch *batch) { return (uint8_t *)region_zeroed(&scratch, (size_t)batch->rows + 1); }

void sg_mask_valid(uint8_t *mask, const sg_array *column) {
    if (column->validity == NULL) return;
    uint32_t row = 0;
    if ((column->bit & 7) == 0) {
        const uint8_t *bytes = column->validity + column->bit / 8;
        for (; row + 8 <= column->length; row += 8) {
            uint64_t byte = bytes[row >> 3], eight;
            // Each byte of `spread` has its own bit of the eight; those that are not zero become ones all over.
            uint64_t spread = (byte * 0x0101010101010101) & 0x8040201008040201;
            uint64_t set = (((spread & 0x7f7f7f7f7f7f7f7f) + 0x7f7f7f7f7f7f7f7f) | spread) >> 7 & 0x0101010101010101;
            memcpy(&eight, mask + row, 8);
            eight &= set * 0xff;
            memcpy(mask + row, &eight, 8);
        }
    }
    for (; row < column->length; row++) mask[row] = sg_is_null(column, row) ? 0 : mask[row];
}

// ---- Runs --------------------------------------------------------------------------------------------------------------------

typedef struct sg__rejection {
    uint32_t row;
    buffer message;
} rejection;

// Rows as the contract has them, on their way to the host.
typedef struct sg__ready {
    struct sg__ready *next;
    uint32_t rows;
    const node *nodes;
    const buffer *buffers;
    bool has_sources;
    const uint32_t *sources;
    const rejection *rejected;
    uint32_t rejected_count;
} ready;

// The batches of an input that wait.
typedef struct lane {
    const sg_batch **batches;
    uint32_t count;
    uint32_t capacity;
} lane;

typedef struct sg__run {
    const plan *plan;
    sg_context context;
    // What stays as long as the run; what came in; what goes out.
    region own;
    region in;
    region work;
    lane *lanes;
    // Rows of no key.
    sg_batch **none;
    // The batch last pushed, its rows and the rows that came out since then; none after the other calls.
    const sg_batch *batch;
    uint32_t rows_in;
    uint32_t rows_out;
    bool holds;
    sg_output out;
    ready *first_ready;
    ready *last_ready;
} run;

static bool keeps_batches(const run *of) { return of->plan->of->key != NULL || of->plan->of->interval != NULL; }
static sg_scope scope_of(const sg_output *out) { return out->run->plan->of->scope; }
static bool wants_sources(const run *of) { return of->context.lineage && of->plan->of->scope == SG_ROW; }
// In the aligned scope they are the rows themselves.
static bool counts_sources(const run *of) { return of->context.lineage && of->plan->of->scope == SG_ALIGNED; }

// ---- Outputs -----------------------------------------------------------------------------------------------------------------

static void output_init(run *of) {
    const columns *schema = &of->plan->output;
    of->out.run = of;
    of->out.column_count = schema->count;
    of->out.adds = of->plan->of->scope != SG_ROW;
    of->out.wants_sources = wants_sources(of);
    of->out.put = NEW_ARRAY(&of->own, schema->count, const sg_array *);
    of->out.builders = NEW_ARRAY(&of->own, schema->count, sg_builder);
    for (uint32_t at = 0; at < schema->count; at++)
        builder_init(&of->own, schema->types + at, schema->types[at].name, of->out.builders + at);
}

// Nothing given, for the next call of the author's function.
static void output_clear(sg_output *out) {
    if (out->has_put) memset(out->put, 0, out->run->plan->output.count * sizeof *out->put);
    *out = (sg_output){
        .run = out->run,
        .column_count = out->column_count,
        .adds = out->adds,
        .wants_sources = out->wants_sources,
        .put = out->put,
        .builders = out->builders,
    };
}

static void output_start(sg_output *out, uint32_t expected) {
    const columns *schema = &out->run->plan->output;
    for (uint32_t at = 0; at < schema->count; at++) builder_start(out->builders + at, &out->run->work, expected);
    out->is_started = true;
}

SELDOM static void output_start_once(sg_output *out) {
    if (out->is_started) return;
    uint32_t expected = keeps_batches(out->run) ? 64 : out->run->rows_in;
    output_start(out, expected > OUTPUT_ROWS ? OUTPUT_ROWS : expected);
}

static uint32_t output_column(const sg_output *out, const char *name) {
    const columns *schema = &out->run->plan->output;
    for (uint32_t at = 0; at < schema->count; at++)
        if (strcmp(schema->types[at].name, name) == 0) return at;
    sg_fail("output: no column `%s`; there are %s", name, names_of(schema));
    return SG_NONE;
}

sg_builder *sg_builder_of(sg_output *out, const char *column) {
    output_start_once(out);
    out->is_building = true;
    uint32_t at = output_column(out, column);
    if (at != SG_NONE) return out->builders + at;
    return harmless_builder();
}

// An array that the output may hold on to.
static sg_result put_array(sg_output *out, const char *name, const sg_array *array) {
    uint32_t at = output_column(out, name);
    if (at == SG_NONE) return SG_FAILED;
    if (scope_of(out) == SG_KEYED && out->run->plan->of->key != NULL)
        return sg_fail("output: column `%s`: rows of a key are added with `sg_add`, or with builders and `sg_end_row`", name);
    out->put[at] = array;
    out->has_put = true;
    return SG_OK;
}

sg_result sg_put(sg_output *out, const char *name, const sg_array *array) { return put_array(out, name, array); }

static const sg_array *column_by_name(const sg_type *type, const sg_batch *batch) {
    const sg_array *found = column_in(batch, type->name);
    if (found == NULL) sg_fail("output: column `%s` is missing; there are %s", type->name, names_in(batch));
    return found;
}

sg_result sg_put_batch(sg_output *out, const sg_batch *batch) {
    const columns *schema = &out->run->plan->output;
    for (uint32_t at = 0; at < schema->count; at++) {
        const sg_array *found = column_by_name(schema->types + at, batch);
        if (found == NULL || put_array(out, schema->types[at].name, found) != SG_OK) return SG_FAILED;
    }
    return SG_OK;
}

// A column of the output that is null where `nulls` is; NULL after a failure.
static sg_array *new_column(sg_output *out, const char *name, uint32_t rows, const sg_array *nulls) {
    uint32_t at = output_column(out, name);
    if (at == SG_NONE) return NULL;
    if (nulls != NULL && nulls->length != rows) {
        sg_fail("output: column `%s` has %u rows, and nulls of %u", name, rows, nulls->length);
        return NULL;
    }
    sg_array *made = NEW(&out->run->work, sg_array);
    *made = (sg_array){out->run->plan->output.types + at, rows, 0, NULL, 0, NULL, NULL, NULL};
    if (nulls != NULL && nulls->nulls > 0) {
        uint8_t *validity = (uint8_t *)region_zeroed(&out->run->work, bytes_of_bits(rows));
        copy_bits(validity, 0, nulls->validity, nulls->bit, rows);
        made->nulls = nulls->nulls;
        made->validity = validity;
    }
    return put_array(out, name, made) == SG_OK ? made : NULL;
}

void *sg_values_out(sg_output *out, const char *name, sg_kind kind, uint32_t rows, const sg_array *nulls) {
    sg_array *made = new_column(out, name, rows, nulls);
    if (made != NULL && made->type->kind != kind) {
        sg_fail("output: column `%s` is %s, the contract says %s", name, kind_words[kind], kind_name(made->type));
        made = NULL;
    }
    if (made == NULL) return region_zeroed(&scratch, ((size_t)rows + 1) * sizeof(sg_decimal128));
    void *values = region_zeroed(&out->run->work, (size_t)rows * width_of(made->type));
    made->values = values;
    return values;
}

sg_result sg_put_booleans(sg_output *out, const char *name, const uint8_t *bytes, uint32_t rows, const sg_array *nulls) {
    sg_array *made = new_column(out, name, rows, nulls);
    if (made == NULL) return SG_FAILED;
    if (made->type->kind != SG_KIND_BOOLEAN)
        return sg_fail("output: column `%s` is boolean, the contract says %s", name, kind_name(made->type));
    uint8_t *bits = (uint8_t *)region_zeroed(&out->run->work, bytes_of_bits(rows));
    uint32_t row = 0;
    for (; row + 8 <= rows; row += 8) bits[row >> 3] = (uint8_t)bits_of_bytes(bytes + row);
    for (; row < rows; row++) bits[row >> 3] |= (uint8_t)((bytes[row] != 0) << (row & 7));
    made->values = bits;
    return SG_OK;
}

const uint32_t *sg_rows_where(const uint8_t *mask, uint32_t rows, uint32_t *count) {
    uint32_t *kept = (uint32_t *)region_alloc(&scratch, ((size_t)rows + 8) * 4);
    *count = rows_where(mask, rows, kept);
    return kept;
}

sg_result sg_filter(sg_output *out, const sg_batch *batch, const uint8_t *mask) {
    if (scope_of(out) != SG_ROW) return sg_fail("`sg_filter` is for the row scope");
    uint32_t *kept = (uint32_t *)region_alloc(&out->run->work, ((size_t)batch->rows + 8) * 4);
    out->kept_count = rows_where(mask, batch->rows, kept);
    out->kept = kept;
    out->kept_of = batch;
    return SG_OK;
}

sg_result sg_source_rows(sg_output *out, const uint32_t *rows, uint32_t count) {
    uint32_t *copied = NEW_ARRAY(&out->run->work, count, uint32_t);
    if (count > 0) memcpy(copied, rows, (size_t)count * 4);
    out->given_sources = copied;
    out->given_count = count;
    out->has_sources = true;
    return SG_OK;
}

sg_result sg_take(sg_output *out, const sg_batch *batch, const uint32_t *rows, uint32_t count) {
    const columns *schema = &out->run->plan->output;
    if (!rows_within(rows, count, batch->rows)) return SG_FAILED;
    sg_array *taken = NEW_ARRAY(&out->run->work, schema->count, sg_array);
    for (uint32_t at = 0; at < schema->count; at++) {
        const sg_array *found = column_by_name(schema->types + at, batch);
        if (found == NULL) return SG_FAILED;
        take_rows(&out->run->work, found, rows, count, false, taken + at);
        if (put_array(out, schema->types[at].name, taken + at) != SG_OK) return SG_FAILED;
    }
    return wants_sources(out->run) ? sg_source_rows(out, rows, count) : SG_OK;
}

sg_result sg_reject(sg_output *out, uint32_t row, const char *format, ...) {
    if (scope_of(out) != SG_ROW) return sg_fail("only the row scope can reject rows: leave them out, or fail with `sg_fail_row`");
    if (row >= out->run->rows_in) return sg_fail("rejected row %u of a batch of %u", row, out->run->rows_in);
    va_list arguments;
    va_start(arguments, format);
    sg_text reason = formatted(&out->run->work, format, arguments);
    va_end(arguments);
    if (out->rejected_count == out->rejected_capacity) {
        uint32_t capacity = out->rejected_capacity == 0 ? 16 : out->rejected_capacity * 2;
        out->rejected = (rejection *)moved(&out->run->work, out->rejected, out->rejected_count * sizeof(rejection),
                                           capacity * sizeof(rejection), false);
        out->rejected_capacity = capacity;
    }
    // Rising, as they mostly come.
    uint32_t at = out->rejected_count++;
    for (; at > 0 && out->rejected[at - 1].row > row; at--) out->rejected[at] = out->rejected[at - 1];
    out->rejected[at] = (rejection){row, {reason.bytes, reason.length}};
    return SG_OK;
}

static ready *make_ready(sg_output *out, const sg_array *arrays, uint32_t rows, const uint32_t *sources) {
    run *of = out->run;
    const columns *schema = &of->plan->output;
    node *nodes = NEW_ARRAY(&of->work, schema->nodes, node);
    buffer *buffers = NEW_ARRAY(&of->work, schema->buffers, buffer);
    encoder to = {&of->work, nodes, buffers};
    for (uint32_t at = 0; at < schema->count; at++) encode(&to, schema->types + at, arrays + at);
    if (counts_sources(of)) {
        uint32_t *counted = NEW_ARRAY(&of->work, rows, uint32_t);
        for (uint32_t row = 0; row < rows; row++) counted[row] = of->rows_out + row;
        sources = counted;
    }
    ready *made = NEW(&of->work, ready);
    *made = (ready){NULL, rows, nodes, buffers, wants_sources(of) || counts_sources(of), sources, NULL, 0};
    if (of->last_ready == NULL) of->first_ready = made;
    else of->last_ready->next = made;
    of->last_ready = made;
    of->rows_out += rows;
    out->last = made;
    return made;
}

// Columns of one length, in parts.
static void make_all_ready(sg_output *out, const sg_array *arrays, uint32_t rows, const uint32_t *sources) {
    run *of = out->run;
    uint32_t count = of->plan->output.count;
    if (rows <= OUTPUT_ROWS) {
        if (rows > 0) make_ready(out, arrays, rows, sources);
        return;
    }
    sg_array *part = NEW_ARRAY(&of->work, count, sg_array);
    for (uint32_t from = 0; from < rows; from += OUTPUT_ROWS) {
        uint32_t length = rows - from < OUTPUT_ROWS ? rows - from : OUTPUT_ROWS;
        for (uint32_t at = 0; at < count; at++) slice(&of->work, arrays + at, from, length, part + at);
        make_ready(out, part, length, sources == NULL ? NULL : sources + from);
    }
}

static sg_result conform_in_output(const sg_type *contract, const sg_array *array, uint32_t rows) {
    if (conform(contract, array, rows) == SG_OK) return SG_OK;
    failed.is = false;
    return sg_fail("output: %s", failed.message.bytes);
}

// ---- Rows that are emitted ---------------------------------------------------------------------------------------------------

SELDOM sg_result sg__flush(sg_output *out) {
    run *of = out->run;
    const columns *schema = &of->plan->output;
    sg_array *arrays = NEW_ARRAY(&of->work, schema->count, sg_array);
    for (uint32_t at = 0; at < schema->count; at++) {
        builder_finish(out->builders + at, arrays + at);
        if (conform_in_output(schema->types + at, arrays + at, out->rows) != SG_OK) return SG_FAILED;
    }
    if (out->rows > 0) make_ready(out, arrays, out->rows, out->sources);
    out->rows = 0;
    out->sources = NULL;
    out->sources_capacity = 0;
    output_start(out, OUTPUT_ROWS);
    return SG_OK;
}

static sg_result misplaced(const sg_output *out, uint32_t source) {
    if (out->adds) return sg_fail("`sg_emit` is for the row scope; `sg_add` adds rows in the others");
    if (source >= out->sources_below) return sg_fail("row %u of a batch of %u", source, out->sources_below);
    return sg_fail("source row %u after %u", source, out->last_source);
}

static bool is_source(const sg_output *out, uint32_t source) { return source < out->sources_below && source >= out->last_source; }

SELDOM void sg__grow_sources(sg_output *out) {
    uint32_t capacity = out->rows == 0 ? out->builders[0].capacity : 2 * out->rows;
    out->sources = (uint32_t *)moved(&out->run->work, out->sources, (size_t)out->rows * 4, (size_t)capacity * 4, false);
    out->sources_capacity = capacity;
}

// The first row, or one that cannot be.
SELDOM sg_result sg__begin_row(sg_output *out, bool has_source, uint32_t source, uint32_t count) {
    const columns *schema = &out->run->plan->output;
    if (!has_source && !out->adds) return sg_fail("`sg_add` says no source row; in the row scope `sg_emit` does");
    if (has_source && !is_source(out, source)) return misplaced(out, source);
    if (count != schema->count)
        return sg_fail("a row of %u cells, the output has %u columns: %s", count, schema->count, names_of(schema));
    output_start_once(out);
    out->is_emitting = true;
    return SG_OK;
}

sg_result sg_end_row(sg_output *out, uint32_t source) {
    const columns *schema = &out->run->plan->output;
    if (!out->adds && !is_source(out, source)) return misplaced(out, source);
    output_start_once(out);
    for (uint32_t at = 0; at < schema->count; at++) {
        uint32_t have = out->builders[at].length;
        if (have != out->rows + 1)
            return sg_fail("output: column `%s` has %u values at the end of row %u", schema->types[at].name, have, out->rows);
    }
    out->is_emitting = true;
    return sg__end_row(out, out->adds ? 0 : source);
}

// ---- Columns that are put ----------------------------------------------------------------------------------------------------

// As given, or implied by one row out for each row in that was not rejected. NULL after a failure.
static const uint32_t *source_rows(sg_output *out, uint32_t rows) {
    uint32_t rows_in = out->run->rows_in;
    if (!out->has_sources) {
        uint32_t *implied = NEW_ARRAY(&out->run->work, (size_t)rows_in + 1, uint32_t);
        uint32_t count = 0, rejected = 0;
        for (uint32_t row = 0; row < rows_in; row++) {
            while (rejected < out->rejected_count && out->rejected[rejected].row < row) rejected += 1;
            if (rejected == out->rejected_count || out->rejected[rejected].row != row) implied[count++] = row;
        }
        if (count == rows && out->run->rows_out == 0) return implied;
        sg_fail("%u rows out for %u rows in: say which row each came from with `sg_source_rows`", rows, count);
        return NULL;
    }
    const uint32_t *given = out->given_sources;
    if (out->given_count != rows) {
        sg_fail("%u source rows for %u rows", out->given_count, rows);
        return NULL;
    }
    for (uint32_t at = 1; at < rows; at++) {
        if (given[at - 1] <= given[at]) continue;
        sg_fail("source rows that fall");
        return NULL;
    }
    if (rows > 0 && given[rows - 1] >= rows_in) {
        sg_fail("source row %u of %u", given[rows - 1], rows_in);
        return NULL;
    }
    return given;
}

// The columns of an output in the contract's order; false after a failure.
static bool collect(sg_output *out, sg_array *arrays) {
    run *of = out->run;
    const columns *schema = &of->plan->output;
    bool in_place = of->plan->of->batch != NULL && out->kept_of == of->batch;
    for (uint32_t at = 0; at < schema->count; at++) {
        const sg_type *type = schema->types + at;
        if (out->put[at] != NULL) {
            arrays[at] = *out->put[at];
        } else if (out->is_building && (out->builders[at].length > 0 || (!out->has_put && out->kept_of == NULL))) {
            builder_finish(out->builders + at, arrays + at);
        } else if (out->kept_of != NULL) {
            const sg_array *found = column_by_name(type, out->kept_of);
            if (found == NULL) return false;
            if (out->kept_count == found->length) arrays[at] = *found;
            else take_rows(&of->work, found, out->kept, out->kept_count, in_place, arrays + at);
        } else if (out->is_building) {
            builder_finish(out->builders + at, arrays + at);
        } else {
            const char *there = "";
            for (uint32_t other = 0; other < schema->count; other++)
                if (out->put[other] != NULL) there = said("%s%s`%s`", there, *there == 0 ? "" : ", ", schema->types[other].name);
            sg_fail("output: column `%s` is missing; there are %s", type->name, there);
            return false;
        }
    }
    return !failed.is;
}

static sg_result finish_columns(sg_output *out) {
    run *of = out->run;
    const columns *schema = &of->plan->output;
    sg_array *arrays = NEW_ARRAY(&of->work, schema->count, sg_array);
    if (!collect(out, arrays)) return SG_FAILED;
    uint32_t rows = schema->count == 0 ? 0 : arrays[0].length;
    for (uint32_t at = 0; at < schema->count; at++)
        if (conform_in_output(schema->types + at, arrays + at, rows) != SG_OK) return SG_FAILED;
    const uint32_t *sources = NULL;
    if (wants_sources(of)) {
        bool is_kept = out->kept_of != NULL && !out->has_sources;
        if (is_kept && rows != out->kept_count) return sg_fail("%u rows out, %u stay", rows, out->kept_count);
        sources = is_kept ? out->kept : source_rows(out, rows);
        if (sources == NULL) return SG_FAILED;
    }
    make_all_ready(out, arrays, rows, sources);
    return SG_OK;
}

// What the author's function has given becomes ready.
static sg_result finish_output(sg_output *out) {
    run *of = out->run;
    const columns *schema = &of->plan->output;
    bool has_columns = out->has_put || out->kept_of != NULL;
    if (out->is_emitting) {
        if (has_columns) return sg_fail("output: rows and columns in one output; give one of them");
        if (sg__flush(out) != SG_OK) return SG_FAILED;
    } else if (has_columns || out->is_building) {
        if (finish_columns(out) != SG_OK) return SG_FAILED;
    }
    if (out->rejected_count > 0) {
        if (out->last == NULL) make_ready(out, empty_batch(&of->work, schema)->columns, 0, NULL);
        out->last->rejected = out->rejected;
        out->last->rejected_count = out->rejected_count;
    }
    return SG_OK;
}

// ---- Rows of a key -----------------------------------------------------------------------------------------------------------

struct sg_group {
    const sg_cell *key;
    uint32_t parts;
    const sg_batch *rows;
    uint32_t inputs;
};

// Where one input stands.
typedef struct cursor {
    const plan_input *input;
    const lane *lane;
    uint32_t batch;
    uint32_t row;
    // Where the columns of a key's rows are put.
    sg_array *columns;
} cursor;

static sg_cell key_cell(const sg_array *array, uint32_t row) {
    switch (array->type->kind) {
    case SG_KIND_BOOLEAN: return sg_cell_boolean(sg_boolean_at(array, row));
    case SG_KIND_DATE32: return sg_cell_int64(sg_date32_at(array, row));
    case SG_KIND_UTF8: return sg_cell_text(sg_text_at(array, row));
    default: return sg_cell_int64(sg_int64_at(array, row));
    }
}

static int compare_texts(const char *left, uint32_t left_length, const char *right, uint32_t right_length) {
    uint32_t shorter = left_length < right_length ? left_length : right_length;
    int order = shorter == 0 ? 0 : memcmp(left, right, shorter);
    return order != 0 ? order : (left_length > right_length) - (left_length < right_length);
}

// Text by bytes, false before true.
static int compare_cells(const sg_cell *left, const sg_cell *right) {
    switch (left->kind) {
    case SG_CELL_BOOLEAN: return (int)left->as.boolean - (int)right->as.boolean;
    case SG_CELL_TEXT: return compare_texts(left->as.text, left->length, right->as.text, right->length);
    default: return (left->as.int64 > right->as.int64) - (left->as.int64 < right->as.int64);
    }
}

// The end of the rows from `from` on that have this part of the key.
static uint32_t equal_until(const sg_array *array, uint32_t from, uint32_t end, const sg_cell *part) {
    uint32_t row = from;
    switch (array->type->kind) {
    case SG_KIND_BOOLEAN:
        while (row < end && sg_boolean_at(array, row) == part->as.boolean) row += 1;
        return row;
    case SG_KIND_DATE32:
        while (row < end && sg_date32_at(array, row) == part->as.int64) row += 1;
        return row;
    case SG_KIND_UTF8: {
        sg_text text = {part->as.text, part->length};
        while (row < end && sg_text_equal(sg_text_at(array, row), text)) row += 1;
        return row;
    }
    default:
        while (row < end && sg_int64_at(array, row) == part->as.int64) row += 1;
        return row;
    }
}

static bool cursor_key(const cursor *at, sg_cell *key) {
    if (at->batch == at->lane->count) return false;
    const sg_batch *batch = at->lane->batches[at->batch];
    for (uint32_t part = 0; part < at->input->key_count; part++)
        key[part] = key_cell(batch->columns + at->input->keys[part], at->row);
    return true;
}

static void slice_batch(region *memory, const sg_batch *batch, uint32_t from, uint32_t count, sg_array *columns, sg_batch *into) {
    for (uint32_t at = 0; at < batch->column_count; at++) slice(memory, batch->columns + at, from, count, columns + at);
    *into = (sg_batch){count, batch->column_count, columns};
}

// The rows of this key in the batch at hand, and moves past them.
static void cursor_take_part(cursor *at, const sg_cell *key, sg_array *columns, sg_batch *into) {
    const sg_batch *batch = at->lane->batches[at->batch];
    uint32_t from = at->row, end = batch->rows;
    for (uint32_t part = 0; part < at->input->key_count; part++)
        end = equal_until(batch->columns + at->input->keys[part], from, end, key + part);
    slice_batch(&scratch, batch, from, end - from, columns, into);
    at->row = end == batch->rows ? 0 : end;
    at->batch += end == batch->rows;
}

// The rows of this key from here on, and moves past them. Copied are only the rows of a key that spans batches.
static void cursor_take(cursor *at, const sg_cell *key, const sg_batch *none, sg_batch *into) {
    if (at->batch == at->lane->count) {
        *into = *none;
        return;
    }
    cursor_take_part(at, key, at->columns, into);
    if (at->row > 0 || at->batch == at->lane->count) return;
    const sg_batch **spanned = NULL;
    uint32_t parts = 0, capacity = 0;
    const sg_batch *part = into;
    while (part->rows > 0) {
        if (parts == capacity) {
            capacity = capacity == 0 ? 4 : 2 * capacity;
            spanned = (const sg_batch **)moved(&scratch, spanned, parts * sizeof *spanned, capacity * sizeof *spanned, false);
        }
        spanned[parts++] = part;
        if (at->row > 0 || at->batch == at->lane->count) break;
        sg_batch *next = NEW(&scratch, sg_batch);
        cursor_take_part(at, key, NEW_ARRAY(&scratch, none->column_count, sg_array), next);
        part = next;
    }
    if (parts > 1) *into = *concatenated(&scratch, &at->input->columns, spanned, parts);
}

static sg_result check_keys(const run *of, uint32_t input, const sg_batch *batch) {
    const plan_input *planned = of->plan->inputs + input;
    for (uint32_t part = 0; part < planned->key_count; part++) {
        const sg_array *column = batch->columns + planned->keys[part];
        if (column->nulls > 0) return sg_fail_as(SG_FAILURE_INPUT, input, SG_NONE, "key `%s` is null", column->type->name);
    }
    return SG_OK;
}

// What an author's function answered; that something failed before counts, too.
static sg_result answered(sg_result result) {
    if (failed.is) return SG_FAILED;
    return result == SG_OK ? SG_OK : sg_fail("the function answered a failure without a message: `return sg_fail(…)` has one");
}

// Calls the author's function for every key of the range, keys rising.
static sg_result each_key(run *of) {
    const plan *plan = of->plan;
    uint32_t parts = plan->inputs[0].key_count;
    cursor *cursors = NEW_ARRAY(&of->work, plan->input_count, cursor);
    for (uint32_t at = 0; at < plan->input_count; at++)
        cursors[at] =
            (cursor){plan->inputs + at, of->lanes + at, 0, 0, NEW_ARRAY(&of->work, plan->inputs[at].columns.count, sg_array)};
    sg_cell *key = NEW_ARRAY(&of->work, parts, sg_cell), *other = NEW_ARRAY(&of->work, parts, sg_cell);
    sg_batch *rows = NEW_ARRAY(&of->work, plan->input_count, sg_batch);
    for (;;) {
        bool is_any = false;
        for (uint32_t at = 0; at < plan->input_count; at++) {
            if (!cursor_key(cursors + at, other)) continue;
            int order = is_any ? 0 : -1;
            for (uint32_t part = 0; part < parts && order == 0; part++) order = compare_cells(other + part, key + part);
            if (order < 0) memcpy(key, other, parts * sizeof(sg_cell));
            is_any = true;
        }
        if (!is_any) return SG_OK;
        for (uint32_t at = 0; at < plan->input_count; at++) cursor_take(cursors + at, key, of->none[at], rows + at);
        sg_group group = {key, parts, rows, plan->input_count};
        if (answered(plan->of->key(&of->context, &group, &of->out)) != SG_OK) return SG_FAILED;
        region_reset(&scratch);
    }
}

sg_cell sg_key(const sg_group *group, uint32_t part) {
    if (part < group->parts) return group->key[part];
    sg_fail("part %u of a key of %u", part, group->parts);
    return SG_NULL;
}

int64_t sg_key_int64(const sg_group *group, uint32_t part) {
    sg_cell cell = sg_key(group, part);
    if (cell.kind == SG_CELL_INT64) return cell.as.int64;
    sg_fail("part %u of the key is %s, no whole number", part, cell_words(&cell));
    return 0;
}

sg_text sg_key_utf8(const sg_group *group, uint32_t part) {
    sg_cell cell = sg_key(group, part);
    if (cell.kind == SG_CELL_TEXT) return (sg_text){cell.as.text, cell.length};
    sg_fail("part %u of the key is %s, no text", part, cell_words(&cell));
    return sg_text_of("");
}

static const sg_batch no_batch;

const sg_batch *sg_group_rows(const sg_group *group, uint32_t input) {
    if (input < group->inputs) return group->rows + input;
    sg_fail("there is no input %u; there are %u", input, group->inputs);
    return &no_batch;
}

// ---- Rows of an interval -----------------------------------------------------------------------------------------------------

struct sg_inputs {
    run *run;
    const sg_batch **merged;
};

const sg_batch *sg_inputs_rows(const sg_inputs *inputs, uint32_t input) {
    run *of = inputs->run;
    if (input >= of->plan->input_count) {
        sg_fail("there is no input %u; there are %u", input, of->plan->input_count);
        return &no_batch;
    }
    const lane *lane = of->lanes + input;
    if (lane->count == 1) return lane->batches[0];
    if (inputs->merged[input] == NULL)
        inputs->merged[input] = concatenated(&of->work, &of->plan->inputs[input].columns, lane->batches, lane->count);
    return inputs->merged[input];
}

uint32_t sg_inputs_batch_count(const sg_inputs *inputs, uint32_t input) {
    return input < inputs->run->plan->input_count ? inputs->run->lanes[input].count : 0;
}

const sg_batch *sg_inputs_batch(const sg_inputs *inputs, uint32_t input, uint32_t index) {
    if (index < sg_inputs_batch_count(inputs, input)) return inputs->run->lanes[input].batches[index];
    sg_fail("there is no batch %u of input %u", index, input);
    return &no_batch;
}

// ---- The context -------------------------------------------------------------------------------------------------------------

// What the host tells a run, laid out as it does.
typedef struct given_range {
    uint8_t is_some;
    int64_t start;
    int64_t end;
} given_range;

typedef struct given_value {
    uint8_t kind;
    union {
        uint8_t boolean;
        int64_t whole;
        double number;
        buffer text;
    } as;
} given_value;

typedef struct given_parameter {
    buffer name;
    given_value value;
} given_parameter;

typedef struct given_property {
    buffer name;
    buffer value;
} given_property;

typedef struct given_context {
    sg_mode mode;
    // Of an interval; a request's time is the start.
    int64_t start;
    int64_t end;
    const given_range *ranges;
    size_t range_count;
    const given_parameter *parameters;
    size_t parameter_count;
    bool lineage;
    const given_property *properties;
    size_t property_count;
} given_context;

struct sg__told {
    given_context all;
};

static buffer copied_text(region *memory, buffer text) {
    char *copied = (char *)region_zeroed(memory, text.length + 1);
    if (text.length > 0) memcpy(copied, text.bytes, text.length);
    return (buffer){copied, text.length};
}

static void *copied_list(region *memory, const void *list, size_t bytes) {
    void *copied = region_zeroed(memory, bytes);
    if (bytes > 0) memcpy(copied, list, bytes);
    return copied;
}

// What was told, in the run's own memory.
static const struct sg__told *remember(region *memory, const given_context *given) {
    struct sg__told *told = NEW(memory, struct sg__told);
    told->all = *given;
    told->all.ranges = (given_range *)copied_list(memory, given->ranges, given->range_count * sizeof(given_range));
    given_parameter *parameters =
        (given_parameter *)copied_list(memory, given->parameters, given->parameter_count * sizeof(given_parameter));
    for (size_t at = 0; at < given->parameter_count; at++) {
        parameters[at].name = copied_text(memory, parameters[at].name);
        if (parameters[at].value.kind == SG_VALUE_UTF8)
            parameters[at].value.as.text = copied_text(memory, parameters[at].value.as.text);
    }
    told->all.parameters = parameters;
    given_property *properties =
        (given_property *)copied_list(memory, given->properties, given->property_count * sizeof(given_property));
    for (size_t at = 0; at < given->property_count; at++)
        properties[at] = (given_property){copied_text(memory, properties[at].name), copied_text(memory, properties[at].value)};
    told->all.properties = properties;
    return told;
}

static bool is_named(buffer text, const char *name) {
    return text.length == strlen(name) && memcmp(text.bytes, name, text.length) == 0;
}

sg_interval sg_context_interval(const sg_context *context) {
    const given_context *told = &context->told->all;
    if (context->mode == SG_MATERIALIZE) return (sg_interval){told->start, told->end};
    sg_fail("there is no interval outside of materialization");
    return (sg_interval){0, 0};
}

int64_t sg_context_request_time(const sg_context *context) {
    if (context->mode == SG_REQUEST) return context->told->all.start;
    sg_fail("there is no request whose time could be told");
    return 0;
}

bool sg_context_range(const sg_context *context, uint32_t input, sg_interval *range) {
    const given_context *told = &context->told->all;
    if (input >= told->range_count || !told->ranges[input].is_some) return false;
    *range = (sg_interval){told->ranges[input].start, told->ranges[input].end};
    return true;
}

bool sg_context_property(const sg_context *context, const char *name, sg_text *value) {
    const given_context *told = &context->told->all;
    for (size_t at = 0; at < told->property_count; at++) {
        if (!is_named(told->properties[at].name, name)) continue;
        *value = (sg_text){(const char *)told->properties[at].value.bytes, (uint32_t)told->properties[at].value.length};
        return true;
    }
    return false;
}

static const char *const value_words[] = {"boolean", "int64", "float64", "utf8", "timestamp", "duration"};

// A value of zeroes after a failure.
static given_value parameter_value(const sg_context *context, const char *name, sg_value_kind kind) {
    const given_context *told = &context->told->all;
    given_value none = {.kind = (uint8_t)kind, .as = {.text = {"", 0}}};
    if (kind != SG_VALUE_UTF8) none.as.whole = 0;
    for (size_t at = 0; at < told->parameter_count; at++) {
        const given_parameter *parameter = told->parameters + at;
        if (!is_named(parameter->name, name)) continue;
        if (parameter->value.kind == kind) return parameter->value;
        sg_fail_parameter("parameter `%s` is %s, not %s", name, value_words[parameter->value.kind % 6], value_words[kind]);
        return none;
    }
    sg_fail_parameter("there is no parameter `%s`", name);
    return none;
}

bool sg_boolean_parameter(const sg_context *context, const char *name) {
    return parameter_value(context, name, SG_VALUE_BOOLEAN).as.boolean != 0;
}
int64_t sg_int64_parameter(const sg_context *context, const char *name) {
    return parameter_value(context, name, SG_VALUE_INT64).as.whole;
}
double sg_float64_parameter(const sg_context *context, const char *name) {
    return parameter_value(context, name, SG_VALUE_FLOAT64).as.number;
}
int64_t sg_timestamp_parameter(const sg_context *context, const char *name) {
    return parameter_value(context, name, SG_VALUE_TIMESTAMP).as.whole;
}
int64_t sg_duration_parameter(const sg_context *context, const char *name) {
    return parameter_value(context, name, SG_VALUE_DURATION).as.whole;
}
sg_text sg_utf8_parameter(const sg_context *context, const char *name) {
    buffer text = parameter_value(context, name, SG_VALUE_UTF8).as.text;
    return (sg_text){(const char *)text.bytes, (uint32_t)text.length};
}

// ---- The calls of a run ------------------------------------------------------------------------------------------------------

static run *current;

const sg_array *sg_take_array(const sg_array *array, const uint32_t *rows, uint32_t count) {
    if (failed.is || !rows_within(rows, count, array->length)) return harmless(array->type->kind, count);
    region *memory = current == NULL ? &scratch : &current->work;
    sg_array *taken = NEW(memory, sg_array);
    take_rows(memory, array, rows, count, false, taken);
    return taken;
}

// A call begins: what failed before is over.
static void begin(run *of) {
    failure_clear();
    current = of;
}

// A call ends, and the author's function with it.
static void end(void) {
    region_reset(&scratch);
    current = NULL;
#ifdef __wasm__
    // What was printed is the log's now, not when a buffer is full.
    fflush(NULL);
#endif
}

static void run_drop(run *of) {
    if (of == NULL) return;
    begin(of);
    if (of->plan->of->drop != NULL) of->plan->of->drop(&of->context);
    end();
    region_free(&of->in);
    region_free(&of->work);
    region_free(&of->own);
    free(of);
}

// NULL after a failure.
static run *run_open(const plan *plan, const given_context *given) {
    run *of = (run *)calloc(1, sizeof(run));
    if (of == NULL) abort();
    of->plan = plan;
    current = of;
    of->context = (sg_context){NULL, given->mode, given->lineage, remember(&of->own, given)};
    output_init(of);
    of->lanes = NEW_ARRAY(&of->own, plan->input_count, lane);
    of->none = NEW_ARRAY(&of->own, plan->input_count, sg_batch *);
    for (uint32_t at = 0; at < plan->input_count; at++) of->none[at] = empty_batch(&of->own, &plan->inputs[at].columns);
    sg_result result = plan->of->open == NULL ? SG_OK : answered(plan->of->open(&of->context));
    end();
    if (result == SG_OK) return of;
    // Without `drop`: it was not opened.
    region_free(&of->work);
    region_free(&of->own);
    free(of);
    return NULL;
}

// What is left of the call before is let go of.
static void forget(run *of) {
    of->first_ready = of->last_ready = NULL;
    region_reset(&of->work);
    output_clear(&of->out);
    of->batch = NULL;
    of->rows_in = 0;
    of->rows_out = 0;
}

// Batches are done with; their memory is the next one's.
static void let_go(run *of) {
    region_reset(&of->in);
    memset(of->lanes, 0, of->plan->input_count * sizeof *of->lanes);
    if (incoming.top == NULL) {
        incoming = of->in;
        of->in.top = NULL;
    }
}

// What the host has put into memory is the run's.
static void take_incoming(run *of) {
    chunk *bottom = incoming.top;
    if (bottom == NULL) return;
    while (bottom->before != NULL) bottom = bottom->before;
    bottom->before = of->in.top;
    of->in.top = incoming.top;
    incoming.top = NULL;
}

static sg_result wait_in_lane(run *of, uint32_t input, const sg_batch *batch) {
    if (batch->rows == 0) return SG_OK;
    if (of->plan->of->key != NULL && check_keys(of, input, batch) != SG_OK) return SG_FAILED;
    lane *to = of->lanes + input;
    if (to->count == to->capacity) {
        uint32_t capacity = to->capacity == 0 ? 8 : 2 * to->capacity;
        to->batches = (const sg_batch **)moved(&of->in, to->batches, to->count * sizeof *to->batches,
                                               capacity * sizeof *to->batches, false);
        to->capacity = capacity;
    }
    to->batches[to->count++] = batch;
    return SG_OK;
}

static sg_result push_batch(run *of, uint32_t input, uint32_t rows, parts given) {
    const sg_transformation *author = of->plan->of;
    if (input >= of->plan->input_count) return sg_fail("there is no input %u", input);
    sg_batch *batch = decode_batch(&of->in, &of->plan->inputs[input].columns, rows, given);
    if (batch == NULL) return SG_FAILED;
    of->batch = batch;
    of->rows_in = rows;
    of->out.sources_below = of->out.adds ? 0 : rows;
    of->holds = true;
    if (author->push != NULL) return answered(author->push(&of->context, input, batch));
    if (author->batch == NULL) return wait_in_lane(of, input, batch);
    if (answered(author->batch(&of->context, batch, &of->out)) != SG_OK) return SG_FAILED;
    return finish_output(&of->out);
}

static sg_result run_push(run *of, uint32_t input, uint32_t rows, parts given) {
    begin(of);
    forget(of);
    if (!keeps_batches(of)) region_reset(&of->in);
    take_incoming(of);
    sg_result result = push_batch(of, input, rows, given);
    end();
    return result;
}

static sg_result end_range(run *of) {
    const sg_transformation *author = of->plan->of;
    if (author->scope != SG_KEYED) return sg_fail("end-keys outside of the keyed scope");
    if (author->key == NULL) return author->end_keys == NULL ? SG_OK : answered(author->end_keys(&of->context));
    of->holds = false;
    if (each_key(of) != SG_OK) return SG_FAILED;
    return finish_output(&of->out);
}

static sg_result run_end_keys(run *of) {
    begin(of);
    forget(of);
    sg_result result = end_range(of);
    end();
    return result;
}

static sg_result finish_run(run *of) {
    const sg_transformation *author = of->plan->of;
    for (uint32_t at = 0; at < of->plan->input_count; at++)
        if (author->key != NULL && of->lanes[at].count > 0) return sg_fail("the run ends inside of a range of keys");
    if (author->interval == NULL) return author->finish == NULL ? SG_OK : answered(author->finish(&of->context));
    of->holds = false;
    sg_inputs inputs = {of, NEW_ARRAY(&of->work, of->plan->input_count, const sg_batch *)};
    if (answered(author->interval(&of->context, &inputs, &of->out)) != SG_OK) return SG_FAILED;
    return finish_output(&of->out);
}

static sg_result run_finish(run *of) {
    begin(of);
    forget(of);
    sg_result result = finish_run(of);
    end();
    return result;
}

static sg_result check_aligned(const run *of) {
    if (of->plan->of->scope != SG_ALIGNED || of->rows_in == of->rows_out) return SG_OK;
    return sg_fail("%u rows out for %u rows in; the aligned scope has one for each", of->rows_out, of->rows_in);
}

static sg_result ask_author(run *of) {
    uint32_t rows_in = of->rows_in, rows_out = of->rows_out;
    const sg_batch *batch = of->batch;
    forget(of);
    of->rows_in = rows_in;
    of->rows_out = rows_out;
    of->batch = batch;
    of->out.sources_below = of->out.adds ? 0 : rows_in;
    if (answered(of->plan->of->next(&of->context, &of->out)) != SG_OK) return SG_FAILED;
    return finish_output(&of->out);
}

// The next output, NULL if there is none.
static sg_result run_next(run *of, const ready **next) {
    begin(of);
    *next = NULL;
    sg_result result = SG_OK;
    if (of->first_ready == NULL && of->plan->of->next != NULL) result = ask_author(of);
    if (result == SG_OK && of->first_ready != NULL) {
        *next = of->first_ready;
        of->first_ready = of->first_ready->next;
        if (of->first_ready == NULL) of->last_ready = NULL;
    } else if (result == SG_OK) {
        result = check_aligned(of);
        // Of the forms that keep batches these are done with at the end of a range, or of the run.
        if (!keeps_batches(of) || !of->holds) let_go(of);
    }
    end();
    return result;
}

// ---- The contract, laid out for the host -------------------------------------------------------------------------------------

typedef struct laid_field {
    buffer name;
    uint8_t kind;
    union {
        uint32_t size;
        struct {
            uint8_t precision;
            int8_t scale;
        } decimal;
    } of;
    uint8_t nullable;
    uint32_t children;
} laid_field;

typedef struct laid_input {
    buffer name;
    buffer columns;
    buffer keys;
} laid_input;

typedef struct laid_parameter {
    buffer name;
    uint8_t kind;
    struct {
        uint8_t is_some;
        given_value value;
    } standard;
    buffer doc;
} laid_parameter;

typedef struct laid_contract {
    buffer name;
    buffer doc;
    buffer inputs;
    buffer output;
    uint8_t scope;
    buffer parameters;
    buffer properties;
} laid_contract;

// The texts of a contract are its author's, so they are cleaned.
static buffer laid_text(const char *text) {
    sg_text cleaned = text == NULL ? sg_text_of("") : clean(&plans_memory, text, strlen(text));
    return (buffer){cleaned.bytes, cleaned.length};
}

static laid_field *lay_type(const sg_type *type, laid_field *to) {
    *to = (laid_field){.name = laid_text(type->name), .kind = (uint8_t)(type->kind - 1)};
    if (type->kind == SG_KIND_DECIMAL128) {
        to->of.decimal.precision = (uint8_t)type->size;
        to->of.decimal.scale = (int8_t)type->scale;
    } else {
        to->of.size = type->size;
    }
    to->nullable = type->nullable;
    to->children = type->child_count;
    to += 1;
    for (uint32_t at = 0; at < type->child_count; at++) to = lay_type(type->children + at, to);
    return to;
}

static buffer lay_columns(const columns *of) {
    laid_field *fields = NEW_ARRAY(&plans_memory, of->nodes, laid_field), *to = fields;
    for (uint32_t at = 0; at < of->count; at++) to = lay_type(of->types + at, to);
    return (buffer){fields, of->nodes};
}

static buffer lay_inputs(const plan *of) {
    laid_input *inputs = NEW_ARRAY(&plans_memory, of->input_count, laid_input);
    for (uint32_t at = 0; at < of->input_count; at++) {
        const plan_input *input = of->inputs + at;
        buffer *keys = NEW_ARRAY(&plans_memory, input->key_count, buffer);
        for (uint32_t part = 0; part < input->key_count; part++)
            keys[part] = laid_text(input->columns.types[input->keys[part]].name);
        inputs[at] = (laid_input){laid_text(input->name), lay_columns(&input->columns), {keys, input->key_count}};
    }
    return (buffer){inputs, of->input_count};
}

static given_value lay_value(const sg_parameter *parameter) {
    given_value value;
    memset(&value, 0, sizeof value);
    value.kind = (uint8_t)parameter->kind;
    switch (parameter->kind) {
    case SG_VALUE_BOOLEAN: value.as.boolean = parameter->whole != 0; break;
    case SG_VALUE_FLOAT64: value.as.number = parameter->number; break;
    case SG_VALUE_UTF8: value.as.text = laid_text(parameter->text); break;
    default: value.as.whole = parameter->whole;
    }
    return value;
}

static buffer lay_parameters(const sg_parameter *parameters) {
    size_t count = 0;
    while (parameters != NULL && parameters[count].name != NULL) count += 1;
    laid_parameter *laid = NEW_ARRAY(&plans_memory, count, laid_parameter);
    for (size_t at = 0; at < count; at++) {
        laid[at].name = laid_text(parameters[at].name);
        laid[at].kind = (uint8_t)parameters[at].kind;
        laid[at].standard.is_some = parameters[at].has_default;
        laid[at].standard.value = lay_value(parameters + at);
        laid[at].doc = laid_text(parameters[at].doc);
    }
    return (buffer){laid, count};
}

static buffer lay_properties(const sg_property *properties) {
    size_t count = 0;
    while (properties != NULL && properties[count].name != NULL) count += 1;
    given_property *laid = NEW_ARRAY(&plans_memory, count, given_property);
    for (size_t at = 0; at < count; at++)
        laid[at] = (given_property){laid_text(properties[at].name), laid_text(properties[at].value)};
    return (buffer){laid, count};
}

static void lay_contract(const plan *of, laid_contract *to) {
    const sg_transformation *author = of->of;
    *to = (laid_contract){
        .name = laid_text(author->name),
        .doc = laid_text(author->doc),
        .inputs = lay_inputs(of),
        .output = lay_columns(&of->output),
        .scope = (uint8_t)author->scope,
        .parameters = lay_parameters(author->parameters),
        .properties = lay_properties(author->properties),
    };
}

// ---- The contract's exports --------------------------------------------------------------------------------------------------

#ifdef __wasm__

#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("run_new") int32_t sandglass_run_new(run *rep);
IMPORT("set_clock") void sandglass_set_clock(int64_t unix_us);
IMPORT("set_line_buffer") void sandglass_set_line_buffer(char *bytes, size_t length);

typedef struct laid_option {
    uint8_t is_some;
    uint32_t value;
} laid_option;

typedef struct laid_output {
    uint32_t rows;
    buffer nodes;
    buffer buffers;
    uint8_t has_sources;
    buffer sources;
    buffer rejected;
} laid_output;

typedef struct answer {
    uint8_t is_failure;
    union {
        struct {
            uint8_t kind;
            buffer message;
            laid_option input;
            laid_option row;
        } failure;
        buffer contracts;
        int32_t run;
        struct {
            uint8_t is_some;
            laid_output output;
        } next;
    } as;
} answer;

_Static_assert(sizeof(laid_field) == 24 && offsetof(laid_field, of) == 12 && offsetof(laid_field, children) == 20, "field");
_Static_assert(sizeof(given_value) == 16 && offsetof(given_value, as) == 8, "value");
_Static_assert(sizeof(laid_parameter) == 48 && offsetof(laid_parameter, doc) == 40, "parameter");
_Static_assert(sizeof(laid_contract) == 52 && offsetof(laid_contract, parameters) == 36, "contract");
_Static_assert(sizeof(given_range) == 24 && sizeof(given_parameter) == 24, "context");
_Static_assert(sizeof(laid_output) == 40 && offsetof(laid_output, sources) == 24, "output");
_Static_assert(sizeof(answer) == 48 && offsetof(answer, as.failure.row) == 24 && offsetof(answer, as.next.output) == 8,
               "answers");

static answer answer_now;

static answer *answer_of(sg_result result) {
    memset(&answer_now, 0, sizeof answer_now);
    if (result == SG_OK) return &answer_now;
    answer_now.is_failure = 1;
    answer_now.as.failure.kind = (uint8_t)failed.kind;
    answer_now.as.failure.message = (buffer){failed.message.bytes, failed.message.length};
    answer_now.as.failure.input = (laid_option){failed.input != SG_NONE, failed.input};
    answer_now.as.failure.row = (laid_option){failed.row != SG_NONE, failed.row};
    return &answer_now;
}

EXPORT("cabi_realloc") void *sandglass_realloc(void *old, size_t old_size, size_t align, size_t new_size) {
    (void)align;
    // Any place in memory will do for nothing.
    if (new_size == 0) return (void *)(uintptr_t)16;
    void *made = region_alloc(&incoming, new_size);
    if (old_size > 0) memcpy(made, old, old_size < new_size ? old_size : new_size);
    return made;
}

EXPORT("describe") answer *sandglass_describe(void) {
    begin(NULL);
    size_t count = 0;
    while (sg_component[count] != NULL) count += 1;
    laid_contract *contracts = NEW_ARRAY(&plans_memory, count, laid_contract);
    for (size_t at = 0; at < count; at++) {
        const plan *plan = plan_of(sg_component[at]);
        if (plan == NULL) return answer_of(SG_FAILED);
        lay_contract(plan, contracts + at);
    }
    answer *made = answer_of(SG_OK);
    made->as.contracts = (buffer){contracts, count};
    return made;
}

static run *open_by_name(buffer name, const given_context *given) {
    const char *there = "";
    for (size_t at = 0; sg_component[at] != NULL; at++) {
        const char *other = sg_component[at]->name;
        if (other != NULL && is_named(name, other)) {
            const plan *plan = plan_of(sg_component[at]);
            return plan == NULL ? NULL : run_open(plan, given);
        }
        there = said("%s%s`%s`", there, at == 0 ? "" : ", ", other == NULL ? "" : other);
    }
    sg_fail("there is no transformation `%.*s`; there are %s", (int)name.length, (const char *)name.bytes, there);
    return NULL;
}

EXPORT("open")
answer *sandglass_open(const char *name, size_t name_length, int32_t mode, int64_t start, int64_t end_of,
                       const given_range *ranges, size_t range_count, const given_parameter *parameters, size_t parameter_count,
                       int32_t lineage, const given_property *properties, size_t property_count) {
    static char lines[1024];
    sandglass_set_line_buffer(lines, sizeof lines);
    if (mode != SG_STREAMING) sandglass_set_clock(mode == SG_MATERIALIZE ? end_of : start);
    begin(NULL);
    given_context given = {(sg_mode)mode, start,           end_of,       ranges,     range_count,
                           parameters,    parameter_count, lineage != 0, properties, property_count};
    run *opened = open_by_name((buffer){name, name_length}, &given);
    region_reset(&incoming);
    answer *made = answer_of(opened == NULL ? SG_FAILED : SG_OK);
    if (opened != NULL) made->as.run = sandglass_run_new(opened);
    return made;
}

EXPORT("run_push")
answer *sandglass_push(run *of, uint32_t input, uint32_t rows, const node *nodes, size_t node_count, const buffer *buffers,
                       size_t buffer_count) {
    return answer_of(run_push(of, input, rows, (parts){nodes, node_count, buffers, buffer_count}));
}

EXPORT("run_end_keys") answer *sandglass_end_keys(run *of) { return answer_of(run_end_keys(of)); }
EXPORT("run_finish") answer *sandglass_finish(run *of) { return answer_of(run_finish(of)); }
EXPORT("run_drop") void sandglass_drop(run *of) { run_drop(of); }

EXPORT("run_next") answer *sandglass_next(run *of) {
    const ready *next;
    answer *made = answer_of(run_next(of, &next));
    if (next == NULL) return made;
    const columns *schema = &of->plan->output;
    made->as.next.is_some = 1;
    made->as.next.output = (laid_output){
        .rows = next->rows,
        .nodes = {next->nodes, schema->nodes},
        .buffers = {next->buffers, schema->buffers},
        .has_sources = next->has_sources,
        .sources = {next->sources, next->sources == NULL ? 0 : next->rows},
        .rejected = {next->rejected, next->rejected_count},
    };
    return made;
}

#endif
