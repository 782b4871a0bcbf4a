//! Every function by the library's algebra alone: values in any number of states, written and read, merged in any order, come to what
//! brute force says of all of them at once.

use arrow::array::{Array, BinaryArray};
use sandglass::aggregate::{self, Aggregation, Order, Rows, States};
use sandglass::online;

use super::oracle::{Function, evaluate};
use super::random::Mood;
use super::value::{Kind, Value};
use crate::harness::{Random, cases, seed};

const KINDS: [Kind; 10] = [
    Kind::Int64,
    Kind::Int32,
    Kind::Float64,
    Kind::Float32,
    Kind::Decimal,
    Kind::Text,
    Kind::Boolean,
    Kind::Date,
    Kind::Time,
    Kind::Ints,
];

/// Values in their order, some with equal times, by way of states of parts that are merged in another order.
fn by_parts(random: &mut Random, function: Function, kind: Kind, values: &[Value]) -> Value {
    let function: aggregate::Function = function.to_string().parse().unwrap();
    let aggregation = Aggregation::new(function, &kind.data_type()).unwrap();
    let parts = random.below(4) + 1;
    // A value's place in the order, as times that are equal now and then, and the tie.
    let placed: Vec<(usize, u64)> = (0..values.len()).map(|place| (place, random.below(parts))).collect();
    let ordered = aggregation.function().state().is_ordered();
    let mut encoded = Vec::new();
    for part in 0..parts {
        let mut places: Vec<usize> = placed
            .iter()
            .filter(|(_, of)| *of == part)
            .map(|(place, _)| *place)
            .collect();
        random.shuffle(&mut places);
        let column = aggregation
            .prepare(&kind.array(places.iter().map(|place| &values[*place])))
            .unwrap();
        let times: Vec<i64> = places.iter().map(|place| *place as i64 / 3).collect();
        let ties = BinaryArray::from_iter_values(places.iter().map(|place| [(place % 3) as u8]));
        let mut states = aggregation.states();
        // Other groups beside it, which get nothing.
        states.grow(3);
        let rows = Rows {
            values: column.as_ref(),
            order: ordered.then_some(Order {
                times: &times,
                ties: &ties,
            }),
        };
        states.update(&vec![1; column.len()], rows).unwrap();
        // Something and nothing.
        let bytes = states.encode().unwrap();
        encoded.extend([1, 2].map(|group| bytes.value(group).to_vec()));
    }
    random.shuffle(&mut encoded);
    let mut merged = aggregation.states();
    merged.grow(1);
    for bytes in &encoded {
        if random.below(2) == 0 {
            merged
                .merge_encoded(&[0], &BinaryArray::from_iter_values([bytes]), 0)
                .unwrap();
        } else {
            let mut one = aggregation.states();
            one.grow(1);
            one.merge_encoded(&[0], &BinaryArray::from_iter_values([bytes]), 0)
                .unwrap();
            merged.merge_from(0, one.as_ref(), 0).unwrap();
        }
    }
    finalized(&aggregation, merged.as_ref())
}

fn finalized(aggregation: &Aggregation, states: &dyn States) -> Value {
    let finalized = aggregation.finalize(states).unwrap();
    online::Value::of(finalized.values.as_ref(), 0).unwrap().into()
}

#[test]
fn parts_merged_in_any_order() {
    let _timed = crate::harness::Timed::new("aggregates::functions");
    let seed = seed();
    let mut random = Random(seed);
    let mut done = 0;
    for round in 0..cases(400) {
        for kind in KINDS {
            let mood = Mood::new(&mut random);
            let values: Vec<Value> = (0..random.below(30)).map(|_| mood.cell(&mut random, 0, kind)).collect();
            let present: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
            let n = random.below(5) as usize + 1;
            for function in Function::all(kind, n) {
                let expected = evaluate(function, kind, &present);
                let given = by_parts(&mut random, function, kind, &values);
                assert_eq!(
                    given, expected,
                    "{function} of {kind:?}, SANDGLASS_TEST_SEED={seed} round {round}: {values:?}"
                );
                done += 1;
            }
        }
    }
    eprintln!("{done} times a function over random values");
}
