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
pub(super) struct Extreme<V, const GREATEST: bool> {
    prepared: DataType,
    values: PhantomData<V>,
}

impl<V: Native, const GREATEST: bool> Extreme<V, GREATEST> {
    pub(super) fn new(prepared: DataType) -> Self {
        Self {
            prepared,
            values: PhantomData,
        }
    }
}

impl<V: Native, const GREATEST: bool> Aggregator for Extreme<V, GREATEST> {
    type State = Option<V>;
    const ENCODED_BYTES: usize = 8;

    fn kind(&self) -> StateKind {
        if GREATEST { StateKind::Max } else { StateKind::Min }
    }

    fn header(&self) -> Vec<u8> {
        codec::header(self.kind(), Some(V::CLASS))
    }

    fn empty(&self) -> Option<V> {
        None
    }

    fn update(&self, states: &mut [Option<V>], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError> {
        let array = native::<V>(rows.values).ok_or_else(|| codec::unprepared(self.kind(), rows.values))?;
        let mut grown = 0;
        for_valid(array, groups, |row, group| {
            grown += V::keep_extreme::<GREATEST>(&mut states[group], array, row);
        });
        Ok(grown)
    }

    fn merge(&self, into: &mut Option<V>, from: &Option<V>) -> isize {
        let Some(value) = from else { return 0 };
        if into.as_ref().is_some_and(|into| !replaces::<GREATEST>(into.cmp(value))) {
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

/// Whether a value takes the place of one that compares to it like this.
pub(super) fn replaces<const GREATEST: bool>(kept: Ordering) -> bool {
    kept == if GREATEST { Ordering::Less } else { Ordering::Greater }
}
