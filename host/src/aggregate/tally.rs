//! Sorted runs: keys in ascending order, none twice, each with what is known of it.

use std::cmp::Ordering;
use std::fmt::Debug;

use super::codec::{Reader, put_varint};

/// What is known of a key. `join` is associative and commutative.
pub(super) trait Weight: Copy + Debug + Send + Sync + 'static {
    fn join(&mut self, other: Self);
    fn encode(self, out: &mut Vec<u8>);
    fn decode(reader: &mut Reader<'_>) -> Option<Self>;
}

/// That it is there.
impl Weight for () {
    fn join(&mut self, (): Self) {}

    fn encode(self, _: &mut Vec<u8>) {}

    fn decode(_: &mut Reader<'_>) -> Option<Self> {
        Some(())
    }
}

/// How often it is there; `u64::MAX` is that often or more.
impl Weight for u64 {
    fn join(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }

    fn encode(self, out: &mut Vec<u8>) {
        put_varint(self, out);
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        reader.varint().filter(|count| *count > 0)
    }
}

/// Missing keys up to so many are inserted one by one.
const FEW: usize = 8;

/// Joins a run into another.
pub(super) fn merge<K: Ord + Clone, W: Weight>(into: &mut Vec<(K, W)>, from: &[(K, W)]) {
    let missing = join(into, from);
    insert(into, missing);
}

/// Joins the weights of the keys that are there; answers what is missing.
pub(super) fn join<K: Ord + Clone, W: Weight>(into: &mut [(K, W)], from: &[(K, W)]) -> Vec<(K, W)> {
    if into.is_empty() {
        return from.to_vec();
    }
    let mut rest = into;
    let mut missing = Vec::new();
    for (key, weight) in from {
        let at = lower_bound(rest, key);
        rest = &mut rest[at..];
        match rest.first_mut() {
            Some((found, known)) if found == key => known.join(*weight),
            _ => missing.push((key.clone(), *weight)),
        }
    }
    missing
}

/// Inserts a run of keys that are not there.
pub(super) fn insert<K: Ord, W>(into: &mut Vec<(K, W)>, missing: Vec<(K, W)>) {
    if into.is_empty() {
        *into = missing;
    } else if missing.len() <= FEW {
        for entry in missing {
            let at = lower_bound(into, &entry.0);
            into.insert(at, entry);
        }
    } else {
        into.extend(missing);
        // The standard library's stable sort finds the two runs and merges them.
        into.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
}

/// Makes runs of keys in any order that are not there, each in its group, and inserts them.
pub(super) fn insert_rows<K: Ord, W: Weight>(mut rows: Vec<(usize, K, W)>, mut into: impl FnMut(usize, Vec<(K, W)>)) {
    rows.sort_unstable_by(|(a, x, _), (b, y, _)| a.cmp(b).then_with(|| x.cmp(y)));
    let mut run: Vec<(K, W)> = Vec::new();
    let mut at = 0;
    for (group, key, weight) in rows {
        if group != at && !run.is_empty() {
            into(at, std::mem::take(&mut run));
        }
        at = group;
        match run.last_mut() {
            Some((last, known)) if *last == key => known.join(weight),
            _ => run.push((key, weight)),
        }
    }
    if !run.is_empty() {
        into(at, run);
    }
}

/// How many keys are less than one. Quick if there are few: the run is looked at in growing steps.
fn lower_bound<K: Ord, W>(run: &[(K, W)], key: &K) -> usize {
    let less = |(other, _): &(K, W)| other.cmp(key) == Ordering::Less;
    let mut step = 1;
    while step <= run.len() && less(&run[step - 1]) {
        step *= 2;
    }
    let from = step / 2;
    from + run[from..run.len().min(step)].partition_point(less)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn run(keys: &[u8]) -> Vec<(u8, u64)> {
        let mut counts = BTreeMap::new();
        for key in keys {
            *counts.entry(*key).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    proptest! {
        #[test]
        fn runs_are_merged(a in any::<Vec<u8>>(), b in any::<Vec<u8>>()) {
            let mut merged = run(&a);
            merge(&mut merged, &run(&b));
            prop_assert_eq!(merged, run(&[a, b].concat()));
        }

        #[test]
        fn rows_are_inserted(rows in proptest::collection::vec((0_usize..3, any::<u8>()), 0..60)) {
            let mut runs = [const { Vec::new() }; 3];
            let with_weight = rows.iter().map(|(group, key)| (*group, *key, 1_u64)).collect();
            insert_rows(with_weight, |group, run| insert(&mut runs[group], run));
            for (group, found) in runs.iter().enumerate() {
                let keys: Vec<u8> = rows.iter().filter(|row| row.0 == group).map(|row| row.1).collect();
                prop_assert_eq!(found, &run(&keys));
            }
        }
    }
}
