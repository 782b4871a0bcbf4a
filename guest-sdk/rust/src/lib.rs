//! Write Sandglass transformations in Rust.
//!
//! A transformation is a function from rows to rows. You describe its columns, write the function, and name it in one line of
//! [`export!`]; Sandglass builds the crate to a WebAssembly component and feeds it rows.
//!
//! # A crate
//! ```toml
//! [package]
//! name = "purchases"
//! version = "0.1.0"
//! edition = "2024"
//!
//! [lib]
//! crate-type = ["cdylib", "rlib"]        # cdylib is the component, rlib is for tests
//!
//! [dependencies]
//! sandglass-guest = { path = "…/guest-sdk/rust" }
//!
//! [profile.release]
//! opt-level = 3
//! lto = true
//! codegen-units = 1
//! panic = "abort"
//!
//! [workspace]                            # unless the crate is a member of one
//! ```
//!
//! `sandglass build` compiles it for `wasm32-unknown-unknown` with `-C target-feature=+simd128`, which by hand is
//! `RUSTFLAGS="-C target-feature=+simd128" cargo build --release --target wasm32-unknown-unknown`. Natively [`export!`] does
//! nothing, so `cargo test` tests the same functions without WebAssembly.
//!
//! # Rows one by one
//! A [`row`](Transformation::row) transformation returns any number of rows for each row in. Its simplest form emits them one
//! by one, and says which row of the batch each came from: the host counts by it, and names the row when something is wrong.
//!
//! ```
//! use sandglass_guest::prelude::*;
//!
//! fn units() -> Transformation {
//!     Transformation::row("units")
//!         .doc("One row for each unit bought.")
//!         .input(Input::new("purchases", [
//!             column::int64("customer_id"),
//!             column::timestamp("timestamp"),
//!             column::int64("quantity"),
//!         ]))
//!         .parameter(Parameter::int64("most").default(100).doc("Quantities above are rejected."))
//!         .output([column::int64("customer_id"), column::timestamp("timestamp"), column::int64("unit")])
//!         .emit(|context, batch, out| {
//!             let most = context.int64("most")?;
//!             let (ids, times) = (batch.int64("customer_id")?, batch.timestamp("timestamp")?);
//!             let quantities = batch.int64("quantity")?;
//!             for row in 0..batch.rows() {
//!                 let (id, time) = (ids.value(row as usize), times.value(row as usize));
//!                 match quantities.value(row as usize) {
//!                     quantity if quantity > most => out.reject(row, format!("a quantity of {quantity}")),
//!                     quantity => {
//!                         for unit in 0..quantity {
//!                             out.emit(row, (id, time, unit))?;
//!                         }
//!                     }
//!                 }
//!             }
//!             Ok(())
//!         })
//! }
//! sandglass_guest::export!(units);
//!
//! // A unit test: what the host would hand in, and what it would see.
//! let rows = testing::batch([
//!     ("customer_id", array(Int64Array::from(vec![1, 2, 3]))),
//!     ("timestamp", array(timestamps([0, 0, 0]))),
//!     ("quantity", array(Int64Array::from(vec![2, 99, 1]))),
//! ]);
//! let out = testing::Test::new(units()).parameter("most", 10).run([rows]).unwrap();
//! assert_eq!(out.batch.int64("unit").unwrap().values(), &[0, 1, 0]);
//! assert_eq!(out.source_rows, Some(vec![0, 0, 2]));
//! assert_eq!(out.rejected, [(1, "a quantity of 99".to_owned())]);
//! ```
//!
//! Cells are Rust values in the order of the output's columns: see [`Cell`]. `Option`s are for nullable columns.
//!
//! # Columns at once
//! What computes whole columns is faster. Columns of a batch are Arrow arrays over the bytes that the host handed in, found by
//! name and type ([`Columns`]); nothing is copied. [`columns!`] makes an [`Output`] of arrays, and [`map_float64`] computes one.
//! A filter is [`Output::retain`], or [`Output::retain_by`] where one column decides. What keeps rows and changes them takes
//! [`rows_where`](Columns::rows_where) and [`take_rows`](Columns::take_rows), and says what it kept with
//! [`source_rows`](Output::source_rows).
//!
//! ```
//! use sandglass_guest::prelude::*;
//!
//! fn in_cents() -> Transformation {
//!     Transformation::aligned("in_cents")
//!         .input(Input::new("purchases", [column::timestamp("timestamp"), column::float64("amount").nullable()]))
//!         .output([column::timestamp("timestamp"), column::float64("cents").nullable()])
//!         .run(|_, batch| {
//!             let cents = map_float64(batch.float64("amount")?, |dollars| dollars * 100.0)?;
//!             Ok(Output::new(columns![batch.timestamp("timestamp")?.clone(), cents]))
//!         })
//! }
//!
//! fn dear() -> Transformation {
//!     Transformation::row("dear")
//!         .input(Input::new("purchases", [column::timestamp("timestamp"), column::float64("amount")]))
//!         .parameter(Parameter::float64("limit").default(100.0).doc("Dollars."))
//!         .output([column::timestamp("timestamp"), column::float64("amount")])
//!         .run(|context, batch| {
//!             let limit = context.float64("limit")?;
//!             Ok(Output::retain_by(batch, batch.float64("amount")?, |amount| amount > limit))
//!         })
//! }
//! sandglass_guest::export!(in_cents, dear);
//! # let rows = || testing::batch([("timestamp", array(timestamps([0, 1]))), ("amount", array(Float64Array::from(vec![1.0, 101.0])))]);
//! # assert_eq!(testing::Test::new(in_cents()).run([rows()]).unwrap().batch.float64("cents").unwrap().values(), &[100.0, 10100.0]);
//! # assert_eq!(testing::Test::new(dear()).run([rows()]).unwrap().source_rows, Some(vec![1]));
//! ```
//!
//! Memory that came in goes out again without a copy: a column of the batch that is part of the output, whoever else holds it,
//! and the columns of `retain`, which are made in their own memory where nobody else does.
//!
//! An [`aligned`](Transformation::aligned) transformation returns one row for each row in, in the same order, and cannot
//! reject any.
//!
//! # Requests
//! The transformation of a request view is aligned, too: its rows are what a request brings along beside what is known already,
//! or the rows of training data. Features of other views may be null. [`Context::request_time`] is the time of the request, or
//! of the row.
//!
//! ```
//! use sandglass_guest::prelude::*;
//!
//! fn days_since_last() -> Transformation {
//!     Transformation::aligned("days_since_last")
//!         .input(Input::new("request", [
//!             column::float64("amount"),
//!             column::timestamp("last_purchase").nullable(),
//!         ]))
//!         .output([column::float64("amount_per_day").nullable()])
//!         .run(|context, batch| {
//!             let now = context.request_time()?;
//!             let lasts = batch.timestamp("last_purchase")?;
//!             let per_day = batch.float64("amount")?.iter().zip(lasts).map(|(amount, last)| {
//!                 let days = (now - last?) as f64 / 86_400e6;
//!                 Some(amount? / days.max(1.0))
//!             });
//!             Ok(Output::new(columns![per_day.collect::<Float64Array>()]))
//!         })
//! }
//! sandglass_guest::export!(days_since_last);
//! # let rows = testing::batch([
//! #     ("amount", array(Float64Array::from(vec![8.0, 8.0]))),
//! #     ("last_purchase", array(timestamps([0, 3 * 86_400_000_000]))),
//! # ]);
//! # let test = || testing::Test::new(days_since_last());
//! # let out = test().request(4 * 86_400_000_000).run([rows.clone()]).unwrap();
//! # assert_eq!(out.batch.float64("amount_per_day").unwrap().values(), &[2.0, 8.0]);
//! # assert!(test().run([rows]).is_err());
//! ```
//!
//! # Rows of a key together
//! A [`keyed`](Transformation::keyed) transformation is called once for each key, with all its rows of every input ([`Group`]),
//! each input's sorted by time. A key may be in one input and not in another.
//!
//! ```
//! use sandglass_guest::prelude::*;
//!
//! fn totals() -> Transformation {
//!     Transformation::keyed("totals")
//!         .input(
//!             Input::new("purchases", [
//!                 column::int64("customer_id"),
//!                 column::timestamp("timestamp"),
//!                 column::float64("amount"),
//!             ])
//!             .keys(["customer_id"]),
//!         )
//!         .output([column::int64("customer_id"), column::timestamp("timestamp"), column::float64("total")])
//!         .emit(|context, group, out| {
//!             let end = context.interval()?.end;
//!             let total: f64 = group.rows(0).float64("amount")?.values().iter().sum();
//!             out.push((group.key(0), end - 1, total))
//!         })
//! }
//! sandglass_guest::export!(totals);
//! # let rows = testing::batch([
//! #     ("customer_id", array(Int64Array::from(vec![2, 1, 2]))),
//! #     ("timestamp", array(timestamps([0, 0, 0]))),
//! #     ("amount", array(Float64Array::from(vec![1.0, 2.0, 3.0]))),
//! # ]);
//! # let out = testing::Test::new(totals()).run([rows]).unwrap();
//! # assert_eq!(out.batch.float64("total").unwrap().values(), &[2.0, 4.0]);
//! ```
//!
//! An [`interval`](Transformation::interval) transformation is called once, with everything ([`Inputs`]).
//!
//! Both have a form for columns, a value that is made once for a run: [`Keyed`] is given key after key, [`Whole`] batch after
//! batch, so that the interval need not be held. What wants every call of the contract, in any scope, implements [`Run`].
//!
//! # The context
//! [`Context`] tells the [`interval`](Context::interval) whose rows are to be made (or another [`Mode`]), the
//! [`range`](Context::range) that an input was filtered to, and the parameters that the feature view gives, by name and type.
//! Times are microseconds since 1970 in UTC; intervals are half open, `[start, end)`.
//!
//! # What goes wrong
//! `?` works on every error, and on text. An [`Error`] ends the run; say with [`Error::input`] that the rows are to blame, and
//! which one with [`Error::row`], or with [`Error::parameter`] that a parameter is. A row that you cannot use but need not stop
//! for is [rejected](Emitter::reject) with a reason, in the row scope: it is counted, and the view's `max_rejected` decides how
//! many a job may have. A panic ends the run too, its message in the log. [`debug!`], [`info!`], [`warn!`] and [`error!`] log.
//!
//! ```
//! use sandglass_guest::prelude::*;
//!
//! fn parse(text: &str, row: u32) -> Result<i64> {
//!     if text.is_empty() {
//!         sandglass_guest::warn!("row {row} is empty");
//!         return Err(Error::input("an empty text").row(row));
//!     }
//!     Ok(text.parse()?)
//! }
//! # assert!(parse("", 1).is_err() && parse("x", 1).is_err() && parse("7", 1).unwrap() == 7);
//! ```
//!
//! # Tests
//! [`testing::Test`] runs a transformation as the host would, through the same conversions and checks, and answers the rows, the
//! rows that they came from, rejected rows and log messages. `batch_rows` hands rows in by small batches.
//!
//! # What is not there
//! No clock, no randomness, no files, no network: the same context and rows give the same answer.

