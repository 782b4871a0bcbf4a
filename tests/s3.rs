//! Sources, the offline store and the registry in S3, on real servers that the tests start: what is true of folders is true of buckets.

mod faults;
mod iam;
mod journey;
mod kills;
mod places;
mod races;
mod signed;
mod sources;
