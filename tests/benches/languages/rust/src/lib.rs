//! Kernels of the benchmark of languages, with the Rust SDK.

use sandglass_guest::Column;
use sandglass_guest::prelude::*;

sandglass_guest::export!(filter, filter_plain, per_key, text, flops);

fn amounts() -> [Column; 2] {
    [column::int64("id"), column::float64("amount")]
}

fn filter() -> Transformation {
    Transformation::row("filter")
        .input(Input::new("rows", amounts()))
        .parameter(Parameter::float64("limit").default(0.5))
        .output(amounts())
        .run(|context, batch| {
            let limit = context.float64("limit")?;
            Ok(Output::retain_by(batch, batch.float64("amount")?, |amount| {
                amount > limit
            }))
        })
}

fn filter_plain() -> Transformation {
    Transformation::row("filter_plain")
        .input(Input::new("rows", amounts()))
        .parameter(Parameter::float64("limit").default(0.5))
        .output(amounts())
        .emit(|context, batch, out| {
            let limit = context.float64("limit")?;
            let (ids, amounts) = (batch.int64("id")?, batch.float64("amount")?);
            for row in 0..batch.rows() {
                let (id, amount) = (ids.value(row as usize), amounts.value(row as usize));
                if amount > limit {
                    out.emit(row, (id, amount))?;
                }
            }
            Ok(())
        })
}

fn per_key() -> Transformation {
    Transformation::keyed("per_key")
        .input(
            Input::new(
                "rows",
                [
                    column::int64("key"),
                    column::timestamp("time"),
                    column::float64("amount"),
                ],
            )
            .keys(["key"]),
        )
        .output([
            column::int64("key"),
            column::int64("count"),
            column::float64("sum"),
            column::float64("most"),
        ])
        .emit(|_, group, out| {
            let amounts = group.rows(0).float64("amount")?.values();
            let sum = amounts.iter().fold(0.0, |sum, amount| sum + amount);
            let most = amounts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            out.push((group.key(0), amounts.len(), sum, most))
        })
}

fn text() -> Transformation {
    Transformation::aligned("text")
        .input(Input::new("rows", [column::utf8("address").nullable()]))
        .output([column::utf8("domain").nullable(), column::int64("length").nullable()])
        .run(|_, batch| {
            let addresses = batch.utf8("address")?;
            let domain = |address: &str| Some(address.rsplit_once('@')?.1.to_ascii_lowercase());
            let domains: StringArray = addresses.iter().map(|address| address.and_then(domain)).collect();
            let lengths: Int64Array = addresses.iter().map(|address| Some(address?.len() as i64)).collect();
            Ok(Output::new(columns![domains, lengths]))
        })
}

fn flops() -> Transformation {
    Transformation::aligned("flops")
        .input(Input::new("rows", [column::float64("x")]))
        .output([column::float64("y")])
        .run(|_, batch| {
            let y = map_float64(batch.float64("x")?, |x| {
                (0..25).fold(0.0, |y, place| y * x + 1.0 / f64::from(place + 1))
            })?;
            Ok(Output::new(columns![y]))
        })
}
