use sandglass_guest::prelude::*;

const DAY_US: i64 = 86_400_000_000;

/// Recency, frequency and monetary value of each customer who bought in the range.
pub fn customer_rfm() -> Transformation {
    Transformation::keyed("customer_rfm")
        .doc("Recency, frequency and monetary value over the purchases in range, at the end of the interval.")
        .input(
            Input::new(
                "purchases",
                [
                    column::int64("customer_id"),
                    column::timestamp("timestamp"),
                    column::float64("amount").nullable(),
                ],
            )
            .keys(["customer_id"]),
        )
        .output([
            column::int64("customer_id"),
            column::timestamp("timestamp"),
            column::int64("recency_days"),
            column::int64("frequency"),
            column::float64("monetary"),
        ])
        .emit(|context, group, out| {
            let end = context.interval()?.end;
            let purchases = group.rows(0);
            // Sorted by time, so the last row is the latest purchase.
            let times = purchases.timestamp("timestamp")?.values();
            let Some(latest) = times.last() else { return Ok(()) };
            let recency_days = (end - latest).div_euclid(DAY_US);
            let amounts = purchases.float64("amount")?.iter().flatten();
            let monetary = amounts.fold(0.0, |sum, amount| sum + amount);
            out.push((group.key(0), end - 1, recency_days, times.len(), monetary))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rows: RecordBatch, end: i64) -> RecordBatch {
        testing::Test::new(customer_rfm())
            .interval(end - DAY_US, end)
            .range(0, end - 90 * DAY_US, end)
            .run([rows])
            .unwrap()
            .batch
    }

    #[test]
    fn values_of_each_customer() {
        let end = 100 * DAY_US;
        let times = [98 * DAY_US + 1, 99 * DAY_US, 10 * DAY_US, end - 1];
        let rows = testing::batch([
            ("customer_id", array(Int64Array::from(vec![1, 2, 1, 3]))),
            ("timestamp", array(timestamps(times))),
            (
                "amount",
                array(Float64Array::from(vec![
                    Some(1.5),
                    Some(5.0),
                    None,
                    Some(0.1),
                ])),
            ),
        ]);
        let out = run(rows, end);
        assert_eq!(out.int64("customer_id").unwrap().values(), &[1, 2, 3]);
        assert_eq!(out.timestamp("timestamp").unwrap().values(), &[end - 1; 3]);
        // A purchase exactly one day before the end is one day ago, a microsecond later it is none.
        assert_eq!(out.int64("recency_days").unwrap().values(), &[1, 1, 0]);
        assert_eq!(out.int64("frequency").unwrap().values(), &[2, 1, 1]);
        assert_eq!(out.float64("monetary").unwrap().values(), &[1.5, 5.0, 0.1]);
    }

    #[test]
    fn amounts_are_added_in_the_order_of_time() {
        let end = 10 * DAY_US;
        let rows = testing::batch([
            ("customer_id", array(Int64Array::from(vec![7, 7, 7]))),
            ("timestamp", array(timestamps([3, 1, 2]))),
            ("amount", array(Float64Array::from(vec![0.3, 0.1, 0.2]))),
        ]);
        let out = run(rows, end);
        assert_eq!(out.float64("monetary").unwrap().value(0), 0.1 + 0.2 + 0.3);
    }

    #[test]
    fn nobody_without_a_purchase() {
        let rows = testing::batch([
            ("customer_id", array(Int64Array::from(Vec::<i64>::new()))),
            ("timestamp", array(timestamps([]))),
            ("amount", array(Float64Array::from(Vec::<f64>::new()))),
        ]);
        assert_eq!(run(rows, DAY_US).num_rows(), 0);
    }
}
