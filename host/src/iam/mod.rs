//! The least policy of AWS IAM for what is done with a project's stores.
//!
//! A command is a set of [`Use`]s, each use takes some actions on some tables and objects, and a policy is what all of them take, with one
//! statement for each kind of resource. `TransactWriteItems` is no action: what is in a transaction is authorised item by item
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>).
//! `cargo test -- dynamodb::iam` compares policies with the requests that commands make.

mod at;
mod objects;
mod policy;
mod tables;
mod uses;

use std::collections::BTreeSet;

pub use at::{Account, AccountError, At};
pub use objects::{ObjectAction, Objects};
pub use policy::{Conditions, Policy, Statement};
pub use uses::Use;

use crate::definition::{OnlineStoreKind, Project};

/// What these uses of a project's stores take; nothing is taken of a store that is a folder.
pub fn policy(project: &Project, account: Option<&Account>, uses: &BTreeSet<Use>) -> Policy {
    let mut statements = Vec::new();
    if let OnlineStoreKind::DynamoDb(store) = &project.stores.online {
        let at = At::new(store.region.as_deref(), account);
        statements.extend(tables::statements(store, &project.name, &at, uses));
    }
    // Here come the buckets of other stores and of sources: [`Objects::statements`] of each.
    Policy::new(statements)
}

#[cfg(test)]
mod tests;
