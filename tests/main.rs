//! The integration tests, one binary: topics as modules, each test with its own folder and clock. They run the program itself
//! where they can, and the library where they look closer.
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "one binary, in which a panic is a failed test"
)]

mod harness;

mod backfills;
mod bad_input;
mod definitions;
mod demo;
mod foreign;
mod fuzz;
mod guests;
mod kills;
mod oracle;
mod scans;
mod sdk;
