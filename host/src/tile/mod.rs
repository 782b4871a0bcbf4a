//! Windows and tiles: which rows a value is made of, and how it is made of the tiles that hold them.
//!
//! A tile is what the rows of one key in one aggregation interval come to, as states of aggregations. A window's value is the
//! finalized merge of the tiles that lie in it, whoever asks: materialization, training data, `explain`.

mod levels;
mod spec;
#[cfg(test)]
mod tests;
mod window;
mod windows;

pub use levels::{Cover, tiles_within};
pub use spec::{Output, START, SpecError, TileColumn, TileFeature, TileSpec, tile_around};
pub use window::{TimeWindow, WindowError};
pub use windows::{Flushed, TileError, Tiles, Windows};
