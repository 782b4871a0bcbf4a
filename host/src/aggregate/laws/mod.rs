//! The laws of the algebra, over random rows in random groups, with equal times and ties, split in random ways.
//!
//! A function joins by a line below for each kind of column: the name of the test, the function, the columns, and if there is one,
//! what finds the right answer by brute force: `sum_of_floats: "sum", floats() => numbers::sum;`. Columns are in [`columns`]; an
//! oracle is given the rows of one group and returns what they come to. `SANDGLASS_TEST_FACTOR` multiplies the cases.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray, UInt32Array, new_empty_array};
use arrow::compute::{concat, take};
use arrow::datatypes::DataType;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Aggregation, Class, FUNCTIONS, Function, Order, Rows, States, codec};
use columns::*;

pub(super) mod columns;
mod numbers;
mod order;
pub(super) mod single;
mod values;

/// Groups of the rows; for sliding they are tiles.
const GROUPS: usize = 8;
/// Parts that rows are split into.
const PARTS: usize = 4;
const CASES: u32 = 400;

/// A test for each line.
macro_rules! laws {
    ($($name:ident: $function:literal, $columns:expr $(=> $oracle:expr)?;)*) => {
        $(
            #[test]
            fn $name() {
                let oracles: &[Oracle] = &[$($oracle)?];
                hold($function, $columns, oracles.first());
            }
        )*
    };
}
laws! {
    count_of_texts: "count", texts() => order::count;
    count_of_lists: "count", lists() => order::count;
    min_of_ints: "min", ints() => order::min;
    min_of_floats: "min", floats() => order::min;
    min_of_texts: "min", texts() => order::min;
    max_of_ints: "max", ints() => order::max;
    max_of_floats: "max", floats() => order::max;
    max_of_decimals: "max", decimals() => order::max;
    max_of_texts: "max", texts() => order::max;
    max_of_dates: "max", dates() => order::max;

    sum_of_ints: "sum", ints() => numbers::sum;
    sum_of_small_ints: "sum", small_ints() => numbers::sum;
    sum_of_floats: "sum", floats() => numbers::sum;
    sum_of_small_floats: "sum", small_floats() => numbers::sum;
    sum_of_decimals: "sum", decimals() => numbers::sum;
    sum_of_hundreds: "sum", hundreds() => numbers::sum;
    mean_of_ints: "mean", ints() => numbers::mean;
    mean_of_floats: "mean", floats() => numbers::mean;
    mean_of_decimals: "mean", decimals() => numbers::mean;
    mean_of_hundreds: "mean", hundreds() => numbers::mean;

    var_pop_of_ints: "var_pop", ints() => numbers::variance;
    var_pop_of_floats: "var_pop", floats() => numbers::variance;
    var_pop_of_decimals: "var_pop", decimals() => numbers::variance;
    var_samp_of_small_ints: "var_samp", small_ints() => numbers::variance;
    var_samp_of_floats: "var_samp", floats() => numbers::variance;
    var_samp_of_hundreds: "var_samp", hundreds() => numbers::variance;
    stddev_pop_of_floats: "stddev_pop", floats() => numbers::variance;
    stddev_samp_of_decimals: "stddev_samp", decimals() => numbers::variance;
    skew_of_ints: "skew", ints() => numbers::skew;
    skew_of_small_ints: "skew", small_ints() => numbers::skew;
    skew_of_floats: "skew", floats() => numbers::skew;
    skew_of_decimals: "skew", decimals() => numbers::skew;
    kurtosis_of_ints: "kurtosis", ints() => numbers::kurtosis;
    kurtosis_of_floats: "kurtosis", floats() => numbers::kurtosis;
    kurtosis_of_small_floats: "kurtosis", small_floats() => numbers::kurtosis;
    kurtosis_of_decimals: "kurtosis", decimals() => numbers::kurtosis;

    last_of_ints: "last", ints() => order::last;
    last_of_texts: "last", texts() => order::last;
    last_of_lists: "last", lists() => order::last;
    last_of_structs: "last", structs() => order::last;
    first_3_of_structs: "first(3)", structs() => order::first_n;
    last_3_of_floats: "last(3)", floats() => order::last_n;
    last_1_of_decimals: "last(1)", decimals() => order::last_n;
    last_5_of_binaries: "last(5)", binaries() => order::last_n;
    first_1_of_booleans: "first(1)", booleans() => order::first_n;
    first_3_of_floats: "first(3)", floats() => order::first_n;
    first_4_of_texts: "first(4)", texts() => order::first_n;
    first_100_of_lists: "first(100)", lists() => order::first_n;
    first_distinct_1_of_texts: "first_distinct(1)", texts() => order::first_distinct;
    first_distinct_3_of_floats: "first_distinct(3)", floats() => order::first_distinct;
    first_distinct_2_of_small_ints: "first_distinct(2)", small_ints() => order::first_distinct;
    last_distinct_1_of_booleans: "last_distinct(1)", booleans() => order::last_distinct;
    last_distinct_2_of_texts: "last_distinct(2)", texts() => order::last_distinct;
    last_distinct_3_of_floats: "last_distinct(3)", floats() => order::last_distinct;
    last_distinct_10_of_decimals: "last_distinct(10)", decimals() => order::last_distinct;
    last_distinct_3_of_timestamps: "last_distinct(3)", timestamps() => order::last_distinct;

    approx_count_distinct_of_ints: "approx_count_distinct", ints();
    approx_count_distinct_of_texts: "approx_count_distinct", texts();
    approx_count_distinct_4_of_ints: "approx_count_distinct(4)", ints();
    approx_count_distinct_4_of_floats: "approx_count_distinct(4)", floats();
    approx_count_distinct_5_of_decimals: "approx_count_distinct(5)", decimals();
    approx_count_distinct_6_of_binaries: "approx_count_distinct(6)", binaries();
    approx_count_distinct_16_of_timestamps: "approx_count_distinct(16)", timestamps();
    approx_percentile_of_ints: "approx_percentile(0.5)", ints();
    approx_percentile_20_of_floats: "approx_percentile(0.25, 20)", floats();
    approx_percentile_32_of_small_floats: "approx_percentile(0.9, 32)", small_floats();
    approx_percentile_33_of_small_ints: "approx_percentile(0.1, 33)", small_ints();
    approx_percentile_256_of_decimals: "approx_percentile(1, 256)", decimals();
    approx_percentile_500_of_floats: "approx_percentile(0, 500)", floats();
    approx_percentile_500_of_hundreds: "approx_percentile(0.999, 500)", hundreds();
    unique_count_of_ints: "unique_count", ints() => values::unique_count;
    unique_count_of_booleans: "unique_count", booleans() => values::unique_count;
    unique_count_of_floats: "unique_count", floats() => values::unique_count;
    unique_count_of_decimals: "unique_count", decimals() => values::unique_count;
    unique_count_of_texts: "unique_count", texts() => values::unique_count;
    unique_count_of_binaries: "unique_count", binaries() => values::unique_count;
    top_1_of_dates: "top_k(1)", dates() => values::top;
    top_2_of_texts: "top_k(2)", texts() => values::top;
    top_3_of_small_ints: "top_k(3)", small_ints() => values::top;
    top_5_of_floats: "top_k(5)", floats() => values::top;
    top_12_of_decimals: "top_k(12)", decimals() => values::top;
    top_1000_of_texts: "top_k(1000)", texts() => values::top;
    bottom_2_of_floats: "bottom_k(2)", floats() => values::top;
    bottom_4_of_ints: "bottom_k(4)", ints() => values::top;
    bottom_6_of_small_floats: "bottom_k(6)", small_floats() => values::top;
    bottom_7_of_texts: "bottom_k(7)", texts() => values::top;
    bottom_20_of_timestamps: "bottom_k(20)", timestamps() => values::top;
    histogram_of_texts: "histogram", texts() => values::histogram;
    histogram_2_of_texts: "histogram(2)", texts() => values::histogram;
}

