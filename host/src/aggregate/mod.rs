//! The aggregation algebra: prepare, update, merge, finalize, encode and decode, over groups of rows.
//!
//! 1. [`Function`] is what a definition asks for, as text with its parameters checked: `last_distinct(10)`.
//! 2. [`Aggregation`] binds it to a column's type, or refuses that type, and prepares columns ([`Class`]).
//! 3. [`States`] are the states of any number of groups: rows are folded in by group, states merged, merged over sliding
//!    spans, written as bytes and read back, and finalized into a column. What a user's own aggregation in Wasm would answer.
//! 4. [`Aggregator`](states::Aggregator) is one function over one group; one file each.
//!
//! Laws, all with `==` on bytes (`laws`): merge is associative and commutative and has the empty state as its identity;
//! the states of any split of rows merge to the state of all of them, in any order; decode(encode(x)) = x; what is merged
//! from is not changed. So no result depends on how rows were split into batches, tiles, jobs or machines.

mod aggregation;
mod buckets;
mod capped;
mod class;
mod codec;
mod count;
mod distinct;
mod error;
mod exact;
mod extreme;
mod function;
mod hash;
mod histogram;
mod lists;
mod moments;
mod nested;
mod number;
mod ordered;
mod registers;
mod round;
mod short;
mod slide;
mod states;
mod sum;
mod tally;
mod top;
mod unique;

pub use aggregation::{Aggregation, Refused};
pub use class::Class;
pub use error::StateError;
pub use function::{FUNCTIONS, Function, FunctionError, StateKind};
pub use states::{Finalized, Order, Rows, States};

#[cfg(test)]
mod laws;
#[cfg(test)]
mod samples;
