use sandglass_guest::prelude::*;

fn columns_of_rows() -> [column::Column; 4] {
    [
        column::int64("customer_id"),
        column::timestamp("timestamp"),
        column::float64("amount").nullable(),
        column::utf8("note").nullable(),
    ]
}

/// Returns its rows as they are.
pub fn passthrough() -> Transformation {
    Transformation::aligned("passthrough")
        .input(Input::new("rows", columns_of_rows()))
        .output(columns_of_rows())
        .run(|_, batch| Ok(Output::new(batch.columns().to_vec())))
}

/// Returns a row less than it gets, which the aligned scope does not allow.
pub fn short() -> Transformation {
    Transformation::aligned("short")
        .input(Input::new("rows", columns_of_rows()))
        .output(columns_of_rows())
        .run(|_, batch| Ok(Output::new(batch.slice(1, batch.num_rows() - 1).columns().to_vec()).source_rows(vec![])))
}

/// Returns `n` rows for a row with the number `n`.
pub fn explode() -> Transformation {
    let input = [
        column::int64("customer_id"),
        column::timestamp("timestamp"),
        column::int64("n"),
    ];
    Transformation::row("explode")
        .input(Input::new("rows", input))
        .output([
            column::int64("customer_id"),
            column::timestamp("timestamp"),
            column::int64("i"),
        ])
        .run(|_, batch| {
            let (ids, times, counts) = (
                batch.int64("customer_id")?,
                batch.timestamp("timestamp")?,
                batch.int64("n")?,
            );
            let rows: Vec<(u32, i64)> = (0..batch.rows())
                .flat_map(|row| (0..counts.value(row as usize)).map(move |i| (row, i)))
                .collect();
            let id = Int64Array::from_iter_values(rows.iter().map(|(row, _)| ids.value(*row as usize)));
            let time = timestamps(rows.iter().map(|(row, _)| times.value(*row as usize)));
            let i = Int64Array::from_iter_values(rows.iter().map(|(_, i)| *i));
            Ok(Output::new(columns![id, time, i]).source_rows(rows.iter().map(|(row, _)| *row).collect()))
        })
}

/// Rejects rows with a negative amount.
pub fn reject_negative() -> Transformation {
    let input = [
        column::int64("customer_id"),
        column::timestamp("timestamp"),
        column::float64("amount"),
    ];
    Transformation::row("reject_negative")
        .input(Input::new("rows", input.clone()))
        .output(input)
        .run(|_, batch| {
            let (ids, times, amounts) = (
                batch.int64("customer_id")?,
                batch.timestamp("timestamp")?,
                batch.float64("amount")?,
            );
            let (bad, good): (Vec<u32>, Vec<u32>) =
                (0..batch.rows()).partition(|&row| amounts.value(row as usize) < 0.0);
            let id = Int64Array::from_iter_values(good.iter().map(|&row| ids.value(row as usize)));
            let time = timestamps(good.iter().map(|&row| times.value(row as usize)));
            let amount = Float64Array::from_iter_values(good.iter().map(|&row| amounts.value(row as usize)));
            let output = Output::new(columns![id, time, amount]);
            Ok(bad
                .into_iter()
                .fold(output, |output, row| output.reject(row, "amount is negative")))
        })
}

/// Numbers that are none, made in several ways, as their bits.
pub fn nans() -> Transformation {
    let id = column::int64("customer_id");
    let output = [
        id.clone(),
        column::timestamp("timestamp"),
        column::int64("divided"),
        column::int64("subtracted"),
        column::int64("rooted"),
        column::int64("added"),
    ];
    Transformation::row("nans")
        .input(Input::new(
            "rows",
            [id, column::timestamp("timestamp"), column::float64("amount")],
        ))
        .output(output)
        .run(|_, batch| {
            let amounts = batch.float64("amount")?;
            let of = |make: fn(f64) -> f64| {
                let bits = amounts.values().iter();
                Int64Array::from_iter_values(bits.map(|amount| make(std::hint::black_box(*amount)).to_bits() as i64))
            };
            let payload = |amount: f64| f64::from_bits(0xfff0_0000_0000_0001 | amount.to_bits()) + amount;
            Ok(Output::new(columns![
                batch.int64("customer_id")?.clone(),
                batch.timestamp("timestamp")?.clone(),
                of(|amount| (amount - amount) / (amount - amount)),
                of(|amount| amount / 0.0 - amount / 0.0),
                of(|amount| (-amount.abs() - 1.0).sqrt()),
                of(payload)
            ]))
        })
}
