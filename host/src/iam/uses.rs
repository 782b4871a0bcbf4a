//! What commands do with the stores.

/// Something that is done with a project's stores.
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
