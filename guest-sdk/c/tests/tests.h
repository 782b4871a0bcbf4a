// SPDX-License-Identifier: Apache-2.0
//
// The SDK with its insides, and what its own tests share.

#include "../sandglass_test.c"

#define NUMBERS SG_INPUTS(SG_INPUT("rows", SG_INT64("n")))

// The same numbers in every run.
static uint64_t random_state = 1;
static inline uint32_t random_below(uint32_t limit) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % limit);
}

// Runs a transformation over the numbers from 0 on, in the column `n`; the message of its failure is checked.
static inline void fails_over(const sg_transformation *transformation, uint32_t rows, const char *message, const char *file,
                              int line) {
    sg_test *test = sg_test_new(transformation);
    for (uint32_t row = 0; row < rows; row++) sg_test_row(test, "rows", row);
    sg_test_check_text(sg_test_run(test)->message, message, file, line);
    sg_test_free(test);
}
#define FAILS(message, ...)                                                                                                      \
    do {                                                                                                                         \
        sg_transformation failing = {.name = "t", .inputs = NUMBERS, __VA_ARGS__};                                               \
        fails_over(keep(&failing), 4, message, __FILE__, __LINE__);                                                              \
    } while (0)

// Plans are found by address, so what is on the stack moves.
static inline const sg_transformation *keep(const sg_transformation *given) {
    static sg_transformation kept[64];
    static int count;
    kept[count] = *given;
    return &kept[count++];
}
