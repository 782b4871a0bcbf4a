use std::cmp::Reverse;
use std::sync::Arc;

use arrow::array::{Array, BinaryArray, Int64Array, MapArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field};

use super::capped::Capped;
use super::class::{Class, native};
use super::codec::{self, Reader};
use super::error::StateError;
use super::function::{Function, StateKind};
use super::lists::offsets;
use super::states::{Aggregator, Finalized, Rows};

/// How often each text is there: a map of the most frequent ones, of equally frequent ones those that are less bytewise, with
/// its keys in bytewise order. Exact, or null and counted if the texts are more than a state holds (see [`Capped`]).
#[derive(Debug, Clone)]
pub(super) struct Histogram;

type Text = Box<[u8]>;
/// The entries of a result.
type Counts<'a> = Vec<(&'a [u8], i64)>;

/// The most frequent entries, in the order of their texts. None if a count is no int64.
fn most_frequent(entries: &[(Text, u64)], k: usize) -> Option<Counts<'_>> {
    let mut most: Vec<&(Text, u64)> = entries.iter().collect();
    if k < most.len() {
        most.select_nth_unstable_by_key(k, |(text, count)| (Reverse(*count), text));
        most.truncate(k);
        most.sort_unstable();
    }
    most.into_iter()
        .map(|(text, count)| Some((text.as_ref(), i64::try_from(*count).ok()?)))
        .collect()
}

impl Aggregator for Histogram {
    type State = Capped<Text, u64>;

    fn kind(&self) -> StateKind {
        StateKind::Histogram
    }

    fn header(&self) -> Vec<u8> {
        codec::header(self.kind(), Some(Class::Bytes))
    }

    fn empty(&self) -> Self::State {
        Capped::empty()
    }

    fn update(&self, states: &mut [Self::State], groups: &[usize], rows: Rows<'_>) -> Result<isize, StateError> {
        let array = native::<Text>(rows.values).ok_or_else(|| codec::unprepared(self.kind(), rows.values))?;
        Ok(Capped::update(states, groups, array, 1))
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

    fn finalize(&self, states: &[Self::State], function: &Function) -> Result<Finalized, StateError> {
        let Function::Histogram(k) = function else {
            return Err(StateError::Internal(format!("{function} is no histogram")));
        };
        let mut overflows = 0;
        let maps: Vec<Option<Counts<'_>>> = states
            .iter()
            .map(|state| {
                let most = match state {
                    Capped::Kept { entries, .. } => most_frequent(entries, *k as usize),
                    Capped::Saturated => None,
                };
                overflows += u64::from(most.is_none());
                most.filter(|most| !most.is_empty())
            })
            .collect();
        Ok(Finalized {
            values: Arc::new(map_array(&maps)?),
            overflows,
        })
    }

    fn heap_bytes(&self, state: &Self::State) -> usize {
        state.heap_bytes()
    }
}

fn map_array(maps: &[Option<Counts<'_>>]) -> Result<MapArray, StateError> {
    let flat: Counts<'_> = maps.iter().flatten().flatten().copied().collect();
    // No column of texts is longer than this.
    offsets(flat.iter().map(|(text, _)| text.len()))?;
    let keys = BinaryArray::from_iter_values(flat.iter().map(|(text, _)| text));
    let counts = Int64Array::from_iter_values(flat.iter().map(|(_, count)| *count));
    let fields = vec![
        Field::new("key", DataType::Binary, false),
        Field::new("value", DataType::Int64, true),
    ];
    let internal = |error: arrow::error::ArrowError| StateError::Internal(error.to_string());
    let entries =
        StructArray::try_new(fields.into(), vec![Arc::new(keys), Arc::new(counts)], None).map_err(internal)?;
    let field = Arc::new(Field::new("key_value", entries.data_type().clone(), false));
    let offsets = offsets(maps.iter().map(|map| map.as_ref().map_or(0, Vec::len)))?;
    let nulls: NullBuffer = maps.iter().map(Option::is_some).collect();
    MapArray::try_new(field, offsets, entries, Some(nulls), true).map_err(internal)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, ArrayRef, AsArray, StringArray};
    use arrow::datatypes::Int64Type;

    use super::super::laws::single;
    use super::*;

    fn map(function: &str, column: &ArrayRef) -> Option<Vec<(String, i64)>> {
        let (maps, overflows) = single::result(&single::aggregation(function, &DataType::Utf8), column);
        assert_eq!(overflows, 0);
        maps.is_valid(0).then(|| {
            let entries = maps.as_map().value(0);
            let keys = entries.column(0).as_string::<i32>().clone();
            let counts = entries.column(1).as_primitive::<Int64Type>().clone();
            keys.iter()
                .zip(&counts)
                .map(|(key, count)| (key.expect("a key").to_owned(), count.expect("a count")))
                .collect()
        })
    }

    #[test]
    fn the_most_frequent_are_shown_in_order_of_their_keys() {
        let texts = vec![
            Some("b"),
            Some("c"),
            None,
            Some("a"),
            Some("c"),
            Some("b"),
            Some("d"),
            Some(""),
        ];
        let column: ArrayRef = Arc::new(StringArray::from(texts));
        let pairs = |pairs: &[(&str, i64)]| Some(pairs.iter().map(|(key, n)| ((*key).to_owned(), *n)).collect());
        assert_eq!(map("histogram(2)", &column), pairs(&[("b", 2), ("c", 2)]));
        assert_eq!(map("histogram(3)", &column), pairs(&[("", 1), ("b", 2), ("c", 2)]));
        assert_eq!(map("histogram(1)", &column), pairs(&[("b", 2)]));
        assert_eq!(
            map("histogram", &column),
            pairs(&[("", 1), ("a", 1), ("b", 2), ("c", 2), ("d", 1)])
        );
        let nothing: ArrayRef = Arc::new(StringArray::new_null(3));
        assert_eq!(map("histogram", &nothing), None);
    }

    #[test]
    fn what_is_no_result_is_null_and_counted() {
        let aggregation = single::aggregation("histogram", &DataType::Utf8);
        // Saturated; a count beyond int64; a text that is none.
        let mut beyond = vec![16, 1, 4, 2, 1, b'a'];
        codec::put_varint(1 << 63, &mut beyond);
        for bytes in [&[16, 1, 4, 0][..], &beyond] {
            let states = single::decoded(&aggregation, bytes).expect("a state");
            let Finalized { values, overflows } = aggregation.finalize(states.as_ref()).expect("finalized");
            assert_eq!((values.is_null(0), overflows), (true, 1));
        }
        assert!(single::decoded(&aggregation, &[16, 1, 4, 2, 1, 0xff, 1]).is_none());
    }

    #[test]
    fn what_is_no_histogram_is_refused() {
        let bodies = [
            vec![3, 1, b'a', 1, 1, b'b', 2],
            vec![3, 1, b'b', 1, 1, b'a', 2],
            vec![3, 1, b'a', 1, 1, b'a', 2],
            vec![3, 1, b'a', 0, 1, b'b', 2],
            vec![3, 1, b'a', 1],
            vec![0, 1],
            vec![],
        ];
        single::assert_only_first("histogram", &DataType::Utf8, &bodies);
    }
}
