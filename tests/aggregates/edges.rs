//! Values at the ends of their types, through the program: what each function says of them, in a table written by hand.

use super::oracle::{Feature, Function, Row, View, Window, evaluate};
use super::value::{Kind, Value};
use super::world::{
    DAY, Materialized, Served, at, by_key, compare, get, project, shown, time, training, write_events, write_spine,
};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;
const MAX: f64 = f64::MAX;
const TINY: f64 = 5e-324;
const START: &str = "2024-01-01";

/// The values of a window, and what functions say of them.
type Case<'a, T> = (&'a [Option<T>], &'a [(&'a str, Value)]);

fn float(value: f64) -> Value {
    Value::Float(value)
}

fn int(value: i64) -> Value {
    Value::Int(value)
}

fn floats(values: &[f64]) -> Value {
    Value::List(values.iter().copied().map(float).collect())
}

fn ints(values: &[i64]) -> Value {
    Value::List(values.iter().copied().map(int).collect())
}

/// Every function over a column, by its text.
fn view(kind: Kind) -> Materialized {
    let features = Function::all(kind, 3).into_iter().map(|function| Feature {
        name: name(&function.to_string()),
        column: 0,
        function,
        window: Window::Sliding {
            size: 7 * DAY,
            offset: 0,
        },
    });
    Materialized {
        name: "v".to_owned(),
        view: View {
            columns: vec![("x".to_owned(), kind)],
            feature_start: at(START),
            schedule: DAY,
            data_delay: 0,
            lifetime_start: None,
            secondary: None,
            order_by: None,
            features: features.collect(),
        },
        aggregation_interval: DAY,
        more: String::new(),
    }
}

/// A function's text as a name.
fn name(function: &str) -> String {
    let name: String = function
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    name.trim_end_matches('_').replace("__", "_")
}

