use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};
use std::marker::PhantomData;

use arrow::array::Array;
use arrow::datatypes::DataType;

use super::class::{Native, native};
use super::codec::{self, Reader, put_bytes, put_varint};
use super::error::StateError;
use super::function::{Function, StateKind};
use super::lists::lists;
use super::states::{Aggregator, Finalized, Rows};

/// The first or the last values in the order of time, tie and value, oldest first; null without values.
///
/// Rows are a multiset: such as are equal in time, tie and value count as often as they are there.
#[derive(Debug, Clone)]
pub(super) struct Ordered<V, K> {
    kind: StateKind,
    end: End,
    most: usize,
    prepared: DataType,
    types: PhantomData<(V, K)>,
}

/// At which end of the order values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

/// A value and where it is in the order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry<V> {
    pub(super) time: i64,
    pub(super) tie: Box<[u8]>,
    pub(super) value: V,
}

/// Which rows stand for themselves and which for others too.
pub(super) trait Keep<V>: std::fmt::Debug + Clone + Send + Sync + 'static {
    /// The form of a value that is kept.
    fn form(value: V) -> V;
    /// The entry that cannot be kept beside another one with this value.
    fn rival(entries: &VecDeque<Entry<V>>, value: &V) -> Option<usize>;
    /// Whether an entry with this value can be kept beside those that were asked for before.
    fn is_new<'a>(seen: &mut BTreeSet<&'a V>, value: &'a V) -> bool;
}

/// So few entries are merged one by one.
const FEW: usize = 4;

/// Every row is kept for itself.
#[derive(Debug, Clone)]
pub(super) struct Every;

impl<V: Native> Keep<V> for Every {
    fn form(value: V) -> V {
        value
    }

    fn rival(_: &VecDeque<Entry<V>>, _: &V) -> Option<usize> {
        None
    }

    fn is_new<'a>(_: &mut BTreeSet<&'a V>, _: &'a V) -> bool {
        true
    }
}

impl<V: Native> Entry<V> {
    fn heap_bytes(&self) -> isize {
        (self.tie.len() + self.value.heap_bytes()).cast_signed()
    }
}

impl<V: Native, K: Keep<V>> Ordered<V, K> {
    /// The first ones by this state, at most `most`.
    pub(super) fn first(kind: StateKind, most: u32, prepared: DataType) -> Self {
        Self::new(kind, End::First, most, prepared)
    }

    /// The last ones by this state, at most `most`.
    pub(super) fn last(kind: StateKind, most: u32, prepared: DataType) -> Self {
        Self::new(kind, End::Last, most, prepared)
    }

    fn new(kind: StateKind, end: End, most: u32, prepared: DataType) -> Self {
        Self {
            kind,
            end,
            most: most as usize,
            prepared,
            types: PhantomData,
        }
    }

    /// Whether what comes to this, compared with another entry, is kept rather than it.
    fn wins(&self, against: Ordering) -> bool {
        match self.end {
            End::First => against == Ordering::Less,
            End::Last => against == Ordering::Greater,
        }
    }

    /// The entry that goes when there is one too many.
    fn weakest<'a>(&self, entries: &'a VecDeque<Entry<V>>) -> Option<&'a Entry<V>> {
        let full = entries.len() >= self.most;
        match self.end {
            End::First => entries.back(),
            End::Last => entries.front(),
        }
        .filter(|_| full)
    }

    /// Whether an entry at this place in the order cannot be kept, whatever its value.
    fn is_beyond(&self, entries: &VecDeque<Entry<V>>, time: i64, tie: &[u8]) -> bool {
        self.weakest(entries).is_some_and(|weakest| {
            let against = time.cmp(&weakest.time).then_with(|| tie.cmp(&weakest.tie));
            against.is_ne() && !self.wins(against)
        })
    }

    /// Takes an entry in if it belongs there. Tells by how many bytes of heap the entries have grown.
    fn offer(&self, entries: &mut VecDeque<Entry<V>>, entry: Entry<V>) -> isize {
        let mut grown = 0;
        let mut remove = |entry: Option<Entry<V>>| grown -= entry.map_or(0, |entry| entry.heap_bytes());
        match K::rival(entries, &entry.value) {
            Some(rival) if !self.wins(entry.cmp(&entries[rival])) => return 0,
            Some(rival) => remove(entries.remove(rival)),
            None => match self.weakest(entries) {
                Some(weakest) if !self.wins(entry.cmp(weakest)) => return 0,
                Some(_) if self.end == End::First => remove(entries.pop_back()),
                Some(_) => remove(entries.pop_front()),
                None => {}
            },
        }
        let room = entries.capacity();
        if entries.len() == room {
            let left = self.most.saturating_sub(room).max(1);
            entries.reserve_exact(room.clamp(1, left));
        }
        // Rows come mostly in order, so the place is looked for at the end first.
        let place = match entries.back() {
            Some(last) if *last > entry => entries.partition_point(|other| *other <= entry),
            _ => entries.len(),
        };
        grown += entry.heap_bytes();
        entries.insert(place, entry);
        grown + ((entries.capacity() - room) * size_of::<Entry<V>>()).cast_signed()
    }

    /// Merges many entries: from the winning end on, the first of each value.
    fn merge_all(&self, into: &mut VecDeque<Entry<V>>, from: &VecDeque<Entry<V>>) {
        let (mut own, mut others) = (0, 0);
        let at = |entries: &VecDeque<Entry<V>>, taken: usize| match self.end {
            End::First => Some(taken).filter(|at| *at < entries.len()),
            End::Last => entries.len().checked_sub(taken + 1),
        };
        // Of which side, and where.
        let mut kept: Vec<(bool, usize)> = Vec::with_capacity(self.most.min(into.len() + from.len()));
        let mut seen = BTreeSet::new();
        while kept.len() < self.most {
            let (is_other, place) = match (at(into, own), at(from, others)) {
                (Some(own), Some(other)) if self.wins(from[other].cmp(&into[own])) => (true, other),
                (Some(own), _) => (false, own),
                (None, Some(other)) => (true, other),
                (None, None) => break,
            };
            let entries = if is_other { from } else { &*into };
            if K::is_new(&mut seen, &entries[place].value) {
                kept.push((is_other, place));
            }
            own += usize::from(!is_other);
            others += usize::from(is_other);
        }
        drop(seen);
        if self.end == End::Last {
            kept.reverse();
        }
        let mut own: Vec<Option<Entry<V>>> = std::mem::take(into).into_iter().map(Some).collect();
        into.reserve_exact(kept.len());
        into.extend(kept.into_iter().filter_map(|(is_other, place)| match is_other {
            true => Some(from[place].clone()),
            false => own[place].take(),
        }));
    }
}

