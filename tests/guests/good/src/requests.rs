use sandglass_guest::prelude::*;

/// An amount beside what a customer has spent so far. Some amounts make it misbehave, so that tests can see what becomes of that.
pub fn risk() -> Transformation {
    Transformation::aligned("risk")
        .doc("How many times the average amount this one is.")
        .input(Input::new(
            "rows",
            [
                column::float64("amount"),
                column::utf8("merchant").nullable(),
                column::float64("amount_sum_30d_1d").nullable(),
                column::int64("spend__amount_count_30d_1d").nullable(),
                column::list("quantity_last_3_30d_1d", column::int64("item").nullable()).nullable(),
            ],
        ))
        .parameter(Parameter::float64("factor").default(1.0).doc("Multiplies the result."))
        .output([
            column::float64("times_average").nullable(),
            column::utf8("merchant").nullable(),
            column::timestamp("asked_at"),
            column::list("quantities", column::int64("item").nullable()).nullable(),
        ])
        .run(|context, batch| {
            let (at, factor) = (context.request_time()?, context.float64("factor")?);
            let amounts = batch.float64("amount")?;
            for (row, amount) in amounts.values().iter().enumerate() {
                match *amount {
                    -1.0 => panic!("an amount of -1"),
                    -2.0 => loop {
                        std::hint::black_box(row);
                    },
                    -3.0 => return Err(Error::input("an amount of -3").row(row as u32)),
                    -4.0 => {
                        let mut held: Vec<Vec<u8>> = Vec::new();
                        loop {
                            held.push(std::hint::black_box(vec![1; 1 << 20]));
                        }
                    }
                    _ => {}
                }
            }
            let sums = batch.float64("amount_sum_30d_1d")?;
            let counts = batch.int64("spend__amount_count_30d_1d")?;
            let times: Float64Array = amounts
                .iter()
                .zip(sums)
                .zip(counts)
                .map(|((amount, sum), count)| Some(factor * amount? / (sum? / count? as f64)))
                .collect();
            let asked = timestamps((0..batch.rows()).map(|_| at));
            Ok(Output::new(columns![
                times,
                batch.utf8("merchant")?.clone(),
                asked,
                batch.columns()[4].clone()
            ]))
        })
}

/// The two realtime views of Tecton's documentation.
pub fn transaction_amount_is_high() -> Transformation {
    Transformation::aligned("transaction_amount_is_high")
        .input(Input::new("rows", [column::float64("amount")]))
        .output([column::int64("transaction_amount_is_high")])
        .run(|_, batch| {
            let amounts = batch.float64("amount")?.values().iter();
            let high = amounts.map(|amount| i64::from(*amount > 10_000.0));
            Ok(Output::new(columns![Int64Array::from_iter_values(high)]))
        })
}

pub fn transaction_amount_is_higher_than_average() -> Transformation {
    Transformation::aligned("transaction_amount_is_higher_than_average")
        .input(Input::new(
            "rows",
            [
                column::float64("amount"),
                column::float64("amount_mean_1d_1d").nullable(),
            ],
        ))
        .output([column::int64("transaction_amount_is_higher_than_average")])
        .run(|_, batch| {
            let amounts = batch.float64("amount")?.values().iter();
            let means = batch.float64("amount_mean_1d_1d")?;
            let higher = amounts
                .zip(means)
                .map(|(amount, mean)| i64::from(*amount > mean.unwrap_or(0.0)));
            Ok(Output::new(columns![Int64Array::from_iter_values(higher)]))
        })
}

/// Of the context alone, of every type.
pub fn echo_context() -> Transformation {
    let columns = || {
        [
            column::boolean("flag").nullable(),
            column::int64("whole").nullable(),
            column::float64("number").nullable(),
            column::utf8("text").nullable(),
            column::date32("day").nullable(),
            column::timestamp("time").nullable(),
        ]
    };
    Transformation::aligned("echo_context")
        .input(Input::new("rows", columns()))
        .output(columns())
        .run(|_, batch| Ok(Output::new(batch.columns().to_vec())))
}

/// Counts its runs, which no transformation may: what it returns depends on more than its rows.
pub fn remembers() -> Transformation {
    static RUNS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
    Transformation::aligned("remembers")
        .input(Input::new("rows", [column::int64("whole").nullable()]))
        .output([column::int64("runs")])
        .run(|_, batch| {
            let runs = RUNS.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            Ok(Output::new(columns![Int64Array::from_iter_values(
                (0..batch.rows()).map(|_| runs)
            )]))
        })
}
