//! Transformations that the boundary's benchmark runs.

mod kernels;

use kernels::{fifty_flops, is_dear, polynomial};
use sandglass_guest::prelude::*;

fn numbers() -> [Column; 2] {
    [column::int64("id"), column::float64("amount")]
}

/// Keeps what is above a limit.
fn filter() -> Transformation {
    Transformation::row("filter")
        .input(Input::new("rows", numbers()))
        .parameter(Parameter::float64("limit").doc("Rows above it stay."))
        .output(numbers())
        .run(|context, batch| {
            let limit = context.float64("limit")?;
            let amounts = batch.float64("amount")?.values();
            Ok(Output::retain(batch, |row| is_dear(amounts[row], limit)))
        })
}

/// The same, where one column decides.
fn filter_by() -> Transformation {
    Transformation::row("filter_by")
        .input(Input::new("rows", numbers()))
        .parameter(Parameter::float64("limit").doc("Rows above it stay."))
        .output(numbers())
        .run(|context, batch| {
            let limit = context.float64("limit")?;
            Ok(Output::retain_by(batch, batch.float64("amount")?, |amount| {
                is_dear(amount, limit)
            }))
        })
}

/// The same, as a user without `retain` has it.
fn filter_by_taking() -> Transformation {
    Transformation::row("filter_by_taking")
        .input(Input::new("rows", numbers()))
        .parameter(Parameter::float64("limit").doc("Rows above it stay."))
        .output(numbers())
        .run(|context, batch| {
            let limit = context.float64("limit")?;
            let amounts = batch.float64("amount")?.values();
            let kept = batch.rows_where(|row| is_dear(amounts[row], limit));
            Ok(Output::batch(batch.take_rows(&kept)?).source_rows(kept))
        })
}

fn computes(name: &str, compute: impl Fn(&Float64Array) -> Result<Float64Array> + 'static) -> Transformation {
    Transformation::aligned(name)
        .input(Input::new("rows", [column::float64("amount")]))
        .output([column::float64("score")])
        .run(move |_, batch| Ok(Output::new(columns![compute(batch.float64("amount")?)?])))
}

/// Computes a column.
fn flops() -> Transformation {
    computes("flops", |amounts| map_float64(amounts, fifty_flops))
}

/// The same by Arrow's own means.
fn flops_by_unary() -> Transformation {
    computes("flops_by_unary", |amounts| Ok(amounts.unary(fifty_flops)))
}

/// As much to compute, with more constants than there are registers.
fn polynomials() -> Transformation {
    computes("polynomials", |amounts| map_float64(amounts, polynomial))
}

/// Returns text as it is.
fn pass_utf8() -> Transformation {
    Transformation::aligned("pass_utf8")
        .input(Input::new("rows", [column::utf8("text")]))
        .output([column::utf8("text")])
        .run(|_, batch| Ok(Output::batch(batch.clone())))
}

/// Returns numbers as they are.
fn pass() -> Transformation {
    Transformation::aligned("pass")
        .input(Input::new("rows", numbers()))
        .output(numbers())
        .run(|_, batch| Ok(Output::batch(batch.clone())))
}

/// What the benchmark of request views computes: an amount beside what has been spent.
fn score() -> Transformation {
    Transformation::aligned("score")
        .input(Input::new(
            "rows",
            [
                column::float64("amount"),
                column::float64("amount_sum_30d_1d").nullable(),
                column::int64("amount_count_30d_1d").nullable(),
            ],
        ))
        .output([column::float64("times_average").nullable()])
        .run(|_, batch| {
            let (sums, counts) = (batch.float64("amount_sum_30d_1d")?, batch.int64("amount_count_30d_1d")?);
            let times: Float64Array = batch
                .float64("amount")?
                .iter()
                .zip(sums)
                .zip(counts)
                .map(|((amount, sum), count)| Some(amount? / (sum? / count? as f64)))
                .collect();
            Ok(Output::new(columns![times]))
        })
}

sandglass_guest::export!(
    filter,
    filter_by,
    filter_by_taking,
    flops,
    flops_by_unary,
    pass,
    pass_utf8,
    polynomials,
    score,
);
