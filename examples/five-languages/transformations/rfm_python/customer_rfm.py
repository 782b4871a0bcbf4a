"""Recency, frequency and monetary value of customers."""

from sandglass_guest import Context, Group, Input, Rows, float64, int64, keyed, timestamp

DAY_US = 86_400_000_000


@keyed(
    "customer_rfm",
    inputs=Input(
        "purchases",
        {"customer_id": int64, "timestamp": timestamp, "amount": float64.nullable},
        keys=["customer_id"],
    ),
    output={
        "customer_id": int64,
        "timestamp": timestamp,
        "recency_days": int64,
        "frequency": int64,
        "monetary": float64,
    },
)
def customer_rfm(context: Context, group: Group, out: Rows) -> None:
    """Recency, frequency and monetary value over the purchases in range, at the end of the interval."""
    end = context.interval.end
    (customer_id,) = group.key
    purchases = group.purchases
    # Sorted by time, so the last row is the latest purchase.
    recency_days = (end - purchases.timestamp[-1]) // DAY_US
    out.emit(customer_id, end - 1, recency_days, purchases.rows, purchases.amount.sum())
