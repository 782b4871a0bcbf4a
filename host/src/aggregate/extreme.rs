use std::cmp::Ordering;
use std::marker::PhantomData;

use arrow::datatypes::DataType;

use super::class::{Native, for_valid, native};
use super::codec::{self, Reader};
use super::error::StateError;
use super::function::{Function, StateKind};
use super::states::{Aggregator, Finalized, Rows};

/// The least or the greatest value; NaN is skipped, and minus zero is less than zero.
#[derive(Debug, Clone)]
pub(super) struct Extreme<V> {
    kind: StateKind,
    /// A value replaces one that compares to it like this.
    replaces: Ordering,
    prepared: DataType,
    values: PhantomData<V>,
}

impl<V: Native> Extreme<V> {
    pub(super) fn least(prepared: DataType) -> Self {
        Self {
            kind: StateKind::Min,
            replaces: Ordering::Greater,
            prepared,
            values: PhantomData,
        }
    }

    pub(super) fn greatest(prepared: DataType) -> Self {
        Self {
            kind: StateKind::Max,
            replaces: Ordering::Less,
            prepared,
            values: PhantomData,
        }
    }
}

impl<V: Native> Aggregator for Extreme<V> {
    type State = Option<V>;

    fn kind(&self) -> StateKind {
        self.kind
    }

    fn header(&self) -> Vec<u8> {
        codec::header(self.kind, Some(V::CLASS))
    }

    fn empty(&self) -> Option<V> {
        None
    }

    fn update(&self, states: &mut [Option<V>], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError> {
        let array = native::<V>(rows.values).ok_or_else(|| codec::unprepared(self.kind, rows.values))?;
        let mut grown = 0;
        for_valid(array, groups, |row, group| {
            let state = &mut states[group];
            if state
                .as_ref()
                .is_none_or(|state| state.compare(array, row) == self.replaces)
            {
                let value = V::get(array, row);
                if !value.is_nan() {
                    grown += value.heap_bytes().cast_signed();
                    let before = state.replace(value);
                    grown -= before.map_or(0, |before| before.heap_bytes().cast_signed());
                }
            }
        });
        Ok(grown)
    }

    fn merge(&self, into: &mut Option<V>, from: &Option<V>) -> isize {
        let Some(value) = from else { return 0 };
        if into.as_ref().is_some_and(|into| into.cmp(value) != self.replaces) {
            return 0;
        }
        let before = into.replace(value.clone());
        value.heap_bytes().cast_signed() - before.map_or(0, |before| before.heap_bytes().cast_signed())
    }

    fn encode(&self, state: &Option<V>, out: &mut Vec<u8>) {
        if let Some(value) = state {
            value.encode(out);
        }
    }

    fn decode(&self, reader: &mut Reader<'_>) -> Option<Option<V>> {
        if reader.is_done() {
            return Some(None);
        }
        reader.value().filter(|value: &V| !value.is_nan()).map(Some)
    }

    fn finalize(&self, states: &[Option<V>], _: &Function) -> Result<Finalized, StateError> {
        Ok(Finalized {
            values: V::column(states.iter().map(Option::as_ref), &self.prepared)?,
            overflows: 0,
        })
    }

    fn heap_bytes(&self, state: &Option<V>) -> usize {
        state.as_ref().map_or(0, Native::heap_bytes)
    }
}
