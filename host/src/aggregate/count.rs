use std::sync::Arc;

use arrow::array::Int64Array;

use super::codec::{self, Reader, put_varint};
use super::error::StateError;
use super::function::{Function, StateKind};
use super::states::{Aggregator, Finalized, Rows};

/// How many values are not null. The result of no rows is null.
#[derive(Debug, Clone)]
pub(super) struct Count;

impl Aggregator for Count {
    type State = u64;
    const ENCODED_BYTES: usize = 1;

    fn kind(&self) -> StateKind {
        StateKind::Count
    }

    fn header(&self) -> Vec<u8> {
        codec::header(self.kind(), None)
    }

    fn empty(&self) -> u64 {
        0
    }

    fn update(&self, states: &mut [u64], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError> {
        match rows.values.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => groups.iter().for_each(|group| states[*group] += 1),
            Some(nulls) => {
                for (group, valid) in groups.iter().zip(nulls) {
                    states[*group] += u64::from(valid);
                }
            }
        }
        Ok(0)
    }

    fn merge(&self, into: &mut u64, from: &u64) -> isize {
        *into = into.saturating_add(*from);
        0
    }

    fn encode(&self, state: &u64, out: &mut Vec<u8>) {
        put_varint(*state, out);
    }

    fn decode(&self, reader: &mut Reader<'_>) -> Option<u64> {
        reader.varint()
    }

    fn finalize(&self, states: &[u64], _: &Function) -> Result<Finalized, StateError> {
        Ok(counts(states.iter().copied()))
    }
}

/// What counts come to, of this state or of one that has them beside other things.
pub(super) fn counts(counts: impl Iterator<Item = u64>) -> Finalized {
    let mut overflows = 0;
    let value = |count: u64| {
        let value = i64::try_from(count).ok().filter(|count| *count > 0);
        overflows += u64::from(value.is_none() && count > 0);
        value
    };
    let values: Int64Array = counts.map(value).collect();
    Finalized {
        values: Arc::new(values),
        overflows,
    }
}
