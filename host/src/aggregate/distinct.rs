use std::collections::{BTreeSet, VecDeque};

use super::class::Native;
use super::ordered::{Entry, Keep, Ordered};

/// The first or the last distinct values, each by its own first or last row, oldest first. Zeros count as one value, and so do NaN.
///
/// It is enough that a state keeps as many as the result has. Say first; last is its mirror. Let `v` be of the result, and look at a
/// state whose rows have the first one of `v`. What comes before it there comes before it in all rows, as a value's first row of all
/// is no later than its first row there; so fewer than `n` values do, and the state has kept `v` with its first row. A merge takes the
/// earlier row of a value that both states have. So it has the whole result with the right rows, and whatever else it has comes
/// after that, since no row that is kept is earlier than the value's first.
pub(super) type Distinct<V> = Ordered<V, Once>;

/// One row stands for all of its value.
#[derive(Debug, Clone)]
pub(super) struct Once;

impl<V: Native> Keep<V> for Once {
    fn form(value: V) -> V {
        value.canonical()
    }

    /// Looked for from the end, as it is mostly the recent values that come again.
    fn rival(entries: &VecDeque<Entry<V>>, value: &V) -> Option<usize> {
        entries.iter().rposition(|entry| entry.value == *value)
    }

    fn is_new<'a>(seen: &mut BTreeSet<&'a V>, value: &'a V) -> bool {
        seen.insert(value)
    }
}
