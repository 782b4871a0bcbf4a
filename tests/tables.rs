//! Feature tables: rows that are brought, in every format, online and in training data, whatever comes in between.

mod columns;
mod files;
mod http;
mod oracle;
mod refusals;
mod uses;
mod world;
