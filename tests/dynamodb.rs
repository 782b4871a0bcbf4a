//! The online store on DynamoDB: real projects on DynamoDB Local, which the tests start, and what a service does that is far away: it is
//! slow, it has too much to do, it answers half or not at all.

mod faults;
mod iam;
mod imports;
pub mod local;
mod prices;
mod projects;
mod tables;
mod writers;
