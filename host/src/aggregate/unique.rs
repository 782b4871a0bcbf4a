use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::Int64Array;

use super::capped::Capped;
use super::class::{Native, native};
use super::codec::{self, Reader};
use super::error::StateError;
use super::function::{Function, StateKind};
use super::states::{Aggregator, Finalized, Rows};

/// How many distinct values: exact, or null and counted if they are more than a state holds (see [`Capped`]). All NaN are one
/// value, and so are both zeros.
#[derive(Debug, Clone)]
pub(super) struct Unique<V>(PhantomData<V>);

impl<V> Unique<V> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: Native> Aggregator for Unique<V> {
    type State = Capped<V, ()>;

    fn kind(&self) -> StateKind {
        StateKind::Unique
    }

    fn header(&self) -> Vec<u8> {
        codec::header(self.kind(), Some(V::CLASS))
    }

    fn empty(&self) -> Self::State {
        Capped::empty()
    }

    fn update(&self, states: &mut [Self::State], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError> {
        let array = native::<V>(rows.values).ok_or_else(|| codec::unprepared(self.kind(), rows.values))?;
        Ok(Capped::update(states, groups, array, ()))
    }

    fn merge(&self, into: &mut Self::State, from: &Self::State) -> isize {
        into.merge(from)
    }

    fn encode(&self, state: &Self::State, out: &mut Vec<u8>) {
        state.encode(out);
    }

    fn decode(&self, reader: &mut Reader<'_>) -> Option<Self::State> {
        Capped::decode(reader)
    }

    fn finalize(&self, states: &[Self::State], _: &Function) -> Result<Finalized, StateError> {
        let mut overflows = 0;
        let value = |state: &Self::State| match state {
            Capped::Kept { entries, .. } => i64::try_from(entries.len()).ok().filter(|count| *count > 0),
            Capped::Saturated => {
                overflows += 1;
                None
            }
        };
        let values: Int64Array = states.iter().map(value).collect();
        Ok(Finalized {
            values: Arc::new(values),
            overflows,
        })
    }

    fn heap_bytes(&self, state: &Self::State) -> usize {
        state.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, StringArray};
    use arrow::datatypes::DataType;

    use super::super::capped::{TEXT_BYTES_MAX, VALUES_MAX};
    use super::super::laws::single;
    use super::*;

    #[test]
    fn zeros_are_one_value_and_so_are_nan() {
        let column: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, f64::NAN, -f64::NAN, 1.0]));
        let aggregation = single::aggregation("unique_count", &DataType::Float64);
        assert_eq!(single::int(&aggregation, &column), Some(3));
    }

    /// Up to the limit a set is exact, and beyond it saturated, however the rows come.
    #[test]
    fn too_many_values_saturate() {
        let max = VALUES_MAX as i64;
        let aggregation = single::aggregation("unique_count", &DataType::Int64);
        let column = |values: std::ops::Range<i64>| Arc::new(Int64Array::from_iter_values(values.rev())) as ArrayRef;
        assert_eq!(single::int(&aggregation, &column(0..max)), Some(max));
        let (values, overflows) = single::result(&aggregation, &column(0..max + 1));
        assert_eq!((values.is_null(0), overflows), (true, 1));
        let saturated = single::encoded(&*single::whole(&aggregation, &column(0..max + 1)));
        assert_eq!(saturated, [13, 1, 1, 0]);
        let parts = [0..max / 2, max / 2..max, max - 1..max + 1, 3..4];
        for first in 0..parts.len() {
            let mut states = aggregation.states();
            states.grow(1);
            for at in 0..parts.len() {
                let part = single::whole(&aggregation, &column(parts[(first + at) % parts.len()].clone()));
                states.merge_from(0, part.as_ref(), 0).expect("merged");
            }
            assert_eq!(single::encoded(&*states), saturated);
            single::assert_counted(states);
        }
        // More values than a state holds are no state, although they may be in order.
        let mut bytes = vec![13, 1, 1];
        codec::put_varint(VALUES_MAX as u64 + 2, &mut bytes);
        (0..=max).for_each(|value| bytes.extend(value.to_le_bytes()));
        assert!(single::decoded(&aggregation, &bytes).is_none());
        bytes.truncate(3);
        codec::put_varint(VALUES_MAX as u64 + 1, &mut bytes);
        (0..max).for_each(|value| bytes.extend(value.to_le_bytes()));
        assert!(single::decoded(&aggregation, &bytes).is_some());
    }

    #[test]
    fn too_long_texts_saturate() {
        let aggregation = single::aggregation("unique_count", &DataType::Utf8);
        let text = |letter: &str, length: usize| letter.repeat(length);
        for (last, count) in [(TEXT_BYTES_MAX / 2, Some(2)), (TEXT_BYTES_MAX / 2 + 1, None)] {
            let texts = [
                text("a", TEXT_BYTES_MAX / 2),
                text("b", last),
                text("a", TEXT_BYTES_MAX / 2),
            ];
            let column: ArrayRef = Arc::new(StringArray::from_iter_values(&texts));
            assert_eq!(single::int(&aggregation, &column), count);
            let state = single::encoded(&*single::whole(&aggregation, &column));
            assert_eq!(state == [13, 1, 4, 0], count.is_none());
            assert!(single::decoded(&aggregation, &state).is_some());
        }
        let mut bytes = vec![13, 1, 4, 2];
        codec::put_bytes(text("a", TEXT_BYTES_MAX + 1).as_bytes(), &mut bytes);
        assert!(single::decoded(&aggregation, &bytes).is_none());
    }

    #[test]
    fn what_is_no_set_is_refused() {
        let floats = |count: u8, values: &[f64]| {
            let values = values.iter().flat_map(|value| value.to_bits().to_le_bytes());
            std::iter::once(count + 1).chain(values).collect::<Vec<u8>>()
        };
        let bodies = [
            floats(2, &[0.0, 1.0]),
            floats(2, &[1.0, 0.0]),
            floats(2, &[1.0, 1.0]),
            floats(2, &[-0.0, 1.0]),
            floats(2, &[1.0, f64::from_bits(f64::NAN.to_bits() | 1)]),
            floats(2, &[1.0]),
            floats(1, &[0.0, 1.0]),
            vec![0, 0],
            vec![],
        ];
        single::assert_only_first("unique_count", &DataType::Float64, &bodies);
    }
}
