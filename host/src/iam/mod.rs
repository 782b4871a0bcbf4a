//! The least policy of AWS IAM for what is done with a project's stores and sources.
//!
//! A command is a set of [`Uses`], each use takes some actions on some tables and objects, and a policy is what all of them take, with one
//! statement for each kind of resource. `TransactWriteItems` is no action: what is in a transaction is authorised item by item
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>).
//! `cargo test -- dynamodb::iam s3::iam` compares policies with the requests that commands make.

mod at;
mod objects;
mod offline;
mod policy;
mod sources;
mod tables;
mod uses;

pub use at::{Account, AccountError, At};
pub use objects::{ObjectAction, Objects};
pub use policy::{Conditions, Policy, Statement, Texts};
pub use uses::{OfflineUse, Use, Uses};

use crate::definition::{OnlineStoreKind, Project};

/// What these uses take; nothing is taken of a store that is a folder, or of files.
pub fn policy(project: &Project, account: Option<&Account>, uses: &Uses) -> Policy {
    let mut statements = Vec::new();
    if let OnlineStoreKind::DynamoDb(store) = &project.stores.online {
        let at = At::new(store.region.as_deref(), account);
        statements.extend(tables::statements(store, &project.name, &at, &uses.online));
    }
    statements.extend(offline::statements(&project.stores, &project.name, &uses.offline));
    if uses.sources {
        statements.extend(sources::statements(project));
    }
    Policy::new(statements)
}

#[cfg(test)]
mod tests;
