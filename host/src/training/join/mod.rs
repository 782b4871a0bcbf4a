//! The point-in-time join: for each row of a spine the values of one view as of its time.
//!
//! Both sides come hash-partitioned and sorted by key, the spine then by time. A join goes over both once, in step, and hands the
//! spine on in the same order with the view's features behind its columns; so views of one entity follow each other without
//! another sort. It holds a batch of the spine, and of the other side what the current key needs: its latest row, or its
//! segments ([`crate::tile::Windows`]). Rows of keys that the spine does not have are left out before they are sorted.

mod cursor;
mod exchange;
mod latest;
mod node;
mod pieces;
mod sift;
mod through;
mod windowed;

pub(super) use node::Arrangement;
pub use node::{AsOf, PointInTimeExec, Side};
pub(super) use sift::KeySet;