impl<V: Native, K: Keep<V>> Aggregator for Ordered<V, K> {
    type State = VecDeque<Entry<V>>;

    fn kind(&self) -> StateKind {
        self.kind
    }

    fn header(&self) -> Vec<u8> {
        codec::header(self.kind, Some(V::CLASS))
    }

    fn empty(&self) -> Self::State {
        VecDeque::new()
    }

    fn update(&self, states: &mut [Self::State], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError> {
        let array = native::<V>(rows.values).ok_or_else(|| codec::unprepared(self.kind, rows.values))?;
        let order = rows.order.ok_or_else(|| codec::unordered(self.kind))?;
        let mut grown = 0;
        for (row, group) in groups.iter().enumerate() {
            let (time, tie) = (order.times[row], order.ties.value(row));
            let state = &mut states[*group];
            if array.is_null(row) || self.is_beyond(state, time, tie) {
                continue;
            }
            let entry = Entry {
                time,
                tie: tie.into(),
                value: K::form(V::get(array, row)),
            };
            grown += self.offer(state, entry);
        }
        Ok(grown)
    }

    fn merge(&self, into: &mut Self::State, from: &Self::State) -> isize {
        if from.len() > FEW {
            let before = self.heap_bytes(into).cast_signed();
            self.merge_all(into, from);
            return self.heap_bytes(into).cast_signed() - before;
        }
        let mut grown = 0;
        for entry in from {
            if !self.is_beyond(into, entry.time, &entry.tie) {
                grown += self.offer(into, entry.clone());
            }
        }
        grown
    }

    /// How many there are; of each the time (the first one's in 8 bytes, then how much later), the tie and the value.
    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        put_varint(state.len() as u64, out);
        let mut before: Option<i64> = None;
        for Entry { time, tie, value } in state {
            match before.replace(*time) {
                None => out.extend(time.to_le_bytes()),
                Some(before) => put_varint(time.wrapping_sub(before).cast_unsigned(), out),
            }
            put_bytes(tie, out);
            value.encode(out);
        }
    }

    fn decode(&self, reader: &mut Reader<'_>) -> Option<Self::State> {
        let count = reader.count(3)?;
        if count > self.most {
            return None;
        }
        let mut entries = VecDeque::with_capacity(count);
        for _ in 0..count {
            let last: Option<&Entry<V>> = entries.back();
            let entry = Entry {
                time: match last {
                    None => i64::from_le_bytes(reader.array()?),
                    Some(last) => last.time.checked_add_unsigned(reader.varint()?)?,
                },
                tie: reader.bytes()?.into(),
                value: reader.value()?,
            };
            let is_kept = last.is_none_or(|last| *last <= entry) && K::form(entry.value.clone()) == entry.value;
            if !is_kept {
                return None;
            }
            entries.push_back(entry);
        }
        let mut seen = BTreeSet::new();
        let are_kept = entries.iter().all(|entry| K::is_new(&mut seen, &entry.value));
        drop(seen);
        are_kept.then_some(entries)
    }

    fn finalize(&self, states: &[Self::State], function: &Function) -> Result<Finalized, StateError> {
        let values = match function {
            Function::Last => {
                let last = states.iter().map(|state| state.back().map(|entry| &entry.value));
                V::column(last, &self.prepared)?
            }
            _ => lists(
                states.iter().map(|state| state.iter().map(|entry| &entry.value)),
                &self.prepared,
            )?,
        };
        Ok(Finalized { values, overflows: 0 })
    }

    fn heap_bytes(&self, state: &Self::State) -> usize {
        let entries: isize = state.iter().map(Entry::heap_bytes).sum();
        state.capacity() * size_of::<Entry<V>>() + entries.cast_unsigned()
    }
}
