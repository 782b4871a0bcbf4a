//! `sandglass maintain`: fewer files, shorter logs, nothing that nobody can go back to, and the same rows, tiles, items and answers.

pub mod kills;
mod tables;
mod versions;
pub mod world;
mod year;

pub use world::{below, copy};
