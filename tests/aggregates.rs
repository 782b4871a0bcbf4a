//! Aggregations: what the program says, online, in training data and from the sources, against brute force over plain rows.

mod crash;
mod edges;
mod exact;
mod functions;
mod hot_key;
mod json;
mod oracle;
mod peers;
mod purchases;
mod random;
mod value;
mod world;