mod batch;
mod builder;
mod cell;
pub mod column;
#[doc(hidden)]
pub mod component;
mod context;
mod contract;
mod decode;
mod encode;
mod error;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod exports;
mod flat;
mod gather;
mod group;
#[doc(hidden)]
pub mod incoming;
mod inputs;
mod key;
mod log;
mod map;
mod output;
mod retain;
mod rows;
mod run;
mod runs;
mod schema;
pub mod testing;
mod transformation;
#[doc(hidden)]
pub mod wire;

pub use batch::Columns;
pub use cell::{Cell, Row};
pub use column::Column;
pub use context::{Context, Interval, Mode};
pub use contract::{Input, Parameter, Value};
pub use error::{Error, FailureKind, Result};
pub use group::{Group, GroupRows};
pub use inputs::Inputs;
pub use key::Key;
pub use log::Level;
#[doc(hidden)]
pub use log::log;
pub use map::map_float64;
pub use output::{Output, array, timestamps};
pub use rows::{Emitter, Rows};
pub use run::Run;
pub use transformation::{
    AlignedScope, Builder, IntervalScope, Keyed, KeyedScope, RowScope, Transformation, Whole,
};

/// Arrow's crates, as this crate uses them.
pub use {arrow_array, arrow_buffer, arrow_schema};

