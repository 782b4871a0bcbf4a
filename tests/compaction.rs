//! What is online after passes of compaction, and what these take.

mod consolidation;
mod counts;
mod days;
mod full_disk;
mod healing;
pub mod kills;
mod reads;
mod schedule;
pub mod world;