/// Finds what rows come to by brute force.
type Oracle = fn(&Aggregation, &Group) -> Answer;

/// The rows of a group.
#[derive(Debug)]
struct Group {
    /// As they were before they were prepared, nulls included.
    column: ArrayRef,
    times: Vec<i64>,
    ties: BinaryArray,
}

/// What a group comes to.
struct Answer {
    /// One value of the aggregation's result type.
    value: ArrayRef,
    /// Whether it is null because it does not fit.
    overflow: bool,
}

#[derive(Debug, Clone)]
struct Case {
    column: ArrayRef,
    groups: Vec<usize>,
    times: Vec<i64>,
    ties: Vec<Vec<u8>>,
    parts: Vec<usize>,
    /// In which order parts are merged.
    order: Vec<usize>,
    spans: Vec<Range<usize>>,
    /// Where bytes are changed, and how.
    noise: Vec<(usize, Noise)>,
}

#[derive(Debug, Clone)]
enum Noise {
    Change(u8),
    Insert(u8),
    Remove,
    Cut,
    Append(Vec<u8>),
    /// All that follows the header is this.
    Body(Vec<u8>),
}

fn case(columns: Columns) -> impl Strategy<Value = Case> {
    let rows = |of| prop::collection::vec(of, ROWS);
    let noise = prop_oneof![
        any::<u8>().prop_map(Noise::Change),
        any::<u8>().prop_map(Noise::Insert),
        Just(Noise::Remove),
        Just(Noise::Cut),
        prop::collection::vec(any::<u8>(), 1..20).prop_map(Noise::Append),
        prop::collection::vec(prop_oneof![2 => 0..8_u8, 1 => any::<u8>()], 0..40).prop_map(Noise::Body),
    ];
    let spans = prop::collection::vec((0..=GROUPS, 0..=GROUPS), 0..12).prop_map(|mut ends| {
        // Some do not go back.
        if ends.len() % 3 > 0 {
            ends.sort_unstable();
            let mut last = 0;
            for (_, end) in &mut ends {
                last = last.max(*end);
                *end = last;
            }
        }
        ends.into_iter().map(|(start, end)| start.min(end)..end).collect()
    });
    let times = prop_oneof![4 => 0..3_i64, 1 => any::<i64>(), 1 => Just(i64::MIN), 1 => Just(i64::MAX)];
    let tie = prop::sample::select(vec![vec![], vec![0], vec![1], vec![1, 0], vec![255]]);
    (
        columns,
        rows(0..GROUPS),
        prop::collection::vec(times, ROWS),
        prop::collection::vec(tie, ROWS),
        rows(0..PARTS),
        Just((0..PARTS).collect::<Vec<_>>()).prop_shuffle(),
        spans,
        prop::collection::vec((any::<usize>(), noise), 8),
    )
        .prop_map(|(column, groups, times, ties, parts, order, spans, noise)| Case {
            column,
            groups,
            times,
            ties,
            parts,
            order,
            spans,
            noise,
        })
}

