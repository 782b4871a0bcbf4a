use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::Float64Array;
use arrow::datatypes::DataType;
use num_bigint::{BigInt, BigUint};

use super::class::{for_valid, native};
use super::codec::{self, Reader, put_varint};
use super::count::counts;
use super::error::StateError;
use super::exact::Exact;
use super::function::{Function, StateKind};
use super::number::{Number, Sums, number, scales, sum_type};
use super::round::ratio;
use super::short::Short;
use super::states::{Aggregator, Finalized, Rows};

/// The exact sum of the values and how many they are, for sum and mean; both are null without values.
///
/// A sum that does not fit int64, or 38 digits of a decimal, is null and counted; one of floats is rounded to the nearest float64. A
/// mean is the exact quotient of sum and count, rounded once. Infinities and NaN follow IEEE addition.
#[derive(Debug, Clone)]
pub(super) struct Sum<V> {
    prepared: DataType,
    values: PhantomData<V>,
}

/// What [`Sum`] keeps of a group.
#[derive(Debug, Clone)]
pub(super) struct Summed<S> {
    count: u64,
    sum: S,
}

impl<S> Summed<S> {
    pub(super) fn new(count: u64, sum: S) -> Self {
        Self { count, sum }
    }
}

impl<V: Number> Sum<V> {
    pub(super) fn new(prepared: DataType) -> Self {
        Self {
            prepared,
            values: PhantomData,
        }
    }

    fn mean(&self, states: &[Summed<V::Sum>]) -> Float64Array {
        let (up, down) = scales(&self.prepared, 1);
        let short = Short::new(&up, &down);
        let up = BigInt::from(up);
        let mean = |sum: &Exact, count: u64| match number(sum) {
            Ok((sum, exponent)) => ratio(&(sum * &up), &(BigUint::from(count) * &down), exponent),
            Err(special) => special.value(),
        };
        let quick = |state: &Summed<V::Sum>| {
            if state.count == 0 {
                return None;
            }
            let sum = state.sum.exact();
            let quick = short.mean(&sum, state.count);
            Some(quick.unwrap_or_else(|| mean(&sum, state.count)))
        };
        states.iter().map(quick).collect()
    }
}

impl<V: Number> Aggregator for Sum<V> {
    type State = Summed<V::Sum>;
    const ENCODED_BYTES: usize = 8;

    fn kind(&self) -> StateKind {
        StateKind::Sum
    }

    fn header(&self) -> Vec<u8> {
        codec::header(self.kind(), Some(V::CLASS))
    }

    fn empty(&self) -> Summed<V::Sum> {
        Summed {
            count: 0,
            sum: V::Sum::ZERO,
        }
    }

    fn update(&self, states: &mut [Summed<V::Sum>], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError> {
        let array = native::<V>(rows.values).ok_or_else(|| codec::unprepared(self.kind(), rows.values))?;
        let mut grown = 0;
        let mut add = |row, group: usize| {
            let state = &mut states[group];
            state.count += 1;
            grown += V::get(array, row).add(&mut state.sum);
        };
        for_valid(array, groups, &mut add);
        Ok(grown)
    }

    fn merge(&self, into: &mut Summed<V::Sum>, from: &Summed<V::Sum>) -> isize {
        into.count = into.count.saturating_add(from.count);
        into.sum.merge(&from.sum)
    }

    fn encode(&self, state: &Summed<V::Sum>, out: &mut Vec<u8>) {
        put_varint(state.count, out);
        state.sum.encode(out);
    }

    fn decode(&self, reader: &mut Reader<'_>) -> Option<Summed<V::Sum>> {
        let count = reader.varint()?;
        let sum = Exact::decode(reader)?;
        let can_be = V::can_be(&sum) && (count > 0 || sum.is_zero());
        let sum = V::Sum::decode(sum, count).filter(|_| can_be)?;
        Some(Summed { count, sum })
    }

    fn finalize(&self, states: &[Summed<V::Sum>], function: &Function) -> Result<Finalized, StateError> {
        if *function == Function::Count {
            return Ok(counts(states.iter().map(|state| state.count)));
        }
        if *function == Function::Mean {
            return Ok(Finalized {
                values: Arc::new(self.mean(states)),
                overflows: 0,
            });
        }
        let mut overflows = 0;
        let values = states.iter().map(|state| {
            if state.count == 0 {
                return None;
            }
            let value = V::of(&state.sum);
            overflows += u64::from(value.is_none());
            value
        });
        Ok(Finalized {
            values: V::column(values, &sum_type(&self.prepared))?,
            overflows,
        })
    }

    fn heap_bytes(&self, state: &Summed<V::Sum>) -> usize {
        state.sum.heap_bytes()
    }
}
