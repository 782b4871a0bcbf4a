use sandglass_guest::prelude::*;

fn columns_of_rows() -> [column::Column; 3] {
    [
        column::int64("customer_id"),
        column::timestamp("timestamp"),
        column::float64("amount").nullable(),
    ]
}

fn of(name: &str) -> sandglass_guest::Builder<sandglass_guest::RowScope> {
    Transformation::row(name)
        .input(Input::new("rows", columns_of_rows()))
        .output(columns_of_rows())
}

/// Fails in the way that its parameter says.
pub fn fails() -> Transformation {
    of("fails")
        .parameter(Parameter::utf8("how").doc("failure, panic or ok"))
        .run(|context, batch| match context.utf8("how")?.as_str() {
            "failure" => Err(Error::input("amount 3 is odd").row(1)),
            "panic" => panic!("the guest panicked on purpose"),
            "ok" => Ok(Output::new(batch.columns().to_vec())),
            other => Err(Error::parameter(format!("`{other}` is no way to fail"))),
        })
}

/// Never returns.
pub fn loops() -> Transformation {
    of("loops").run(|_, _| {
        let mut n = 0u64;
        loop {
            n = std::hint::black_box(n.wrapping_add(1));
        }
    })
}

/// Takes memory without end.
pub fn hungry() -> Transformation {
    of("hungry").run(|_, _| {
        let mut held: Vec<Vec<u8>> = Vec::new();
        loop {
            held.push(std::hint::black_box(vec![1; 1 << 20]));
        }
    })
}

/// Stamps its rows a day after the interval.
pub fn outside() -> Transformation {
    of("outside").run(|context, batch| {
        let end = context.interval()?.end;
        let times = timestamps((0..batch.rows()).map(|row| if row % 2 == 0 { end } else { end - 1 }));
        Ok(Output::new(columns![
            batch.int64("customer_id")?.clone(),
            times,
            batch.float64("amount")?.clone()
        ]))
    })
}

/// Traps on negative amounts, and not on others.
pub fn traps_on_negative() -> Transformation {
    of("traps_on_negative").run(|_, batch| {
        let amounts = batch.float64("amount")?;
        for (row, amount) in amounts.iter().enumerate() {
            assert!(amount.is_none_or(|amount| amount >= 0.0), "row {row} is negative");
        }
        Ok(Output::new(batch.columns().to_vec()))
    })
}

/// The same, with one row out for each row in.
pub fn traps_on_negative_aligned() -> Transformation {
    Transformation::aligned("traps_on_negative_aligned")
        .input(Input::new("rows", columns_of_rows()))
        .output(columns_of_rows())
        .run(|_, batch| {
            let amounts = batch.float64("amount")?;
            assert!(
                amounts.iter().flatten().all(|amount| amount >= 0.0),
                "a negative amount"
            );
            Ok(Output::new(batch.columns().to_vec()))
        })
}
