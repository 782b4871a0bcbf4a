//! Feature tables: rows that are brought, in every format, online and in training data, whatever comes in between.

mod columns;
mod files;
mod full_disk;
pub mod http;
mod oracle;
mod refusals;
mod uses;
pub mod world;
