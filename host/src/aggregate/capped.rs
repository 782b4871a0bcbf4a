//! Exact collections of values, as long as they are not too large.

use arrow::array::Array;

use super::class::Native;
use super::codec::{Reader, put_varint};
use super::tally::{self, Weight};

/// Distinct values that a state keeps, at most. With eight bytes each this is 800 kB: as much as an item of an online store and a
/// request's answer can bear. Who has more takes `approx_count_distinct`.
pub(super) const VALUES_MAX: usize = 100_000;
/// Bytes of texts that a state keeps, at most, each distinct text counted once: 40 a text on average.
pub(super) const TEXT_BYTES_MAX: usize = 4 << 20;

/// Distinct values in canonical order with a weight each; saturated for good if they are more than fit.
///
/// It is saturated if and only if the union of all values that went in exceeds a limit, in whatever order and pieces they
/// came. For both sizes, that of values and that of texts, never shrink when a set grows: if a part exceeds a limit, so does the
/// union; and if no part does, the last merge makes the union itself and measures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Capped<V, W> {
    Kept {
        entries: Vec<(V, W)>,
        /// The heap bytes of the values.
        text_bytes: usize,
    },
    Saturated,
}

impl<V: Native, W: Weight> Capped<V, W> {
    pub(super) fn empty() -> Self {
        Self::Kept {
            entries: Vec::new(),
            text_bytes: 0,
        }
    }

    /// Folds rows in, each with the same weight and into its group. Tells the growth in bytes of heap.
    pub(super) fn update(states: &mut [Self], groups: &[usize], array: &V::Array, weight: W) -> isize {
        let mut missing = Vec::new();
        for (row, group) in groups.iter().enumerate() {
            if array.is_null(row) {
                continue;
            }
            let Self::Kept { entries, .. } = &mut states[*group] else {
                continue;
            };
            // A value that is not canonical is looked for again when it is taken.
            match entries.binary_search_by(|(value, _)| value.compare(array, row)) {
                Ok(at) => entries[at].1.join(weight),
                Err(_) => missing.push((*group, V::get(array, row).canonical(), weight)),
            }
        }
        let mut grown = 0;
        tally::insert_rows(missing, |group, run| grown += states[group].merge_run(&run));
        grown
    }

    /// Merges a state into this one. Tells the growth in bytes of heap.
    pub(super) fn merge(&mut self, from: &Self) -> isize {
        match from {
            Self::Kept { entries, .. } => self.merge_run(entries),
            Self::Saturated => self.saturate(),
        }
    }

    fn merge_run(&mut self, run: &[(V, W)]) -> isize {
        let before = self.heap_bytes();
        let Self::Kept { entries, text_bytes } = self else {
            return 0;
        };
        let missing = tally::join(entries, run);
        *text_bytes += missing.iter().map(|(value, _)| value.heap_bytes()).sum::<usize>();
        tally::insert(entries, missing);
        if entries.len() > VALUES_MAX || *text_bytes > TEXT_BYTES_MAX {
            *self = Self::Saturated;
        }
        self.heap_bytes().cast_signed() - before.cast_signed()
    }

    fn saturate(&mut self) -> isize {
        let before = self.heap_bytes();
        *self = Self::Saturated;
        -before.cast_signed()
    }

    /// Zero if saturated; else the number of values and one, then each with its weight.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let Self::Kept { entries, .. } = self else {
            return put_varint(0, out);
        };
        put_varint(entries.len() as u64 + 1, out);
        for (value, weight) in entries {
            value.encode(out);
            weight.encode(out);
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        let Some(count) = reader.varint()?.checked_sub(1) else {
            return Some(Self::Saturated);
        };
        let count = usize::try_from(count).ok().filter(|count| *count <= VALUES_MAX)?;
        // A value takes a byte or more.
        let mut entries: Vec<(V, W)> = Vec::with_capacity(count.min(reader.left()));
        let mut text_bytes = 0;
        for _ in 0..count {
            let value = reader.value::<V>()?;
            let follows = entries.last().is_none_or(|(last, _)| *last < value);
            if !follows || value != value.clone().canonical() {
                return None;
            }
            text_bytes += value.heap_bytes();
            entries.push((value, W::decode(reader)?));
        }
        (text_bytes <= TEXT_BYTES_MAX).then_some(Self::Kept { entries, text_bytes })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Kept { entries, text_bytes } => entries.capacity() * size_of::<(V, W)>() + text_bytes,
            Self::Saturated => 0,
        }
    }
}
