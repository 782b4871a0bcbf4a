use sandglass_guest::prelude::*;

/// What a purchase that is about to be made looks like beside those of the last 90 days.
pub fn basket_check() -> Transformation {
    Transformation::aligned("basket_check")
        .doc("How many times the customer's average purchase an amount is.")
        .input(Input::new(
            "purchase",
            [
                column::float64("amount"),
                column::float64("amount_sum_90d_1d").nullable(),
                column::int64("amount_count_90d_1d").nullable(),
            ],
        ))
        .parameter(
            Parameter::float64("unusual_times")
                .default(3.0)
                .doc("From how many times the average on an amount is unusual."),
        )
        .output([
            column::float64("times_average").nullable(),
            column::boolean("is_unusual").nullable(),
        ])
        .run(|context, batch| {
            let unusual_times = context.float64("unusual_times")?;
            let amounts = batch.float64("amount")?.iter();
            let sums = batch.float64("amount_sum_90d_1d")?;
            let counts = batch.int64("amount_count_90d_1d")?;
            let times: Float64Array = amounts
                .zip(sums)
                .zip(counts)
                .map(|((amount, sum), count)| {
                    let average = sum? / count? as f64;
                    // Some have only bought what cost nothing.
                    (average > 0.0).then_some(amount? / average)
                })
                .collect();
            let unusual: BooleanArray = times
                .iter()
                .map(|times| Some(times? >= unusual_times))
                .collect();
            Ok(Output::new(columns![times, unusual]))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purchases() -> RecordBatch {
        testing::batch([
            (
                "amount",
                array(Float64Array::from(vec![60.0, 20.0, 60.0, 1.0])),
            ),
            (
                "amount_sum_90d_1d",
                array(Float64Array::from(vec![
                    Some(40.0),
                    Some(40.0),
                    None,
                    Some(0.0),
                ])),
            ),
            (
                "amount_count_90d_1d",
                array(Int64Array::from(vec![Some(2), Some(2), None, Some(1)])),
            ),
        ])
    }

    #[test]
    fn amounts_beside_the_average() {
        let out = testing::Test::new(basket_check())
            .run([purchases()])
            .unwrap();
        let times = out.batch.float64("times_average").unwrap();
        assert_eq!(
            times.iter().collect::<Vec<_>>(),
            [Some(3.0), Some(1.0), None, None]
        );
        let unusual = out.batch.boolean("is_unusual").unwrap();
        assert_eq!(
            unusual.iter().collect::<Vec<_>>(),
            [Some(true), Some(false), None, None]
        );
    }

    #[test]
    fn what_is_unusual_is_a_parameter() {
        let out = testing::Test::new(basket_check())
            .parameter("unusual_times", 1.0)
            .run([purchases()])
            .unwrap();
        assert!(out.batch.boolean("is_unusual").unwrap().value(1));
    }
}
