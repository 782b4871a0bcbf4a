use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;

use arrow::array::{Array, ArrayRef, BinaryArray};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::DataType;

use super::codec::{self, Reader, corrupt};
use super::error::{StateError, too_large};
use super::function::{Function, StateKind};
use super::slide::slide;

/// Rows that are folded into states.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// The column's values, prepared. Nulls are skipped.
    pub values: &'a dyn Array,
    /// What orders the rows, for functions that depend on it.
    pub order: Option<Order<'a>>,
}

/// The order of rows: by time, then by the bytes of the tie.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    /// Event times in microseconds.
    pub times: &'a [i64],
    /// The `order_by` column and then all others, in Arrow's row format: bytes whose order is the order of the rows.
    pub ties: &'a BinaryArray,
}

/// What states come to.
#[derive(Debug, Clone)]
pub struct Finalized {
    /// A value for each group, of the class's type, or lists or maps of them.
    pub values: ArrayRef,
    /// Results that did not fit their type and are null.
    pub overflows: u64,
}

/// The states of one aggregation for any number of groups, by number. A new group's state is the empty one.
pub trait States: Send + Sync + Debug {
    /// How many groups there are.
    fn groups(&self) -> usize;
    /// Adds empty groups until there are so many.
    fn grow(&mut self, groups: usize);
    /// Forgets all groups.
    fn clear(&mut self);
    /// Folds rows in, each into its group, which is there.
    fn update(&mut self, groups: &[usize], rows: Rows<'_>) -> Result<(), StateError>;
    /// Merges encoded states in, those from a row on, each into its group, which is there. Nulls are empty states.
    fn merge_encoded(&mut self, groups: &[usize], states: &BinaryArray, from: usize) -> Result<(), StateError>;
    /// Merges a group of other states of the same aggregation into a group.
    fn merge_from(&mut self, group: usize, from: &dyn States, index: usize) -> Result<(), StateError>;
    /// Appends to `out`, which are states of the same aggregation, the merged state of each span of these groups. Quick if neither
    /// the starts nor the ends of the spans go back.
    fn slide(&self, spans: &[Range<usize>], out: &mut dyn States) -> Result<(), StateError>;
    /// The bytes of all groups' states.
    fn encode(&self) -> Result<BinaryArray, StateError>;
    /// What the groups come to by a function that has this state.
    fn finalize(&self, function: &Function) -> Result<Finalized, StateError>;
    /// Takes the first groups out; the others' numbers go down.
    fn split_first(&mut self, groups: usize) -> Box<dyn States>;
    /// Forgets the first groups; the others' numbers go down.
    fn forget_first(&mut self, groups: usize);
    /// The same aggregation without groups.
    fn fresh(&self) -> Box<dyn States>;
    /// Bytes in memory.
    fn bytes(&self) -> usize;
    /// Bytes of them that groups take; others are room for more.
    fn held_bytes(&self) -> usize;
    /// For merging with others.
    fn as_any(&self) -> &dyn Any;
    /// For merging into.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// Groups that room is kept for when others are forgotten.
const ROOM: usize = 1 << 15;

/// One aggregation over one group.
pub(super) trait Aggregator: Debug + Clone + Send + Sync + 'static {
    /// The state of one group.
    type State: Debug + Clone + Send + Sync + 'static;
    /// Bytes that room is made for in each group's encoded state; it may be longer.
    const ENCODED_BYTES: usize = 0;

    /// What of the function decides the state.
    fn kind(&self) -> StateKind;
    /// What states begin with.
    fn header(&self) -> Vec<u8>;
    /// The state of no rows.
    fn empty(&self) -> Self::State;
    /// Folds rows in, each into its group. Tells by how many bytes of heap the states have grown.
    fn update(&self, states: &mut [Self::State], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError>;
    /// Merges a state into another. Tells by how many bytes of heap it has grown.
    fn merge(&self, into: &mut Self::State, from: &Self::State) -> isize;
    /// Writes a state: one state has one form of bytes.
    fn encode(&self, state: &Self::State, out: &mut Vec<u8>);
    /// Reads what `encode` has written and refuses everything else; the caller looks whether bytes are left.
    fn decode(&self, reader: &mut Reader<'_>) -> Option<Self::State>;
    /// What states come to.
    fn finalize(&self, states: &[Self::State], function: &Function) -> Result<Finalized, StateError>;
    /// Bytes of heap that a state has.
    fn heap_bytes(&self, _state: &Self::State) -> usize {
        0
    }
}

/// States of an aggregator, one after the other.
#[derive(Debug)]
pub(super) struct Grouped<A: Aggregator> {
    aggregator: A,
    /// The column's type.
    input: DataType,
    header: Vec<u8>,
    states: Vec<A::State>,
    heap: usize,
}

impl<A: Aggregator> Grouped<A> {
    pub(super) fn new(aggregator: A, input: DataType) -> Self {
        Self {
            header: aggregator.header(),
            aggregator,
            input,
            states: Vec::new(),
            heap: 0,
        }
    }

    fn same<'a>(&self, other: &'a dyn States) -> Result<&'a Self, StateError> {
        let other = other.as_any().downcast_ref::<Self>();
        other
            .filter(|other| other.header == self.header)
            .ok_or_else(|| self.mixed())
    }

    fn mixed(&self) -> StateError {
        StateError::Internal(format!(
            "states of {} and of something else were mixed",
            self.aggregator.kind()
        ))
    }

    fn grown(&mut self, bytes: isize) {
        self.heap = self.heap.saturating_add_signed(bytes);
    }

    fn heap_of(&self, states: &[A::State]) -> usize {
        states.iter().map(|state| self.aggregator.heap_bytes(state)).sum()
    }
}

impl<A: Aggregator> States for Grouped<A> {
    fn groups(&self) -> usize {
        self.states.len()
    }

