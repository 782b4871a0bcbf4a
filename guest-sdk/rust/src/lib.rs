//! Write Sandglass transformations in Rust.
//!
//! A transformation is a function from rows to rows. You describe its columns, write the function, and name it in one line of
//! [`export!`]; Sandglass builds the crate to a WebAssembly component and feeds it rows.
//!
//! ```toml
//! [package]
//! name = "purchases"
//! version = "0.1.0"
//! edition = "2024"
//!
//! [lib]
//! crate-type = ["cdylib", "rlib"]        # rlib, so that tests can use it
//!
//! [dependencies]
//! sandglass-guest = { path = "…/guest-sdk/rust" }
//!
//! [profile.release]
//! opt-level = 3
//! lto = true
//! codegen-units = 1
//! panic = "abort"
//! ```
//!
//! # Rows one by one
//! `row` transformations return any number of rows for each row in, and [`aligned`](Transformation::aligned) ones exactly one.
//! Columns are Arrow arrays over the bytes that the host handed in; nothing is copied.
//!
//! ```
//! use sandglass_guest::prelude::*;
//!
//! fn big_spenders() -> Transformation {
//!     Transformation::row("big_spenders")
//!         .doc("Purchases above a limit, in cents.")
//!         .input(Input::new("purchases", [column::int64("customer_id"), column::timestamp("timestamp"), column::float64("amount")]))
//!         .parameter(Parameter::float64("limit").default(100.0).doc("Dollars."))
//!         .output([column::int64("customer_id"), column::timestamp("timestamp"), column::int64("cents")])
//!         .run(|context, batch| {
//!             let limit = context.float64("limit")?;
//!             let (ids, times, amounts) = (batch.int64("customer_id")?, batch.timestamp("timestamp")?, batch.float64("amount")?);
//!             let kept: Vec<u32> = (0..batch.rows()).filter(|&row| amounts.value(row as usize) > limit).collect();
//!             let id = Int64Array::from_iter_values(kept.iter().map(|&row| ids.value(row as usize)));
//!             let time = timestamps(kept.iter().map(|&row| times.value(row as usize)));
//!             let cents = Int64Array::from_iter_values(kept.iter().map(|&row| (amounts.value(row as usize) * 100.0) as i64));
//!             Ok(Output::new(columns![id, time, cents]).source_rows(kept))
//!         })
//! }
//! sandglass_guest::export!(big_spenders);
//!
//! // A unit test, without WebAssembly: what the host would hand in, and what it would see.
//! let rows = testing::batch([
//!     ("customer_id", array(Int64Array::from(vec![1, 2]))),
//!     ("timestamp", array(timestamps([0, 0]))),
//!     ("amount", array(Float64Array::from(vec![99.0, 101.5]))),
//! ]);
//! let out = testing::Test::new(big_spenders()).run([rows]).unwrap();
//! assert_eq!(out.batch.int64("cents").unwrap().values(), &[10150]);
//! assert_eq!(out.source_rows, Some(vec![1]));
//! ```
//!
//! # Rows of a key together
//! A `keyed` transformation gets all rows of a key at once, of every input, each sorted by time. It implements [`Keyed`]:
//! [`group`](Keyed::group) is called for each key, [`take`](Keyed::take) hands over what was made of them.
//!
//! ```
//! use sandglass_guest::prelude::*;
//!
//! struct Totals { interval: Interval, ids: Vec<i64>, totals: Vec<f64> }
//!
//! impl Keyed for Totals {
//!     fn group(&mut self, group: &Group<'_>) -> Result<()> {
//!         let rows = group.rows(0);
//!         self.ids.push(rows.int64("customer_id")?.value(0));
//!         self.totals.push(rows.float64("amount")?.values().iter().sum());
//!         Ok(())
//!     }
//!     fn take(&mut self) -> Result<Output> {
//!         let times = timestamps(self.ids.iter().map(|_| self.interval.end - 1));
//!         let (ids, totals) = (std::mem::take(&mut self.ids), std::mem::take(&mut self.totals));
//!         Ok(Output::new(columns![Int64Array::from(ids), times, Float64Array::from(totals)]))
//!     }
//! }
//!
//! fn totals() -> Transformation {
//!     Transformation::keyed("totals")
//!         .input(Input::new("purchases", [column::int64("customer_id"), column::timestamp("timestamp"), column::float64("amount")])
//!             .keys(["customer_id"]))
//!         .output([column::int64("customer_id"), column::timestamp("timestamp"), column::float64("total")])
//!         .run(|context| Ok(Totals { interval: context.interval()?, ids: vec![], totals: vec![] }))
//! }
//! sandglass_guest::export!(totals);
//! ```
//!
//! An `interval` transformation gets a whole interval in one run and implements [`Whole`].
//!
//! # What goes wrong
//! `?` works on every error. An [`Error`] ends the run; say with [`Error::input`] that the rows are to blame, and which one with
//! [`Error::row`]. A row that you cannot use but need not stop for is [rejected](Output::reject) with a reason: it is counted,
//! and the view's `max_rejected` decides how many a job may have. A panic ends the run too, its message in the log.
//! [`debug!`], [`info!`], [`warn!`] and [`error!`] log.
//!
//! # What is not there
//! No clock, no randomness, no files, no network: the interval is in the [`Context`], and the same rows give the same answer.

mod batch;
#[doc(hidden)]
pub mod bindings;
pub mod column;
#[doc(hidden)]
pub mod component;
mod context;
mod contract;
mod convert;
mod error;
mod group;
mod log;
mod output;
mod run;
pub mod testing;
mod transformation;

pub use batch::Columns;
pub use context::{Context, Interval, Mode};
pub use contract::{Input, Parameter, Value};
pub use error::{Error, FailureKind, Result};
pub use group::Group;
pub use log::Level;
#[doc(hidden)]
pub use log::log;
pub use output::{Output, array, timestamps};
pub use transformation::{AlignedScope, Builder, IntervalScope, Keyed, KeyedScope, RowScope, Transformation, Whole};

/// Arrow's crates, as this crate uses them.
pub use {arrow_array, arrow_buffer, arrow_schema};

/// What a transformation needs.
pub mod prelude {
    pub use crate::{
        Columns, Context, Error, Group, Input, Interval, Keyed, Mode, Output, Parameter, Result, Transformation, Whole,
        array, column, columns, testing, timestamps,
    };
    pub use arrow_array::{
        Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array, Int32Array, Int64Array,
        RecordBatch, StringArray, TimestampMicrosecondArray, builder,
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
            type Exported = $crate::component::Component<Author>;
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::__export_component!(Exported with_types_in $crate::component::bindings);
        };
    };
}
