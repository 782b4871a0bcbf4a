//! Transformations that the boundary's benchmark runs.

mod kernels;

use kernels::{fifty_flops, is_dear};
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

/// Computes a column.
fn flops() -> Transformation {
    Transformation::aligned("flops")
        .input(Input::new("rows", [column::float64("amount")]))
        .output([column::float64("score")])
        .run(|_, batch| {
            let scores = batch.float64("amount")?;
            let scores: Float64Array = scores.unary(fifty_flops);
            Ok(Output::new(columns![scores]))
        })
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

sandglass_guest::export!(filter, filter_by_taking, flops, pass, pass_utf8);
