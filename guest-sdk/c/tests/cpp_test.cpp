// SPDX-License-Identifier: Apache-2.0
//
// The header from C++: lambdas for functions, values of C++ for cells.

#include <cstdint>
#include <string>
#include <string_view>

#include "sandglass_test.h"

static const sg_transformation greetings = {
    .name = "greetings",
    .doc = "",
    .scope = SG_ROW,
    .inputs = SG_INPUTS(SG_INPUT("people", SG_UTF8("name"), SG_NULLABLE(SG_INT64("age")))),
    .parameters = SG_PARAMETERS(SG_UTF8_PARAMETER_OR("word", "hello", "")),
    .output = SG_COLUMNS(SG_UTF8("greeting"), SG_NULLABLE(SG_INT64("age")), SG_BOOLEAN("is_adult")),
    .batch =
        [](const sg_context *context, const sg_batch *people, sg_output *out) {
            const sg_array *names = sg_column_of(people, "name", SG_KIND_UTF8),
                           *ages = sg_column_of(people, "age", SG_KIND_INT64);
            for (uint32_t row = 0; row < people->rows; row++) {
                sg_text word = sg_utf8_parameter(context, "word"), name = sg_text_at(names, row);
                std::string greeting = std::string(word.bytes) + ", " + std::string(name.bytes, name.length);
                sg_emit(out, row, greeting, sg_from(ages, row), sg_int64_at(ages, row) >= 18);
            }
            return SG_OK;
        },
};

int main() {
    sg_test *test = sg_test_new(&greetings);
    sg_test_row(test, "people", "Ann", 40);
    sg_test_row(test, "people", std::string_view("Bob"), SG_NULL);
    sg_test_parameter(test, "word", "hi");
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK_ROW(out, 0, "hi, Ann", 40, true);
    SG_CHECK_ROW(out, 1, std::string("hi, Bob"), SG_NULL, false);
    sg_test_free(test);
    return sg_test_end();
}
