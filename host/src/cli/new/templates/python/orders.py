"""Transformations of orders."""

from sandglass_guest import Batch, Context, Emitter, Input, Parameter, boolean, float64, int64, row, timestamp


@row(
    "order_details",
    input=Input("orders", {"customer_id": int64, "ordered_at": timestamp, "items": int64, "amount": float64}),
    parameters=[Parameter("large_from", float64, default=100.0, doc="The amount from which on an order is large.")],
    output={
        "customer_id": int64,
        "ordered_at": timestamp,
        "price_per_item": float64.nullable,
        "is_large": boolean,
    },
)
def order_details(context: Context, batch: Batch, out: Emitter) -> None:
    """Price per item and size of each order."""
    large_from = context.float64("large_from")
    orders = batch.zip("customer_id", "ordered_at", "items", "amount")
    for source, (customer_id, ordered_at, items, amount) in enumerate(orders):
        if amount < 0.0:
            out.reject(source, f"an amount of {amount:g}")
            continue
        price_per_item = amount / items if items > 0 else None
        out.emit(source, customer_id, ordered_at, price_per_item, amount >= large_from)
