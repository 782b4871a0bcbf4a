use std::collections::HashMap;

use sandglass_guest::prelude::*;

pub fn totals() -> Transformation {
    Transformation::keyed("totals")
        .input(
            Input::new(
                "sales",
                [
                    column::utf8("region"),
                    column::int64("store"),
                    column::timestamp("time"),
                    column::float64("amount").nullable(),
                ],
            )
            .keys(["region", "store"]),
        )
        .input(
            Input::new(
                "visits",
                [
                    column::utf8("area"),
                    column::int64("shop"),
                    column::timestamp("time"),
                    column::int32("visitors"),
                ],
            )
            .keys(["area", "shop"]),
        )
        .output([
            column::utf8("region"),
            column::int64("store"),
            column::float64("sales").nullable(),
            column::int64("visitors"),
            column::timestamp("first").nullable(),
        ])
        .emit(|_, group, out| {
            let sales = group.rows(0);
            let amounts = sales.float64("amount")?.iter().flatten();
            let sum = amounts.fold(0.0, |sum, amount| sum + amount);
            let first = sales.timestamp("time")?.values().first().copied();
            let visitors = group.rows(1).int32("visitors")?.values().iter();
            let visitors: i64 = visitors.map(|visitors| i64::from(*visitors)).sum();
            out.push((group.key(0), group.key(1), first.map(|_| sum), visitors, first))
        })
}

pub fn joined() -> Transformation {
    Transformation::interval("joined")
        .input(Input::new("facts", [column::int64("id"), column::utf8("name")]))
        .input(Input::new("factors", [column::utf8("name"), column::float64("factor")]))
        .output([column::int64("id"), column::float64("factor").nullable()])
        .emit(|_, inputs, out| {
            let factors = inputs.rows(1)?;
            let values = factors.float64("factor")?.values();
            let names = factors.utf8("name")?.iter().flatten();
            let by_name: HashMap<&str, f64> = names.zip(values.iter().copied()).collect();
            for facts in inputs.batches(0) {
                for (id, name) in facts.int64("id")?.iter().zip(facts.utf8("name")?) {
                    let factor = name.and_then(|name| by_name.get(name));
                    out.push((id, factor))?;
                }
            }
            Ok(())
        })
}

pub fn empty() -> Transformation {
    Transformation::interval("empty")
        .input(Input::new("rows", [column::int64("id")]))
        .output([column::int64("id"), column::utf8("text").nullable()])
        .emit(|_, _, _| Ok(()))
}
