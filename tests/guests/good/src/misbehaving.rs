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