fn hold(function: &str, columns: Columns, oracle: Option<&Oracle>) {
    let factor = std::env::var("SANDGLASS_TEST_FACTOR").ok();
    let factor = factor.and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut runner = TestRunner::new(Config {
        cases: CASES * factor,
        failure_persistence: None,
        ..Config::default()
    });
    let function: Function = function.parse().expect("a function");
    let outcome = runner.run(&case(columns), |case| {
        let mut law = Law::new(function, case);
        law.splits()?;
        law.merges()?;
        law.slides()?;
        law.is_counted()?;
        law.groups_part()?;
        law.bytes()?;
        law.serves()?;
        if let Some(oracle) = oracle {
            law.answers(*oracle)?;
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// The rows of a case and the states that they make.
struct Law {
    case: Case,
    aggregation: Aggregation,
    prepared: ArrayRef,
    ties: BinaryArray,
    /// Of all rows.
    whole: Box<dyn States>,
    /// Of each part.
    parts: Vec<Box<dyn States>>,
}

type Outcome = Result<(), TestCaseError>;

/// The bytes in memory are those that a recount finds, and none are left when all groups are taken out.
fn counted(states: &mut Box<dyn States>) -> Outcome {
    let bytes = states.bytes();
    let all = states.split_first(states.groups());
    prop_assert_eq!(
        all.bytes(),
        bytes,
        "heap is counted as it grows as when it is summed up"
    );
    prop_assert_eq!(std::mem::replace(states, all).bytes(), 0, "heap is counted once");
    Ok(())
}

fn encoded(states: &dyn States) -> Vec<Vec<u8>> {
    let encoded = states.encode().expect("states that fit");
    encoded.iter().flatten().map(<[u8]>::to_vec).collect()
}

impl Law {
    fn new(function: Function, case: Case) -> Self {
        let aggregation = Aggregation::new(function, case.column.data_type()).expect("the function takes the column");
        let prepared = aggregation.prepare(&case.column).expect("the column is prepared");
        let ties = case.ties[..case.column.len()].iter().map(Some).collect();
        let mut law = Self {
            whole: aggregation.states(),
            parts: Vec::new(),
            case,
            aggregation,
            prepared,
            ties,
        };
        let all: Vec<usize> = (0..law.prepared.len()).collect();
        law.whole = law.of(&all);
        law.parts = (0..PARTS)
            .map(|part| {
                let rows = all.iter().copied().filter(|row| law.case.parts[*row] == part);
                law.of(&rows.collect::<Vec<_>>())
            })
            .collect();
        law
    }

    fn empty(&self) -> Box<dyn States> {
        let mut states = self.aggregation.states();
        states.grow(GROUPS);
        states
    }

    /// The states of rows in the order given.
    fn of(&self, rows: &[usize]) -> Box<dyn States> {
        let mut states = self.empty();
        let indices = UInt32Array::from_iter_values(rows.iter().map(|row| *row as u32));
        let values = take(&self.prepared, &indices, None).expect("rows");
        let ties = BinaryArray::from_iter_values(rows.iter().map(|row| self.ties.value(*row)));
        let times: Vec<i64> = rows.iter().map(|row| self.case.times[*row]).collect();
        let groups: Vec<usize> = rows.iter().map(|row| self.case.groups[*row]).collect();
        let order = Some(Order {
            times: &times,
            ties: &ties,
        });
        let values = &*values;
        states.update(&groups, Rows { values, order }).expect("states of rows");
        states
    }

    /// Rows one way or another make the same bytes.
    fn splits(&self) -> Outcome {
        let whole = encoded(&*self.whole);
        let length = self.prepared.len();
        let back: Vec<usize> = (0..length).rev().collect();
        prop_assert_eq!(&encoded(&*self.of(&back)), &whole);

        let mut sliced = self.empty();
        let mut cuts: Vec<usize> = self.case.spans.iter().map(|span| span.end.min(length)).collect();
        cuts.push(length);
        cuts.sort_unstable();
        let mut from = 0;
        for to in cuts {
            let values = self.prepared.slice(from, to - from);
            let ties = self.ties.slice(from, to - from);
            let order = Some(Order {
                times: &self.case.times[from..to],
                ties: &ties,
            });
            let values = &*values;
            let rows = Rows { values, order };
            sliced.update(&self.case.groups[from..to], rows).expect("a slice");
            from = to;
        }
        prop_assert_eq!(&encoded(&*sliced), &whole);
        Ok(())
    }

    fn merged<'a>(&self, states: impl IntoIterator<Item = &'a dyn States>) -> Box<dyn States> {
        let mut merged = self.empty();
        for from in states {
            for group in 0..GROUPS {
                merged.merge_from(group, from, group).expect("states of one kind");
            }
        }
        merged
    }

    /// Associative, commutative, with the empty state as identity; what is merged from stays.
    fn merges(&self) -> Outcome {
        let whole = encoded(&*self.whole);
        let before: Vec<_> = self.parts.iter().map(|part| encoded(&**part)).collect();
        let parts: Vec<&dyn States> = self.case.order.iter().map(|part| &*self.parts[*part]).collect();
        prop_assert_eq!(&encoded(&*self.merged(parts.iter().copied())), &whole);
        let (left, right) = (self.merged(parts[..2].to_vec()), self.merged(parts[2..].to_vec()));
        prop_assert_eq!(&encoded(&*self.merged([&*left, &*right])), &whole);
        prop_assert_eq!(&encoded(&*self.merged([&*right, &*left])), &whole);
        let rest = self.merged(parts[1..].to_vec());
        prop_assert_eq!(&encoded(&*self.merged([parts[0], &*rest])), &whole);
        let empty = self.empty();
        prop_assert_eq!(&encoded(&*self.merged([&*self.whole, &*empty])), &whole);
        let after: Vec<_> = self.parts.iter().map(|part| encoded(&**part)).collect();
        prop_assert_eq!(before, after);
        Ok(())
    }

    fn slides(&self) -> Outcome {
        let mut slid = self.whole.fresh();
        slid.grow(1);
        self.whole.slide(&self.case.spans, &mut *slid).expect("one kind");
        counted(&mut slid)?;
        let slid = encoded(&*slid);
        prop_assert_eq!(slid.len(), 1 + self.case.spans.len());
        for (span, slid) in self.case.spans.iter().zip(&slid[1..]) {
            let mut merged = self.whole.fresh();
            merged.grow(1);
            for tile in span.clone() {
                merged.merge_from(0, &*self.whole, tile).expect("one kind");
            }
            prop_assert_eq!(&encoded(&*merged)[0], slid, "span {:?}", span);
        }
        Ok(())
    }

    fn is_counted(&mut self) -> Outcome {
        counted(&mut self.whole)?;
        self.parts.iter_mut().try_for_each(counted)
    }

    /// Groups are taken out, and what they take in memory with them.
    fn groups_part(&self) -> Outcome {
        let whole = encoded(&*self.whole);
        let mut rest = self.merged(self.parts.iter().map(|part| &**part));
        counted(&mut rest)?;
        let count = self.case.order[0];
        let mut first = rest.split_first(count);
        counted(&mut first)?;
        counted(&mut rest)?;
        prop_assert_eq!(&encoded(&*first), &whole[..count]);
        prop_assert_eq!(&encoded(&*rest), &whole[count..]);
        let mut left = self.merged(self.parts.iter().map(|part| &**part));
        left.forget_first(count);
        prop_assert_eq!(encoded(&*left), encoded(&*rest));
        prop_assert_eq!(left.held_bytes(), rest.held_bytes());
        let values = |states: &dyn States| self.aggregation.finalize(states).expect("values").values;
        let both = concat(&[&*values(&*first), &*values(&*rest)]).expect("columns of one type");
        prop_assert_eq!(&both, &values(&*self.whole));
        rest.clear();
        prop_assert_eq!(rest.groups(), 0);
        Ok(())
    }

    /// What is written is read; what is not written is refused, or is the state that it seems.
    fn bytes(&self) -> Outcome {
        let whole = encoded(&*self.whole);
        let all: Vec<usize> = (0..GROUPS).collect();
        let mut read = self.empty();
        for part in &self.parts {
            let bytes = BinaryArray::from_iter_values(encoded(&**part));
            read.merge_encoded(&all, &bytes, 0).expect("what was written");
        }
        read.merge_encoded(&all, &BinaryArray::new_null(GROUPS), 0)
            .expect("nulls");
        prop_assert_eq!(&encoded(&*read), &whole);
        counted(&mut read)?;

        let class = Class::of(self.aggregation.input());
        let header = codec::header(self.aggregation.function().state(), class).len();
        for (group, (at, noise)) in self.case.noise.iter().enumerate() {
            let mut bytes = whole[group].clone();
            let at = at % bytes.len();
            match noise {
                Noise::Change(byte) => bytes[at] = *byte,
                Noise::Insert(byte) => bytes.insert(at, *byte),
                Noise::Remove => drop(bytes.remove(at)),
                Noise::Cut => bytes.truncate(at),
                Noise::Append(more) => bytes.extend(more),
                Noise::Body(body) => {
                    bytes.truncate(header);
                    bytes.extend(body);
                }
            }
            let mut read = self.aggregation.states();
            read.grow(1);
            if read
                .merge_encoded(&[0], &BinaryArray::from_iter_values([&bytes]), 0)
                .is_ok()
            {
                prop_assert_eq!(&encoded(&*read)[0], &bytes);
                let _ = self.aggregation.finalize(&*read);
                counted(&mut read)?;
                read.merge_from(0, &*self.whole, group).expect("one kind");
                counted(&mut read)?;
                let _ = self.aggregation.finalize(&*read);
            }
        }
        Ok(())
    }

    /// Other functions that these states serve come to what they come to by their own.
    fn serves(&self) -> Outcome {
        let kind = self.aggregation.function().state();
        for (name, _) in FUNCTIONS.iter().filter(|(_, parameters)| parameters.is_empty()) {
            let function: Function = name.parse().expect("a function");
            if function.state() == kind || !kind.serves(&function) {
                continue;
            }
            let other = Aggregation::new(function, self.case.column.data_type()).expect("what is added can be counted");
            let mut own = other.states();
            own.grow(GROUPS);
            let prepared = other.prepare(&self.case.column).expect("the column is prepared");
            let rows = Rows {
                values: &*prepared,
                order: None,
            };
            own.update(&self.case.groups[..prepared.len()], rows)
                .expect("states of rows");
            let served = other.finalize(&*self.whole).expect("values");
            let own = other.finalize(&*own).expect("values");
            prop_assert_eq!(&served.values, &own.values, "{} of {:?}", name, kind);
            prop_assert_eq!(served.overflows, own.overflows, "{} of {:?}", name, kind);
        }
        Ok(())
    }

    fn answers(&self, oracle: Oracle) -> Outcome {
        let found = self.aggregation.finalize(&*self.whole).expect("values");
        prop_assert_eq!(found.values.data_type(), self.aggregation.result());
        prop_assert_eq!(found.values.len(), GROUPS);
        let mut overflows = 0;
        for group in 0..GROUPS {
            let rows = (0..self.prepared.len()).filter(|row| self.case.groups[*row] == group);
            let rows: Vec<usize> = rows.collect();
            let indices = UInt32Array::from_iter_values(rows.iter().map(|row| *row as u32));
            let rows = Group {
                column: take(&self.case.column, &indices, None).expect("rows"),
                times: rows.iter().map(|row| self.case.times[*row]).collect(),
                ties: BinaryArray::from_iter_values(rows.iter().map(|row| self.ties.value(*row))),
            };
            let right = oracle(&self.aggregation, &rows);
            prop_assert_eq!(&found.values.slice(group, 1), &right.value, "{:?}", rows);
            overflows += u64::from(right.overflow);
        }
        prop_assert_eq!(found.overflows, overflows);
        Ok(())
    }
}

/// No rows at all.
#[test]
fn nothing_comes_to_nothing() {
    for (function, parameters) in super::function::FUNCTIONS {
        let text = match parameters {
            "n" | "k" => format!("{function}(2)"),
            "percentile, precision = 100" => format!("{function}(0.5)"),
            _ => function.to_owned(),
        };
        let of = |input| Aggregation::new(text.parse().expect("a function"), &input);
        let aggregation = of(DataType::Int64)
            .or_else(|_| of(DataType::Utf8))
            .expect("it takes one");
        let mut states = aggregation.states();
        let none = aggregation.finalize(&*states).expect("no values").values;
        assert_eq!(&none, &new_empty_array(aggregation.result()));
        states.grow(2);
        let nulls: ArrayRef = Arc::clone(&aggregation.finalize(&*states).expect("nulls").values);
        assert_eq!(nulls.null_count(), 2, "{text}");
    }
}