/// What a transformation needs.
pub mod prelude {
    pub use crate::{
        Column, Columns, Context, Emitter, Error, Group, GroupRows, Input, Inputs, Interval, Key,
        Keyed, Mode, Output, Parameter, Result, Rows, Run, Transformation, Whole, array, column,
        columns, map_float64, testing, timestamps,
    };
    pub use arrow_array::{
        Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array,
        Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, builder,
    };
}

/// Columns of an [`Output`], in the contract's order: `columns![ids, times, amounts]`.
#[macro_export]
macro_rules! columns {
    ($($column:expr),* $(,)?) => { ::std::vec![$($crate::array($column)),*] };
}

/// Names the transformations of a component: functions without arguments that return a [`Transformation`].
#[macro_export]
macro_rules! export {
    ($($transformation:path),+ $(,)?) => {
        const _: () = {
            struct Author;
            impl $crate::component::Author for Author {
                fn transformations() -> ::std::vec::Vec<$crate::Transformation> {
                    ::std::vec![$($transformation()),+]
                }
            }
            // Natively there is nothing to export; this keeps the transformations from being called unused.
            const _: fn() -> ::std::vec::Vec<$crate::Transformation> =
                <Author as $crate::component::Author>::transformations;
            #[cfg(target_arch = "wasm32")]
            $crate::__exports!(Author);
        };
    };
}
