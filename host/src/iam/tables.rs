//! Tables of DynamoDB, and what their loads and keys take of other services.

use std::collections::BTreeSet;

use super::at::At;
use super::objects::{ObjectAction, Objects};
use super::policy::Statement;
use super::uses::Use;
use crate::definition::{CONTROL_TABLE, DynamoDb, SHARED_TABLE};
use crate::workspace::Workspace;

/// Actions by what they are about.
#[derive(Default)]
struct Rights {
    /// The table of what is live, of generations and of who builds.
    control: BTreeSet<&'static str>,
    /// The table that views share.
    shared: BTreeSet<&'static str>,
    /// Tables of one generation, and imports into them.
    own: BTreeSet<&'static str>,
    /// What is staged.
    staged: BTreeSet<ObjectAction>,
    /// Where an import writes what goes wrong.
    logs: BTreeSet<&'static str>,
    /// The key that tables are encrypted with.
    key: BTreeSet<&'static str>,
}

/// What makes a table, unless it is there, and lets its items expire.
const MAKE: [&str; 4] = ["CreateTable", "DescribeTable", "DescribeTimeToLive", "UpdateTimeToLive"];
/// What says that this process is there, and asks whether another one is.
const HOLD: [&str; 3] = ["DeleteItem", "GetItem", "PutItem"];
/// Written into a log group by ImportTable, in the name of who asks for it
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Requesting.html>).
const LOGS: [&str; 6] = [
    "CreateLogGroup",
    "CreateLogStream",
    "DescribeLogGroups",
    "DescribeLogStreams",
    "PutLogEvents",
    "PutRetentionPolicy",
];
/// DynamoDB asks KMS in the name of whoever makes a table, and of whoever uses one when it has not done so for some minutes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>).
const KEY_READ: [&str; 2] = ["Decrypt", "DescribeKey"];
const KEY_WRITE: [&str; 3] = ["Encrypt", "GenerateDataKey*", "ReEncrypt*"];
const KEY_MAKE: [&str; 1] = ["CreateGrant"];

impl Rights {
    fn of(store: &DynamoDb, uses: &BTreeSet<Use>) -> Self {
        let mut rights = Self::default();
        for wanted in uses {
            rights.add(*wanted);
            if store.staging.is_some() {
                rights.add_imports(store, *wanted);
            }
            if store.kms_key_id.is_some() {
                rights.add_key(*wanted);
            }
            if !store.tags.is_empty() && *wanted == Use::Load {
                // To make a table with tags takes it, too.
                for tables in [&mut rights.control, &mut rights.shared, &mut rights.own] {
                    tables.insert("TagResource");
                }
            }
        }
        rights
    }

    /// What every store takes.
    fn add(&mut self, wanted: Use) {
        match wanted {
            Use::Look => {
                self.control.insert("BatchGetItem");
            }
            Use::Read => {
                self.shared.insert("BatchGetItem");
                self.own.insert("BatchGetItem");
            }
            Use::Find => {
                self.shared.insert("Query");
                self.own.insert("Scan");
            }
            Use::Load => {
                for tables in [&mut self.control, &mut self.shared, &mut self.own] {
                    tables.extend(MAKE);
                    // In the table of what is live it removes the record of what is given up.
                    tables.insert("BatchWriteItem");
                }
                self.control.extend(HOLD);
                self.control.extend(["BatchGetItem", "Query", "UpdateItem"]);
                // What is loaded is counted if some key may have come twice, as keys that are stored by their hashes may have.
                self.shared.insert("Query");
                self.own.extend(["DeleteTable", "Scan"]);
            }
            Use::Change => {
                self.control.extend(HOLD);
                self.control
                    .extend(["BatchGetItem", "ConditionCheckItem", "UpdateItem"]);
                // Long items lie in several, written and deleted beside.
                self.shared.extend(["BatchWriteItem", "Query", "UpdateItem"]);
                self.own.extend(["BatchWriteItem", "UpdateItem"]);
            }
            Use::Switch => {
                self.control.extend(["BatchGetItem", "UpdateItem"]);
            }
            Use::Sweep => {
                self.control
                    .extend(["BatchWriteItem", "DeleteItem", "GetItem", "Query", "UpdateItem"]);
                self.shared.extend(["BatchWriteItem", "Query"]);
                self.own.extend(["DeleteTable", "DescribeTable"]);
            }
        }
    }

