from orders import order_details
from sandglass_guest.testing import Test


def test_an_order_without_items_has_no_price():
    rows = {"customer_id": [1, 2], "ordered_at": [0, 0], "items": [4, 0], "amount": [10.0, 0.0]}
    outcome = Test(order_details).run(rows)
    assert outcome.batch.price_per_item.to_list() == [2.5, None]


def test_a_negative_amount_is_rejected():
    rows = {"customer_id": [1, 2], "ordered_at": [0, 0], "items": [1, 1], "amount": [-1.0, 100.0]}
    outcome = Test(order_details).run(rows)
    assert outcome.rejected == [(0, "an amount of -1")]
    assert outcome.rows == [(2, 0, 100.0, True)] and outcome.source_rows == [1]
