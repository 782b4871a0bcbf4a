//! What commands do with the stores and the sources.

use std::collections::BTreeSet;

/// Something that is done with a project's online store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Looks at what is live.
    Look,
    /// Reads items by their keys.
    Read,
    /// Looks for keys among all items.
    Find,
    /// Makes a generation beside the live one, item by item or by an import, or goes on with one, or gives it up.
    Load,
    /// Writes and deletes items of what is live.
    Change,
    /// Switches to a generation, or ends that anything is live.
    Switch,
    /// Drops what nobody reads and what was cut off.
    Sweep,
}

/// Something that is done with its offline store, and with the registry beside that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfflineUse {
    /// Reads what is applied, with its components.
    Know,
    /// Makes an application.
    Apply,
    /// Tries, before the first one, whether the server takes notice of conditions.
    Probe,
    /// Reads what is kept of API keys.
    Admit,
    /// Makes and removes API keys.
    Issue,
    /// Reads tables, and what lies beside them.
    Scan,
    /// Commits to tables, and removes what their logs have kept for long.
    Commit,
    /// Commits to tables of rows, and removes rows that are not committed.
    Gather,
    /// Writes files of tables anew, and removes those that nobody reads.
    Rewrite,
    /// Removes failures that were made good.
    Settle,
    /// Looks which versions there are.
    Trace,
    /// Removes versions that nobody goes back to, and what was cut off.
    Drop,
    /// Removes all that there is of a view.
    Raze,
}

/// What is done with all of them together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// With the online store.
    pub online: BTreeSet<Use>,
    /// With the offline store.
    pub offline: BTreeSet<OfflineUse>,
    /// Whether sources are read.
    pub sources: bool,
}

impl Uses {
    /// These of the stores, and nothing of the sources.
    pub fn of(online: &[Use], offline: &[OfflineUse]) -> Self {
        Self {
            online: online.iter().copied().collect(),
            offline: offline.iter().copied().collect(),
            sources: false,
        }
    }

    /// The same with the sources.
    #[must_use]
    pub fn with_sources(self) -> Self {
        Self { sources: true, ..self }
    }

    /// Both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.online.extend(other.online);
        self.offline.extend(other.offline);
        self.sources |= other.sources;
        self
    }
}
