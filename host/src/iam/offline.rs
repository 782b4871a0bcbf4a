//! Objects of the offline store, and of the registry beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::at::At;
use super::objects::{ObjectAction, Objects};
use super::policy::Statement;
use super::uses::OfflineUse;
use crate::definition::{Stores, split_bucket};
use crate::workspace::Workspace;

/// Objects that are used alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    /// Applications and components.
    Registry,
    /// What is kept of API keys.
    Keys,
    /// What tries conditions.
    Probe,
    /// Tables, and what lies beside them.
    Tables,
    /// Their logs.
    Logs,
    /// Tables of rows.
    Rows,
    /// What is kept of jobs that failed.
    Failures,
    /// Nothing of its own: views, of which versions are the folders.
    Views,
    /// What says that a version is being dropped.
    Marks,
}

impl Kept {
    fn sid(self) -> &'static str {
        match self {
            Self::Registry => "Registry",
            Self::Keys => "RegistryKeys",
            Self::Probe => "RegistryProbe",
            Self::Tables => "Offline",
            Self::Logs => "OfflineLogs",
            Self::Rows => "OfflineRows",
            Self::Failures => "OfflineFailures",
            Self::Views => "OfflineViews",
            Self::Marks => "OfflineDropped",
        }
    }

    /// What the names of such objects are like. A version's folder begins with `v`, and nothing in the registry does: so who writes tables
    /// writes no application and no key.
    fn names(self, store: &str, workspace: &Workspace) -> Vec<String> {
        let registry = |below: &str| format!("{store}{}/{below}", workspace.registry_path());
        let versions = |below: &str| format!("{store}{workspace}/*/{below}");
        match self {
            Self::Registry => ["applied/*", "components/*"].map(registry).to_vec(),
            Self::Keys => vec![registry("keys/*")],
            Self::Probe => vec![registry(".*.tmp")],
            Self::Tables => vec![versions("v*")],
            Self::Logs => vec![versions("v*/_delta_log/*")],
            Self::Rows => vec![versions("v*/rows/*")],
            Self::Failures => vec![versions("v*/failed/*")],
            Self::Views => vec![versions("")],
            Self::Marks => vec![versions(".dropped-v*")],
        }
    }
}

const READ: [ObjectAction; 2] = [ObjectAction::List, ObjectAction::Get];
const WRITE: [ObjectAction; 2] = [ObjectAction::Put, ObjectAction::Abort];

/// What a use takes. What may not be there is looked for by who may list.
fn rights(wanted: OfflineUse) -> Vec<(Kept, Vec<ObjectAction>)> {
    use ObjectAction::{Delete, Get, List, Put};
    match wanted {
        OfflineUse::Know => vec![(Kept::Registry, READ.to_vec())],
        OfflineUse::Apply => vec![(Kept::Registry, vec![Put])],
        // It looks for what it has made.
        OfflineUse::Probe => vec![(Kept::Probe, vec![Get, Put, Delete])],
        OfflineUse::Admit => vec![(Kept::Keys, READ.to_vec())],
        OfflineUse::Issue => vec![(Kept::Keys, vec![Put, Delete])],
        OfflineUse::Scan => vec![(Kept::Tables, READ.to_vec())],
        OfflineUse::Commit => vec![(Kept::Tables, WRITE.to_vec()), (Kept::Logs, vec![Delete])],
        OfflineUse::Gather => vec![(Kept::Tables, WRITE.to_vec()), (Kept::Rows, vec![Delete])],
        OfflineUse::Rewrite => vec![(Kept::Tables, [&WRITE[..], &[Delete]].concat())],
        OfflineUse::Settle => vec![(Kept::Failures, vec![Delete])],
        OfflineUse::Trace => vec![(Kept::Views, vec![List])],
        OfflineUse::Drop => vec![
            (Kept::Views, vec![List]),
            (Kept::Tables, vec![Delete]),
            (Kept::Marks, vec![List, Get, Put, Delete]),
            // What was cut off there, too.
            (Kept::Keys, vec![List]),
        ],
        OfflineUse::Raze => vec![
            (Kept::Views, vec![List]),
            (Kept::Tables, vec![Delete]),
            (Kept::Marks, vec![Delete]),
        ],
    }
}

/// What these uses take of a store; nothing of one that is a folder.
pub(super) fn statements(stores: &Stores, workspace: &Workspace, uses: &BTreeSet<OfflineUse>) -> Vec<Statement> {
    let Some((bucket, path)) = split_bucket(&stores.offline) else {
        return Vec::new();
    };
    let store = match path {
        "" => String::new(),
        path => format!("{path}/"),
    };
    let at = At::new(stores.offline_at.region.as_deref(), None);
    let mut all: BTreeMap<Kept, BTreeSet<ObjectAction>> = BTreeMap::new();
    for (kept, actions) in uses.iter().flat_map(|wanted| rights(*wanted)) {
        all.entry(kept).or_default().extend(actions);
    }
    let each = all.iter().flat_map(|(kept, actions)| {
        let names = kept.names(&store, workspace);
        let objects = Objects {
            sid: kept.sid(),
            bucket,
            names: &names,
            listed: &names,
        };
        objects.statements(&at, actions)
    });
    each.collect()
}
