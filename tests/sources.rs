//! Sources of every format and layout: the same rows give the same features, what cannot be meant is not read, and nothing is
//! lost without a word.

pub mod delta;
mod explain;
mod folders;
mod formats;
mod lines;
mod schemas;
pub mod world;
