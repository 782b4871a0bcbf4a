// Left out of the component, as every source is whose name ends with `_test`.

#include <sandglass_test.h>

extern const sg_transformation order_details;

static void an_order_without_items_has_no_price(void) {
    sg_test *test = sg_test_new(&order_details);
    sg_test_row(test, "orders", 1, 0, 4, 10.0);
    sg_test_row(test, "orders", 2, 0, 0, 0.0);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK_ROW(out, 0, 1, 0, 2.5, false);
    SG_CHECK_ROW(out, 1, 2, 0, SG_NULL, false);
    sg_test_free(test);
}

static void a_negative_amount_is_rejected(void) {
    sg_test *test = sg_test_new(&order_details);
    sg_test_row(test, "orders", 1, 0, 1, -5.0);
    const sg_outcome *out = sg_test_run(test);
    SG_CHECK(out->rows->rows == 0 && out->rejected_count == 1);
    SG_CHECK_TEXT(out->rejected[0].reason, "an amount of -5");
    sg_test_free(test);
}

int main(void) {
    an_order_without_items_has_no_price();
    a_negative_amount_is_rejected();
    return sg_test_end();
}
