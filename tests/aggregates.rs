//! Aggregations: what the program says, online, in training data and from the sources, against brute force over plain rows.

mod changes;
pub mod compaction;
pub mod crash;
mod edges;
mod exact;
mod explained;
mod functions;
mod gaps;
mod hot_key;
mod json;
mod keys;
mod manifests;
pub mod oracle;
mod outputs;
mod peers;
mod purchases;
mod random;
pub mod value;
pub mod world;
