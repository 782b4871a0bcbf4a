use std::cmp::Ordering;

use arrow::array::Array;
use arrow::datatypes::DataType;

use super::class::{Native, native};
use super::codec::{self, Reader, put_varint};
use super::error::StateError;
use super::function::{Function, StateKind};
use super::lists::lists;
use super::states::{Aggregator, Finalized, Rows};

/// The largest or the smallest values, with duplicates, the best first; NaN is skipped, and minus zero is less than zero.
#[derive(Debug, Clone)]
pub(super) struct Top<V, const LARGEST: bool> {
    /// How many values, at most.
    k: u32,
    prepared: DataType,
    values: std::marker::PhantomData<V>,
}

/// So few values are inserted one by one.
const FEW: usize = 4;

impl<V: Native, const LARGEST: bool> Top<V, LARGEST> {
    pub(super) fn new(k: u32, prepared: DataType) -> Self {
        Self {
            k,
            prepared,
            values: std::marker::PhantomData,
        }
    }

    fn k(&self) -> usize {
        self.k as usize
    }

    /// How a value compares to a worse one.
    const BETTER: Ordering = if LARGEST { Ordering::Greater } else { Ordering::Less };

    fn is_better(a: &V, b: &V) -> bool {
        a.cmp(b) == Self::BETTER
    }

    /// Inserts a value that is good enough, and drops the last of too many.
    fn insert(&self, best: &mut Vec<V>, value: V) {
        if best.len() == self.k() {
            best.pop();
        }
        let at = best.partition_point(|other| !Self::is_better(&value, other));
        best.insert(at, value);
    }

    /// The values of `from` that are good enough to go in.
    fn good<'a>(&self, into: &[V], from: &'a [V]) -> &'a [V] {
        match into.last().filter(|_| into.len() == self.k()) {
            Some(worst) if from.first().is_some_and(|best| Self::is_better(best, worst)) => {
                &from[..from.partition_point(|value| Self::is_better(value, worst))]
            }
            Some(_) => &[],
            None => from,
        }
    }
}

/// The first values of two runs that are merged; `first` tells whether a value of `from` goes before one of `into`.
fn merge_runs<V: Clone>(into: &mut Vec<V>, from: &[V], count: usize, first: impl Fn(&V, &V) -> bool) {
    let mut merged = Vec::with_capacity(count);
    if std::mem::needs_drop::<V>() {
        let mut values = std::mem::take(into).into_iter().peekable();
        let mut others = from.iter().peekable();
        while merged.len() < count {
            let is_other = match (values.peek(), others.peek()) {
                (Some(value), Some(other)) => first(other, value),
                (value, _) => value.is_none(),
            };
            let next = if is_other {
                others.next().cloned()
            } else {
                values.next()
            };
            let Some(next) = next else { break };
            merged.push(next);
        }
    } else {
        // Without a branch on the values, which no processor foresees.
        let (mut values, mut others) = (into.as_slice(), from);
        while merged.len() < count {
            let (Some(value), Some(other)) = (values.first(), others.first()) else {
                break;
            };
            let is_other = first(other, value);
            merged.push(if is_other { other } else { value }.clone());
            values = &values[usize::from(!is_other)..];
            others = &others[usize::from(is_other)..];
        }
        let rest = count - merged.len();
        merged.extend(values.iter().chain(others).take(rest).cloned());
    }
    *into = merged;
}

/// Bytes of heap.
fn heap_bytes<V: Native>(best: &Vec<V>) -> usize {
    best.capacity() * size_of::<V>() + best.iter().map(Native::heap_bytes).sum::<usize>()
}

impl<V: Native, const LARGEST: bool> Aggregator for Top<V, LARGEST> {
    type State = Vec<V>;

    fn kind(&self) -> StateKind {
        if LARGEST {
            StateKind::Top(self.k)
        } else {
            StateKind::Bottom(self.k)
        }
    }

    fn header(&self) -> Vec<u8> {
        codec::header(self.kind(), Some(V::CLASS))
    }

    fn empty(&self) -> Vec<V> {
        Vec::new()
    }

