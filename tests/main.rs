//! The integration tests, one binary: topics as modules, each test with its own folder and clock. They run the program itself
//! where they can, and the library where they look closer.
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "one binary, in which a panic is a failed test"
)]

mod harness;

mod aggregates;
mod backfills;
mod bad_input;
mod boundary;
mod changed_sources;
mod compaction;
mod conformance;
mod definitions;
mod demo;
mod deterministic;
mod dynamodb;
mod foreign;
mod forget;
mod fuzz;
mod golden_cases;
mod guests;
mod hostile;
mod kills;
mod languages;
mod maintain;
mod new;
mod oracle;
mod poison;
mod s3;
mod scans;
mod schema;
mod sdk;
mod serving;
mod shared;
mod sources;
mod stores;
mod tables;
mod versions;
mod wall;
