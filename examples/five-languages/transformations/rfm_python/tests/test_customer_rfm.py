from customer_rfm import DAY_US, customer_rfm
from sandglass_guest.testing import Test


def run(rows, end):
    return Test(customer_rfm).interval(end - DAY_US, end).range(0, end - 90 * DAY_US, end).run(rows).rows


def test_values_of_each_customer():
    end = 100 * DAY_US
    rows = {
        "customer_id": [1, 2, 1, 3],
        "timestamp": [98 * DAY_US + 1, 99 * DAY_US, 10 * DAY_US, end - 1],
        "amount": [1.5, 5.0, None, 0.1],
    }
    # A purchase exactly one day before the end is one day ago, a microsecond later it is none.
    assert run(rows, end) == [(1, end - 1, 1, 2, 1.5), (2, end - 1, 1, 1, 5.0), (3, end - 1, 0, 1, 0.1)]


def test_amounts_are_added_in_the_order_of_time():
    rows = {"customer_id": [7, 7, 7], "timestamp": [3, 1, 2], "amount": [0.3, 0.1, 0.2]}
    assert run(rows, 10 * DAY_US)[0][4] == 0.1 + 0.2 + 0.3


def test_nobody_without_a_purchase():
    assert run({"customer_id": [], "timestamp": [], "amount": []}, DAY_US) == []
