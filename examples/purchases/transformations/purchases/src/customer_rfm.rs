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
        .run(|context| {
            Ok(Rfm {
                end: context.interval()?.end,
                ..Rfm::default()
            })
        })
}

#[derive(Default)]
struct Rfm {
    end: i64,
    ids: Vec<i64>,
    recency_days: Vec<i64>,
    frequency: Vec<i64>,
    monetary: Vec<f64>,
}

impl Keyed for Rfm {
    fn group(&mut self, group: &Group<'_>) -> Result<()> {
        let purchases = group.rows(0);
        // Sorted by time, so the last row is the latest purchase.
        let times = purchases.timestamp("timestamp")?.values();
        let Some(latest) = times.last() else { return Ok(()) };
        self.ids.push(purchases.int64("customer_id")?.value(0));
        self.recency_days.push((self.end - latest).div_euclid(DAY_US));
        self.frequency.push(times.len() as i64);
        self.monetary.push(purchases.float64("amount")?.iter().flatten().sum());
        Ok(())
    }

    fn take(&mut self) -> Result<Output> {
        let times = timestamps(self.ids.iter().map(|_| self.end - 1));
        let Self {
            ids,
            recency_days,
            frequency,
            monetary,
            ..
        } = std::mem::replace(
            self,
            Self {
                end: self.end,
                ..Self::default()
            },
        );
        let (ids, recency_days) = (Int64Array::from(ids), Int64Array::from(recency_days));
        let (frequency, monetary) = (Int64Array::from(frequency), Float64Array::from(monetary));
        Ok(Output::new(columns![ids, times, recency_days, frequency, monetary]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let end = 10 * DAY_US;
        let rows = testing::batch([
            ("customer_id", array(Int64Array::from(vec![1, 1, 2]))),
            ("timestamp", array(timestamps([3 * DAY_US, 8 * DAY_US + 1, 9 * DAY_US]))),
            ("amount", array(Float64Array::from(vec![None, Some(1.5), Some(5.0)]))),
        ]);
        let out = testing::Test::new(customer_rfm())
            .interval(9 * DAY_US, end)
            .run([rows])
            .unwrap()
            .batch;
        assert_eq!(out.int64("customer_id").unwrap().values(), &[1, 2]);
        assert_eq!(out.timestamp("timestamp").unwrap().values(), &[end - 1, end - 1]);
        assert_eq!(out.int64("frequency").unwrap().values(), &[2, 1]);
        assert_eq!(out.int64("recency_days").unwrap().values(), &[1, 1]);
        assert_eq!(out.float64("monetary").unwrap().values(), &[1.5, 5.0]);
    }
}