/// Each case is a key; its values come one in each half day.
fn check<T: Copy>(kind: Kind, cases: &[Case<'_, T>], value: impl Fn(T) -> Value) {
    let view = view(kind);
    // The table against brute force, before anything runs.
    for (values, expected) in cases {
        let values: Vec<Value> = values.iter().flatten().map(|x| value(*x)).collect();
        for (function, expected) in *expected {
            let feature = view
                .view
                .features
                .iter()
                .find(|feature| feature.function.to_string() == *function);
            let function = feature.unwrap_or_else(|| panic!("no {function}")).function;
            let brute = evaluate(function, kind, &values.iter().collect::<Vec<_>>());
            assert_eq!(brute, *expected, "{function} of {values:?} by brute force");
        }
    }
    let mut rows = Vec::new();
    for (key, (values, _)) in cases.iter().enumerate() {
        for (number, x) in values.iter().enumerate() {
            rows.push(Row {
                key: key as i64,
                at: at(START) + number as i64 * DAY / 2,
                cells: vec![x.map_or(Value::Null, &value)],
            });
        }
    }
    let project = project(std::slice::from_ref(&view));
    write_events(&project, &view.view.columns, &rows, 100);
    let now = at(START) + 7 * DAY;
    project.apply_and_materialize(&time(now));
    let keys: Vec<(i64, i64)> = (0..cases.len()).map(|key| (key as i64, now)).collect();
    write_spine(&project, "spine.parquet", &keys);
    let from = |more: &[&str]| training(&project, &time(now), "spine.parquet", keys.len(), &["v"], more);
    let (tiles, source) = (from(&[]), from(&["--from-source"]));
    let served = Served::of(&project, "v", now);
    let of = by_key(&rows);
    for (key, (values, expected)) in cases.iter().enumerate() {
        let rows = of.get(&(key as i64)).map_or(&[][..], Vec::as_slice);
        let shown = shown(&view.view.columns, rows);
        let given = served.get(key as i64);
        for (function, expected) in *expected {
            let place = served.names.iter().position(|feature| *feature == name(function));
            let place = place.unwrap_or_else(|| panic!("no {function} in {:?}", served.names));
            assert_eq!(
                given[place],
                *expected,
                "{function} of {} values\n{shown}",
                values.len()
            );
        }
        let brute = view.view.values(rows, now);
        for (what, given) in [
            ("online", given),
            ("training data", &tiles["v"].1[key]),
            ("from the sources", &source["v"].1[key]),
        ] {
            compare(what, given, &served.names, &brute, || shown.clone());
        }
        for ((name, said), value) in get(&project, &time(now), "v", key as i64).iter().zip(given) {
            assert!(value.is_said_by(said), "{name}: {said:?} for {value:?}");
        }
    }
}

#[test]
fn floats_at_their_ends() {
    let _timed = crate::harness::Timed::new("aggregates::edges::floats_at_their_ends");
    let null = || Value::Null;
    let cases: &[Case<'_, f64>] = &[
        // No rows, and rows without a value.
        (
            &[],
            &[
                ("count", null()),
                ("sum", null()),
                ("min", null()),
                ("last(3)", null()),
                ("unique_count", null()),
            ],
        ),
        (
            &[None, None],
            &[
                ("count", null()),
                ("sum", null()),
                ("mean", null()),
                ("max", null()),
                ("last", null()),
                ("first(3)", null()),
                ("last_distinct(3)", null()),
                ("top_k(3)", null()),
                ("unique_count", null()),
                ("approx_count_distinct(8)", null()),
                ("approx_percentile(0.5, 100)", null()),
                ("var_pop", null()),
            ],
        ),
        // One value has no sample variance, and no shape.
        (
            &[None, Some(2.5)],
            &[
                ("count", int(1)),
                ("var_pop", float(0.0)),
                ("stddev_pop", float(0.0)),
                ("var_samp", null()),
                ("stddev_samp", null()),
                ("skew", null()),
                ("kurtosis", null()),
                ("last", float(2.5)),
            ],
        ),
        // NaN counts as a value, is contagious in sums, and is neither least nor greatest.
        (
            &[Some(1.0), Some(NAN), Some(3.0)],
            &[
                ("count", int(3)),
                ("sum", float(NAN)),
                ("mean", float(NAN)),
                ("var_samp", float(NAN)),
                ("kurtosis", float(NAN)),
                ("min", float(1.0)),
                ("max", float(3.0)),
                ("top_k(3)", floats(&[3.0, 1.0])),
                ("first(3)", floats(&[1.0, NAN, 3.0])),
                ("unique_count", int(3)),
            ],
        ),
        (
            &[Some(NAN), Some(-NAN), None],
            &[
                ("count", int(2)),
                ("sum", float(NAN)),
                ("min", null()),
                ("max", null()),
                ("last", float(NAN)),
                ("unique_count", int(1)),
                ("first_distinct(3)", floats(&[NAN])),
            ],
        ),
        // Infinities stay, and two unlike ones are NaN.
        (
            &[Some(INF), Some(1.0)],
            &[
                ("sum", float(INF)),
                ("mean", float(INF)),
                ("var_pop", float(NAN)),
                ("max", float(INF)),
                ("min", float(1.0)),
            ],
        ),
        (
            &[Some(INF), Some(-INF), Some(7.0)],
            &[
                ("sum", float(NAN)),
                ("mean", float(NAN)),
                ("max", float(INF)),
                ("min", float(-INF)),
                ("top_k(3)", floats(&[INF, 7.0, -INF])),
            ],
        ),
        (
            &[Some(INF)],
            &[("var_samp", null()), ("var_pop", float(NAN)), ("skew", float(NAN))],
        ),
        // A sum beyond the greatest float; the mean is not.
        (
            &[Some(MAX), Some(MAX)],
            &[
                ("sum", float(INF)),
                ("mean", float(MAX)),
                ("var_pop", float(0.0)),
                ("skew", null()),
                ("unique_count", int(1)),
                ("last_distinct(3)", floats(&[MAX])),
            ],
        ),
        (
            &[Some(MAX), Some(-MAX)],
            &[
                ("sum", float(0.0)),
                ("mean", float(0.0)),
                ("var_pop", float(INF)),
                // Of the exact variance, which no float is.
                ("stddev_pop", float(MAX)),
                ("skew", float(0.0)),
                ("kurtosis", float(-2.0)),
            ],
        ),
        // What is in between is not lost.
        (
            &[Some(MAX), Some(MAX), Some(-MAX), Some(-MAX), Some(TINY)],
            &[("sum", float(TINY)), ("mean", float(0.0))],
        ),
        (
            &[Some(1e100), Some(1.0), Some(-1e100), Some(TINY)],
            &[("sum", float(1.0)), ("mean", float(0.25))],
        ),
        // Subnormals; half of the least float is rounded to even.
        (
            &[Some(TINY), Some(TINY)],
            &[
                ("sum", float(1e-323)),
                ("mean", float(TINY)),
                ("var_pop", float(0.0)),
                ("min", float(TINY)),
            ],
        ),
        (
            &[Some(TINY), Some(0.0)],
            &[
                ("sum", float(TINY)),
                ("mean", float(0.0)),
                ("var_samp", float(0.0)),
                ("skew", float(0.0)),
            ],
        ),
        (
            &[Some(TINY), Some(TINY), Some(TINY), Some(0.0)],
            &[("mean", float(TINY)), ("top_k(3)", floats(&[TINY, TINY, TINY]))],
        ),
        // Zeros are one value, of which the negative one is the lesser; a sum of them is plus zero.
        (
            &[Some(-0.0), Some(0.0), Some(-0.0)],
            &[
                ("sum", float(0.0)),
                ("mean", float(0.0)),
                ("min", float(-0.0)),
                ("max", float(0.0)),
                ("unique_count", int(1)),
                ("first_distinct(3)", floats(&[0.0])),
                ("last", float(-0.0)),
                ("bottom_k(3)", floats(&[-0.0, -0.0, 0.0])),
            ],
        ),
        (
            &[Some(-0.0)],
            &[("sum", float(0.0)), ("max", float(-0.0)), ("last(3)", floats(&[-0.0]))],
        ),
        // Rounded once: a tenth three times is not 0.3.
        (
            &[Some(0.1), Some(0.1), Some(0.1)],
            &[
                ("sum", float(0.300_000_000_000_000_04)),
                ("mean", float(0.1)),
                ("var_pop", float(0.0)),
            ],
        ),
        (
            &[Some(0.1); 10],
            &[("sum", float(1.0)), ("mean", float(0.1)), ("stddev_samp", float(0.0))],
        ),
    ];
    check(Kind::Float64, cases, float);
}

#[test]
fn whole_numbers_at_their_ends() {
    let _timed = crate::harness::Timed::new("aggregates::edges::whole_numbers_at_their_ends");
    let (least, most) = (i64::MIN, i64::MAX);
    let cases: &[Case<'_, i64>] = &[
        (
            &[None],
            &[
                ("count", Value::Null),
                ("sum", Value::Null),
                ("bottom_k(3)", Value::Null),
            ],
        ),
        // A sum that does not fit is null, its mean is not.
        (
            &[Some(most), Some(1)],
            &[
                ("sum", Value::Null),
                ("mean", float(4_611_686_018_427_387_904.0)),
                ("max", int(most)),
                ("min", int(1)),
                ("last(3)", ints(&[most, 1])),
            ],
        ),
        (
            &[Some(least), Some(-1)],
            &[("sum", Value::Null), ("min", int(least)), ("max", int(-1))],
        ),
        // However it got there, what fits fits.
        (
            &[Some(most), Some(1), Some(-1)],
            &[("sum", int(most)), ("count", int(3))],
        ),
        (&[Some(1), Some(most), None, Some(-2)], &[("sum", int(most - 1))]),
        (
            &[Some(least), Some(most)],
            &[
                ("sum", int(-1)),
                ("mean", float(-0.5)),
                ("var_pop", float(8.507_059_173_023_462e37)),
                ("stddev_pop", float(9.223_372_036_854_776e18)),
                ("skew", float(0.0)),
                ("kurtosis", float(-2.0)),
                ("top_k(3)", ints(&[most, least])),
                ("unique_count", int(2)),
            ],
        ),
        (
            &[Some(most), Some(most), Some(most)],
            &[
                ("sum", Value::Null),
                ("mean", float(9_223_372_036_854_775_807.0)),
                ("var_samp", float(0.0)),
                ("top_k(3)", ints(&[most, most, most])),
                ("first_distinct(3)", ints(&[most])),
            ],
        ),
        // Beyond 2^53 a float would not tell them apart.
        (
            &[Some((1 << 53) + 1), Some(1 << 53)],
            &[
                ("sum", int((1 << 54) + 1)),
                ("max", int((1 << 53) + 1)),
                ("unique_count", int(2)),
                ("var_samp", float(0.5)),
            ],
        ),
    ];
    check(Kind::Int64, cases, int);
}
