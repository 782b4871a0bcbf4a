// SPDX-License-Identifier: Apache-2.0

#include <sandglass_test.h>

#define DAY_US INT64_C(86400000000)

extern const sg_transformation customer_rfm;

static sg_test *until(int64_t end) {
    sg_test *test = sg_test_new(&customer_rfm);
    sg_test_interval(test, end - DAY_US, end);
    sg_test_range(test, 0, end - 90 * DAY_US, end);
    return test;
}

static void values_of_each_customer(void) {
    int64_t end = 100 * DAY_US;
    sg_test *test = until(end);
    sg_test_row(test, "purchases", 1, 98 * DAY_US + 1, 1.5);
    sg_test_row(test, "purchases", 2, 99 * DAY_US, 5.0);
    sg_test_row(test, "purchases", 1, 10 * DAY_US, SG_NULL);
    sg_test_row(test, "purchases", 3, end - 1, 0.1);
    const sg_outcome *out = sg_test_run(test);
    // A purchase exactly one day before the end is one day ago, a microsecond later it is none.
    SG_CHECK_ROW(out, 0, 1, end - 1, 1, 2, 1.5);
    SG_CHECK_ROW(out, 1, 2, end - 1, 1, 1, 5.0);
    SG_CHECK_ROW(out, 2, 3, end - 1, 0, 1, 0.1);
    sg_test_free(test);
}

static void amounts_are_added_in_the_order_of_time(void) {
    sg_test *test = until(10 * DAY_US);
    sg_test_row(test, "purchases", 7, 3, 0.3);
    sg_test_row(test, "purchases", 7, 1, 0.1);
    sg_test_row(test, "purchases", 7, 2, 0.2);
    SG_CHECK(sg_float64_values(sg_test_run(test)->rows, "monetary")[0] == 0.1 + 0.2 + 0.3);
    sg_test_free(test);
}

static void nobody_without_a_purchase(void) {
    sg_test *test = until(DAY_US);
    SG_CHECK(sg_test_run(test)->rows->rows == 0);
    sg_test_free(test);
}

int main(void) {
    values_of_each_customer();
    amounts_are_added_in_the_order_of_time();
    nobody_without_a_purchase();
    return sg_test_end();
}
