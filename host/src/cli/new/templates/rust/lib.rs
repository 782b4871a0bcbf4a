//! Transformations of orders.

use sandglass_guest::prelude::*;

/// What a single order tells.
pub fn order_details() -> Transformation {
    Transformation::row("order_details")
        .doc("Price per item and size of each order.")
        .input(Input::new(
            "orders",
            [
                column::int64("customer_id"),
                column::timestamp("ordered_at"),
                column::int64("items"),
                column::float64("amount"),
            ],
        ))
        .parameter(
            Parameter::float64("large_from")
                .default(100.0)
                .doc("The amount from which on an order is large."),
        )
        .output([
            column::int64("customer_id"),
            column::timestamp("ordered_at"),
            column::float64("price_per_item").nullable(),
            column::boolean("is_large"),
        ])
        .emit(|context, batch, out| {
            let large_from = context.float64("large_from")?;
            let (ids, times) = (batch.int64("customer_id")?, batch.timestamp("ordered_at")?);
            let (items, amounts) = (batch.int64("items")?, batch.float64("amount")?);
            for row in 0..batch.rows() {
                let at = row as usize;
                let (items, amount) = (items.value(at), amounts.value(at));
                if amount < 0.0 {
                    out.reject(row, format!("an amount of {amount}"));
                    continue;
                }
                let price = (items > 0).then(|| amount / items as f64);
                let is_large = amount >= large_from;
                out.emit(row, (ids.value(at), times.value(at), price, is_large))?;
            }
            Ok(())
        })
}

sandglass_guest::export!(order_details);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_without_items_has_no_price() {
        let rows = testing::batch([
            ("customer_id", array(Int64Array::from(vec![1, 2]))),
            ("ordered_at", array(timestamps([0, 0]))),
            ("items", array(Int64Array::from(vec![4, 0]))),
            ("amount", array(Float64Array::from(vec![10.0, 0.0]))),
        ]);
        let out = testing::Test::new(order_details()).run([rows]).unwrap();
        let prices = out.batch.float64("price_per_item").unwrap();
        assert_eq!(prices.iter().collect::<Vec<_>>(), [Some(2.5), None]);
    }
}