    fn update(&self, states: &mut [Vec<V>], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError> {
        let array = native::<V>(rows.values).ok_or_else(|| codec::unprepared(self.kind(), rows.values))?;
        let mut grown = 0;
        for (row, group) in groups.iter().enumerate() {
            if array.is_null(row) {
                continue;
            }
            let best = &mut states[*group];
            let worst = best.last().filter(|_| best.len() == self.k());
            if worst.is_some_and(|worst| worst.compare(array, row) != Self::BETTER.reverse()) {
                continue;
            }
            let value = V::get(array, row);
            if value.is_nan() {
                continue;
            }
            grown += value.heap_bytes().cast_signed() - worst.map_or(0, |worst| worst.heap_bytes().cast_signed());
            let before = best.capacity();
            self.insert(best, value);
            grown += ((best.capacity() - before) * size_of::<V>()).cast_signed();
        }
        Ok(grown)
    }

    fn merge(&self, into: &mut Vec<V>, from: &Vec<V>) -> isize {
        let from = self.good(into, from);
        if from.is_empty() {
            return 0;
        }
        let before = heap_bytes(into).cast_signed();
        let count = self.k().min(into.len() + from.len());
        if into.is_empty() {
            into.extend_from_slice(from);
        } else if from.len() <= FEW {
            for value in from {
                if !self.good(into, std::slice::from_ref(value)).is_empty() {
                    self.insert(into, value.clone());
                }
            }
        } else {
            merge_runs(into, from, count, Self::is_better);
        }
        heap_bytes(into).cast_signed() - before
    }

    /// How many values, then the values, the best first.
    fn encode(&self, state: &Vec<V>, out: &mut Vec<u8>) {
        put_varint(state.len() as u64, out);
        state.iter().for_each(|value| value.encode(out));
    }

    fn decode(&self, reader: &mut Reader<'_>) -> Option<Vec<V>> {
        let count = reader.count(1).filter(|count| *count <= self.k())?;
        let mut best: Vec<V> = Vec::with_capacity(count);
        for _ in 0..count {
            let value: V = reader.value()?;
            if value.is_nan() || best.last().is_some_and(|last| Self::is_better(&value, last)) {
                return None;
            }
            best.push(value);
        }
        Some(best)
    }

    fn finalize(&self, states: &[Vec<V>], _: &Function) -> Result<Finalized, StateError> {
        Ok(Finalized {
            values: lists(states.iter().map(|state| state.iter()), &self.prepared)?,
            overflows: 0,
        })
    }

    fn heap_bytes(&self, state: &Vec<V>) -> usize {
        heap_bytes(state)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Float32Array, Float64Array, Int32Array, StringArray};
    use arrow::datatypes::{Float64Type, Int64Type};

    use super::super::laws::single;
    use super::*;

    #[test]
    fn results_have_the_wide_type() {
        let ints: ArrayRef = Arc::new(Int32Array::from(vec![Some(3), None, Some(7), Some(7), Some(1)]));
        let (lists, _) = single::result(&single::aggregation("top_k(3)", &DataType::Int32), &ints);
        assert_eq!(
            lists.as_list::<i32>().value(0).as_primitive::<Int64Type>().values(),
            &[7, 7, 3]
        );
        let floats: ArrayRef = Arc::new(Float32Array::from(vec![0.5, f32::NAN, 0.25]));
        let (lists, _) = single::result(&single::aggregation("bottom_k(9)", &DataType::Float32), &floats);
        assert_eq!(
            lists.as_list::<i32>().value(0).as_primitive::<Float64Type>().values(),
            &[0.25, 0.5]
        );
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["b", "ä", "", "a"]));
        let (lists, _) = single::result(&single::aggregation("top_k(2)", &DataType::Utf8), &texts);
        let list = lists.as_list::<i32>().value(0);
        assert_eq!(list.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["ä", "b"]);
        let nothing: ArrayRef = Arc::new(Float64Array::from(vec![None, Some(f64::NAN)]));
        let (lists, overflows) = single::result(&single::aggregation("top_k(2)", &DataType::Float64), &nothing);
        assert_eq!((lists.is_null(0), overflows), (true, 0));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let ints = |count: u8, values: &[i64]| {
            let values = values.iter().flat_map(|value| value.to_le_bytes());
            std::iter::once(count).chain(values).collect::<Vec<u8>>()
        };
        let bodies = [
            ints(3, &[7, 7, -1]),
            ints(3, &[7, -1, 7]),
            ints(4, &[7, 7, 7, 7]),
            ints(3, &[7, 7]),
            ints(2, &[7, 7, 7]),
            vec![],
        ];
        single::assert_only_first("top_k(3)", &DataType::Int64, &bodies);
        let upward = [ints(2, &[-1, 7]), ints(2, &[7, -1])];
        single::assert_only_first("bottom_k(3)", &DataType::Int64, &upward);
        let floats = |value: f64| ints(1, &[value.to_bits().cast_signed()]);
        let bodies = [floats(f64::INFINITY), floats(f64::NAN), floats(-f64::NAN)];
        single::assert_only_first("top_k(3)", &DataType::Float64, &bodies);
    }
}