    fn grow(&mut self, groups: usize) {
        if groups > self.states.len() {
            self.states.resize(groups, self.aggregator.empty());
        }
    }

    fn clear(&mut self) {
        self.states.clear();
        self.heap = 0;
    }

    fn update(&mut self, groups: &[usize], rows: Rows<'_>) -> Result<(), StateError> {
        let grown = self.aggregator.update(&mut self.states, groups, rows)?;
        self.grown(grown);
        Ok(())
    }

    fn merge_encoded(&mut self, groups: &[usize], states: &BinaryArray, from: usize) -> Result<(), StateError> {
        let kind = self.aggregator.kind();
        let mut grown = 0;
        for (row, group) in (from..).zip(groups) {
            if states.is_null(row) {
                continue;
            }
            let body = codec::body(states.value(row), &self.header, kind)?;
            let mut reader = Reader::of(body, &self.input);
            let state = self
                .aggregator
                .decode(&mut reader)
                .filter(|_| reader.is_done())
                .ok_or_else(|| corrupt(kind, "its bytes make no sense"))?;
            grown += self.aggregator.merge(&mut self.states[*group], &state);
        }
        self.grown(grown);
        Ok(())
    }

    fn merge_from(&mut self, group: usize, from: &dyn States, index: usize) -> Result<(), StateError> {
        let from = self.same(from)?;
        let grown = self.aggregator.merge(&mut self.states[group], &from.states[index]);
        self.grown(grown);
        Ok(())
    }

    fn slide(&self, spans: &[Range<usize>], out: &mut dyn States) -> Result<(), StateError> {
        let out = out.as_any_mut().downcast_mut::<Self>();
        let out = out
            .filter(|out| out.header == self.header)
            .ok_or_else(|| self.mixed())?;
        let from = out.states.len();
        slide(&self.aggregator, &self.states, spans, &mut out.states);
        out.heap += self.heap_of(&out.states[from..]);
        Ok(())
    }

    fn encode(&self) -> Result<BinaryArray, StateError> {
        let groups = self.states.len();
        let mut bytes = Vec::with_capacity(groups * (self.header.len() + A::ENCODED_BYTES));
        let mut ends = Vec::with_capacity(groups + 1);
        ends.push(0);
        for state in &self.states {
            codec::put_short(&self.header, &mut bytes);
            self.aggregator.encode(state, &mut bytes);
            ends.push(i32::try_from(bytes.len()).map_err(|_| too_large("states"))?);
        }
        let offsets = OffsetBuffer::new(ends.into());
        BinaryArray::try_new(offsets, Buffer::from_vec(bytes), None)
            .map_err(|error| StateError::Internal(error.to_string()))
    }

    fn finalize(&self, function: &Function) -> Result<Finalized, StateError> {
        if !self.aggregator.kind().serves(function) {
            return Err(self.mixed());
        }
        self.aggregator.finalize(&self.states, function)
    }

    fn split_first(&mut self, groups: usize) -> Box<dyn States> {
        let rest = self.states.split_off(groups.min(self.states.len()));
        let first = std::mem::replace(&mut self.states, rest);
        let heap = self.heap_of(&first);
        self.heap = self.heap.saturating_sub(heap);
        Box::new(Self {
            aggregator: self.aggregator.clone(),
            input: self.input.clone(),
            header: self.header.clone(),
            states: first,
            heap,
        })
    }

    fn forget_first(&mut self, groups: usize) {
        let forgotten = groups.min(self.states.len());
        let heap = self.states.get(..forgotten).map_or(0, |first| self.heap_of(first));
        self.heap = self.heap.saturating_sub(heap);
        self.states.drain(..forgotten);
        self.states.shrink_to(ROOM);
    }

    fn fresh(&self) -> Box<dyn States> {
        Box::new(Self::new(self.aggregator.clone(), self.input.clone()))
    }

    fn bytes(&self) -> usize {
        self.states.capacity() * size_of::<A::State>() + self.heap
    }

    fn held_bytes(&self) -> usize {
        self.states.len() * size_of::<A::State>() + self.heap
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