    /// What a store takes beside that imports its loads.
    fn add_imports(&mut self, store: &DynamoDb, wanted: Use) {
        match wanted {
            Use::Load => {
                self.own.extend(["BatchGetItem", "DescribeImport", "ImportTable"]);
                if store.warm_read_units.is_some() || store.warm_write_units.is_some() {
                    self.own.insert("UpdateTable");
                }
                // ImportTable reads, too, in the name of who asks for it.
                self.staged.extend([
                    ObjectAction::List,
                    ObjectAction::Get,
                    ObjectAction::Put,
                    ObjectAction::Delete,
                ]);
                self.logs.extend(LOGS);
            }
            Use::Sweep => {
                self.own.insert("DescribeImport");
                self.staged.extend([ObjectAction::List, ObjectAction::Delete]);
            }
            Use::Look | Use::Read | Use::Find | Use::Change | Use::Switch => {}
        }
    }

    fn add_key(&mut self, wanted: Use) {
        self.key.extend(KEY_READ);
        match wanted {
            Use::Look | Use::Read | Use::Find => {}
            Use::Change | Use::Switch | Use::Sweep => self.key.extend(KEY_WRITE),
            Use::Load => {
                self.key.extend(KEY_WRITE);
                self.key.extend(KEY_MAKE);
            }
        }
    }
}

/// What these uses take of a store, by the names that its tables and objects have.
pub(super) fn statements(store: &DynamoDb, workspace: &Workspace, at: &At, uses: &BTreeSet<Use>) -> Vec<Statement> {
    let rights = Rights::of(store, uses);
    let prefix = &store.table_prefix;
    let own = format!("{prefix}{}", workspace.tables());
    let table = |name: String| at.arn("dynamodb", &format!("table/{name}"));
    let tables = [
        ("Control", rights.control, table(format!("{prefix}{CONTROL_TABLE}"))),
        ("SharedItems", rights.shared, table(format!("{prefix}{SHARED_TABLE}"))),
        ("Generations", rights.own, table(format!("{own}*"))),
    ];
    let mut statements: Vec<Statement> = tables
        .into_iter()
        .filter_map(|(sid, actions, resource)| Statement::allow(sid, "dynamodb", actions, resource))
        .collect();
    if let Some(staging) = &store.staging {
        let names = match staging.prefix.as_str() {
            "" => format!("{own}*"),
            prefix => format!("{prefix}/{own}*"),
        };
        let names = [names];
        let staged = Objects {
            sid: "Staging",
            bucket: &staging.bucket,
            names: &names,
            listed: &names,
        };
        statements.extend(staged.statements(at, &rights.staged));
    }
    let logs = at.arn("logs", "log-group:/aws-dynamodb/*");
    statements.extend(Statement::allow("ImportLogs", "logs", rights.logs, logs));
    let key = store.kms_key_id.as_deref();
    statements.extend(key.and_then(|key| of_key(key, at, rights.key)));
    statements
}

/// What is allowed with a key, for DynamoDB to do. Of one that is called by an alias the ARN is not known, so it is told by that.
fn of_key(key: &str, at: &At, actions: BTreeSet<&'static str>) -> Option<Statement> {
    let (resource, alias) = match key.split_once("alias/") {
        Some(("", alias)) => (at.arn("kms", "key/*"), Some(alias)),
        Some((arn, alias)) => (format!("{arn}key/*"), Some(alias)),
        None if key.starts_with("arn:") => (key.to_owned(), None),
        None => (at.arn("kms", &format!("key/{key}")), None),
    };
    // China's services have another ending.
    let ending = if at.partition() == "aws-cn" { "*" } else { "" };
    let service = format!("dynamodb.{}.amazonaws.com{ending}", at.region);
    let allowed = Statement::allow("TablesKey", "kms", actions, resource)?;
    let allowed = allowed.with("StringLike", "kms:ViaService", service);
    Some(match alias {
        Some(alias) => allowed.with(
            "ForAnyValue:StringEquals",
            "kms:ResourceAliases",
            format!("alias/{alias}"),
        ),
        None => allowed,
    })
}
