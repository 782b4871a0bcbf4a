//! What is run, for each transformation of the kit.

mod columns;
mod contexts;
mod keyed;
mod rows;
mod words;

use super::case::Case;

/// Every case.
pub(super) fn all() -> Vec<Case> {
    [
        columns::cases(),
        rows::cases(),
        keyed::cases(),
        contexts::cases(),
        words::cases(),
    ]
    .concat()
}
