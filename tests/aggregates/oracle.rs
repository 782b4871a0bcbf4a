//! What aggregates should be, by brute force over plain rows and by the words of the design: no tiles, no states, no merging.
//!
//! A value at time T looks at all rows of its key again:
//! 1. the leading edge A is the last end of a schedule interval that is effective at T;
//! 2. of the rows from the feature start time on, those in `[A - w, A)`, or in the windows that the definition says;
//! 3. of these, the values that are not null, in the order of time, `order_by`, and then the other columns;
//! 4. the function, over all of them at once: sums as whole numbers of any size, rounded once at the end ([`super::exact`]).
//!
//! The two sketches have no answer but their own. They are made in one pass over the window's values by the library's algebra,
//! so that tiles and merges are looked at, and held against the exact answer and the error that they promise.

use std::cmp::Ordering;
use std::fmt;

use arrow::array::Array;
use num_bigint::{BigInt, Sign};
use sandglass::aggregate::{self, Aggregation, Rows};
use sandglass::online;

use super::exact::{UNIT, quotient, root, units};
use super::value::{Kind, Value};
use super::world::span;

/// A row: its key, its time in microseconds, and the values of the other columns in the order of the schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub key: i64,
    pub at: i64,
    pub cells: Vec<Value>,
}

/// An aggregation function, as the definition has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Function {
    Count,
    Sum,
    Mean,
    Min,
    Max,
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
    Skew,
    Kurtosis,
    Last,
    FirstN(usize),
    LastN(usize),
    FirstDistinct(usize),
    LastDistinct(usize),
    ApproxCountDistinct(u8),
    ApproxPercentile(f64, u16),
    UniqueCount,
    TopK(usize),
    BottomK(usize),
    Histogram(usize),
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::Sum => f.write_str("sum"),
            Self::Mean => f.write_str("mean"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::VarPop => f.write_str("var_pop"),
            Self::VarSamp => f.write_str("var_samp"),
            Self::StddevPop => f.write_str("stddev_pop"),
            Self::StddevSamp => f.write_str("stddev_samp"),
            Self::Skew => f.write_str("skew"),
            Self::Kurtosis => f.write_str("kurtosis"),
            Self::Last => f.write_str("last"),
            Self::FirstN(n) => write!(f, "first({n})"),
            Self::LastN(n) => write!(f, "last({n})"),
            Self::FirstDistinct(n) => write!(f, "first_distinct({n})"),
            Self::LastDistinct(n) => write!(f, "last_distinct({n})"),
            Self::ApproxCountDistinct(precision) => write!(f, "approx_count_distinct({precision})"),
            Self::ApproxPercentile(rank, precision) => write!(f, "approx_percentile({rank}, {precision})"),
            Self::UniqueCount => f.write_str("unique_count"),
            Self::TopK(k) => write!(f, "top_k({k})"),
            Self::BottomK(k) => write!(f, "bottom_k({k})"),
            Self::Histogram(k) => write!(f, "histogram({k})"),
        }
    }
}

impl Function {
    /// Every function with these parameters that takes a type.
    pub fn all(kind: Kind, n: usize) -> Vec<Self> {
        let mut all = vec![Self::Count, Self::Last, Self::FirstN(n), Self::LastN(n)];
        let numbers = [Kind::Int64, Kind::Int32, Kind::Float64, Kind::Float32, Kind::Decimal];
        if numbers.contains(&kind) {
            all.extend([Self::Sum, Self::Mean, Self::VarPop, Self::VarSamp]);
            all.extend([Self::StddevPop, Self::StddevSamp, Self::Skew, Self::Kurtosis]);
            all.extend([Self::ApproxPercentile(0.5, 100), Self::ApproxPercentile(0.9, 50)]);
        }
        if numbers.contains(&kind) || matches!(kind, Kind::Text | Kind::Date | Kind::Time) {
            all.extend([Self::Min, Self::Max, Self::TopK(n), Self::BottomK(n)]);
        }
        if kind != Kind::Ints {
            all.extend([Self::FirstDistinct(n), Self::LastDistinct(n), Self::UniqueCount]);
            all.extend([Self::ApproxCountDistinct(8), Self::ApproxCountDistinct(4)]);
        }
        if kind == Kind::Text {
            all.push(Self::Histogram(n));
        }
        all
    }
}

/// A window before the leading edge, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Window {
    Sliding { size: i64, offset: i64 },
    Lifetime,
    Series { start: i64, end: i64, step: i64, size: i64 },
}

/// An aggregate.
#[derive(Debug, Clone)]
pub struct Feature {
    pub name: String,
    /// Which cell of the rows.
    pub column: usize,
    pub function: Function,
    pub window: Window,
}

/// What of a view decides its values.
#[derive(Debug, Clone)]
pub struct View {
    /// Name and type of each cell.
    pub columns: Vec<(String, Kind)>,
    pub feature_start: i64,
    pub schedule: i64,
    pub data_delay: i64,
    pub lifetime_start: Option<i64>,
    pub secondary: Option<usize>,
    pub order_by: Option<usize>,
    pub features: Vec<Feature>,
}

impl View {
    /// The leading edge at a time: the last boundary that is effective then.
    pub fn edge(&self, at: i64) -> i64 {
        let since = at - self.data_delay - self.feature_start;
        self.feature_start + since.div_euclid(self.schedule) * self.schedule
    }

    /// The windows of the features, each once.
    fn windows(&self) -> Vec<Window> {
        let mut windows = Vec::new();
        for feature in &self.features {
            if !windows.contains(&feature.window) {
                windows.push(feature.window);
            }
        }
        windows
    }

    /// The names of the features, in their order: that of their bytes.
    pub fn names(&self) -> Vec<String> {
        let lists = self.windows().into_iter().filter_map(|window| self.list(window));
        let names = self.features.iter().map(|feature| feature.name.clone());
        let mut names: Vec<String> = lists.chain(names).collect();
        names.sort();
        names
    }

    /// The name of the list of secondary keys in a window.
    fn list(&self, window: Window) -> Option<String> {
        let (name, _) = &self.columns[self.secondary?];
        let window = match window {
            Window::Lifetime => "lifetime".to_owned(),
            Window::Sliding { size, offset: 0 } => span(size),
            Window::Sliding { size, offset } => format!("{}_offset_{}", span(size), span(-offset)),
            Window::Series { .. } => panic!("a series has no lists of keys"),
        };
        Some(format!("{name}_keys_{window}"))
    }

    /// The features at a time, given all rows of a key, in the order of [`Self::names`]; with a secondary key the list of its
    /// values in each window among them.
    pub fn values(&self, rows: &[Row], at: i64) -> Vec<Value> {
        let edge = self.edge(at);
        let mut rows: Vec<&Row> = rows.iter().filter(|row| row.at >= self.feature_start).collect();
        rows.sort_by(|a, b| self.order(a, b));
        let mut values: Vec<(String, Value)> = Vec::new();
        for window in self.windows() {
            if let Some(name) = self.list(window) {
                let (start, end) = self.intervals(window, edge)[0];
                values.push((name, Value::List(self.secondary_keys(&within(&rows, start, end)))));
            }
        }
        for feature in &self.features {
            let mut parts = self
                .intervals(feature.window, edge)
                .into_iter()
                .map(|(start, end)| within(&rows, start, end));
            let value = match (feature.window, self.secondary) {
                (Window::Series { .. }, _) => Value::List(parts.map(|rows| self.aggregate(feature, &rows)).collect()),
                (_, Some(column)) => {
                    let rows = parts.next().unwrap();
                    let of = |key: &Value| {
                        let rows: Vec<&Row> = rows.iter().copied().filter(|row| row.cells[column] == *key).collect();
                        self.aggregate(feature, &rows)
                    };
                    Value::List(self.secondary_keys(&rows).iter().map(of).collect())
                }
                _ => self.aggregate(feature, &parts.next().unwrap()),
            };
            values.push((feature.name.clone(), value));
        }
        values.sort_by(|(a, _), (b, _)| a.cmp(b));
        values.into_iter().map(|(_, value)| value).collect()
    }

    /// Time, `order_by`, the other columns.
    fn order(&self, a: &Row, b: &Row) -> Ordering {
        let by = self
            .order_by
            .iter()
            .map(|column| a.cells[*column].order(&b.cells[*column]));
        let rest = a.cells.iter().zip(&b.cells).map(|(a, b)| a.order(b));
        a.at.cmp(&b.at)
            .then(by.chain(rest).find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
    }

    /// Where windows begin and end, the oldest first.
    fn intervals(&self, window: Window, edge: i64) -> Vec<(i64, i64)> {
        match window {
            Window::Sliding { size, offset } => vec![(edge + offset - size, edge + offset)],
            Window::Lifetime => vec![(self.lifetime_start.unwrap(), edge)],
            Window::Series { start, end, step, size } => {
                let mut intervals = Vec::new();
                let mut from = start;
                while from + size <= end {
                    intervals.push((edge + from, edge + from + size));
                    from += step;
                }
                intervals
            }
        }
    }

    /// The secondary keys of rows that have one, ascending.
    fn secondary_keys(&self, rows: &[&Row]) -> Vec<Value> {
        let column = self.secondary.unwrap();
        let mut keys: Vec<Value> = rows.iter().map(|row| row.cells[column].clone()).collect();
        keys.retain(|key| !key.is_null());
        keys.sort_by(Value::order);
        keys.dedup();
        keys
    }

    fn aggregate(&self, feature: &Feature, rows: &[&Row]) -> Value {
        let values = rows.iter().map(|row| &row.cells[feature.column]);
        let values: Vec<&Value> = values.filter(|value| !value.is_null()).collect();
        evaluate(feature.function, self.columns[feature.column].1, &values)
    }
}

fn within<'a>(rows: &[&'a Row], start: i64, end: i64) -> Vec<&'a Row> {
    rows.iter()
        .copied()
        .filter(|row| row.at >= start && row.at < end)
        .collect()
}

/// A function over the values of a window, none of which is null, in their order.
pub fn evaluate(function: Function, kind: Kind, values: &[&Value]) -> Value {
    if values.is_empty() {
        return Value::Null;
    }
    let cloned = |values: &[&Value]| Value::List(values.iter().map(|value| (*value).clone()).collect());
    match function {
        Function::Count => Value::Int(values.len() as i64),
        Function::Sum => sum(kind, values),
        Function::Mean => mean(kind, values),
        Function::Min => sorted(values).first().map_or(Value::Null, |value| (*value).clone()),
        Function::Max => sorted(values).last().map_or(Value::Null, |value| (*value).clone()),
        Function::VarPop => moment(kind, values, |moments| moments.variance(moments.n.clone())),
        Function::VarSamp if values.len() == 1 => Value::Null,
        Function::VarSamp => moment(kind, values, |moments| moments.variance(&moments.n - 1)),
        Function::StddevPop => deviation(kind, values, 0),
        Function::StddevSamp if values.len() == 1 => Value::Null,
        Function::StddevSamp => deviation(kind, values, 1),
        Function::Skew => moment(kind, values, Moments::skew),
        Function::Kurtosis => moment(kind, values, Moments::kurtosis),
        Function::Last => values[values.len() - 1].clone(),
        Function::FirstN(n) => cloned(&values[..n.min(values.len())]),
        Function::LastN(n) => cloned(&values[values.len().saturating_sub(n)..]),
        Function::FirstDistinct(n) => {
            let distinct = distinct(values.iter().copied());
            Value::List(distinct.into_iter().take(n).collect())
        }
        Function::LastDistinct(n) => {
            let mut distinct = distinct(values.iter().rev().copied());
            distinct.truncate(n);
            distinct.reverse();
            Value::List(distinct)
        }
        Function::UniqueCount => Value::Int(distinct(values.iter().copied()).len() as i64),
        Function::TopK(k) => list_or_null(sorted(values).into_iter().rev().take(k)),
        Function::BottomK(k) => list_or_null(sorted(values).into_iter().take(k)),
        Function::Histogram(k) => histogram(values, k),
        Function::ApproxCountDistinct(_) | Function::ApproxPercentile(..) => {
            let estimate = sketched(function, kind, values);
            check_estimate(function, &estimate, values);
            estimate
        }
    }
}

/// Ascending, without NaN.
fn sorted<'a>(values: &[&'a Value]) -> Vec<&'a Value> {
    let mut sorted: Vec<&Value> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(|a, b| a.order(b));
    sorted
}

fn list_or_null<'a>(values: impl Iterator<Item = &'a Value>) -> Value {
    let values: Vec<Value> = values.cloned().collect();
    if values.is_empty() {
        Value::Null
    } else {
        Value::List(values)
    }
}

/// Each value once, in the order in which they come. Both zeros are one value, and all NaN.
fn distinct<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let mut distinct: Vec<Value> = Vec::new();
    for value in values {
        let value = match value {
            Value::Float(value) if *value == 0.0 => Value::Float(0.0),
            other => other.clone(),
        };
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

fn histogram(values: &[&Value], k: usize) -> Value {
    let mut counts: Vec<(Value, usize)> = distinct(values.iter().copied())
        .into_iter()
        .map(|value| (value.clone(), values.iter().filter(|other| ***other == value).count()))
        .collect();
    counts.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.order(b)));
    counts.truncate(k);
    counts.sort_by(|(a, _), (b, _)| a.order(b));
    Value::Map(
        counts
            .into_iter()
            .map(|(value, n)| (value, Value::Int(n as i64)))
            .collect(),
    )
}

/// Values as whole numbers in units, and how many units one is; what there is instead if one of them is not finite.
fn whole(kind: Kind, values: &[&Value]) -> Result<(Vec<BigInt>, BigInt), f64> {
    let unit = match kind {
        Kind::Float64 | Kind::Float32 => BigInt::from(1) << UNIT,
        Kind::Decimal => BigInt::from(100),
        _ => BigInt::from(1),
    };
    let floats = values.iter().filter_map(|value| match value {
        Value::Float(value) if !value.is_finite() => Some(*value),
        _ => None,
    });
    // Addition of what is not finite depends on no order.
    if let Some(other) = floats.reduce(|a, b| a + b) {
        return Err(other);
    }
    let whole = values.iter().map(|value| match value {
        Value::Int(value) => BigInt::from(*value),
        Value::Decimal(value) => BigInt::from(*value),
        Value::Float(value) => units(*value),
        other => panic!("{other:?} is no number"),
    });
    Ok((whole.collect(), unit))
}

fn sum(kind: Kind, values: &[&Value]) -> Value {
    let (whole, unit) = match whole(kind, values) {
        Ok(exact) => exact,
        Err(other) => return Value::Float(other),
    };
    let sum: BigInt = whole.iter().sum();
    match kind {
        Kind::Float64 | Kind::Float32 => Value::Float(quotient(&sum, &unit)),
        Kind::Decimal => {
            let digits = i128::try_from(&sum)
                .ok()
                .filter(|sum| sum.unsigned_abs() < 10_u128.pow(38));
            digits.map_or(Value::Null, Value::Decimal)
        }
        _ => i64::try_from(&sum).map_or(Value::Null, Value::Int),
    }
}

fn mean(kind: Kind, values: &[&Value]) -> Value {
    Value::Float(match whole(kind, values) {
        Ok((whole, unit)) => quotient(&whole.iter().sum(), &(unit * values.len())),
        Err(other) => other,
    })
}

/// Whole numbers: how many there are, the unit, and the sums of their first four powers.
struct Moments {
    n: BigInt,
    unit: BigInt,
    s1: BigInt,
    s2: BigInt,
    s3: BigInt,
    s4: BigInt,
}

fn moment(kind: Kind, values: &[&Value], of: impl Fn(&Moments) -> Value) -> Value {
    let Ok((whole, unit)) = whole(kind, values) else {
        return Value::Float(f64::NAN);
    };
    let power = |k: u32| whole.iter().map(|value| value.pow(k)).sum();
    of(&Moments {
        n: BigInt::from(values.len()),
        unit,
        s1: power(1),
        s2: power(2),
        s3: power(3),
        s4: power(4),
    })
}

impl Moments {
    /// `n^2` times the second central moment.
    fn second(&self) -> BigInt {
        &self.n * &self.s2 - &self.s1 * &self.s1
    }

    /// `(n S2 - S1^2) / (n * divisor)`.
    fn variance(&self, divisor: BigInt) -> Value {
        Value::Float(quotient(&self.second(), &(&self.n * divisor * &self.unit * &self.unit)))
    }

    /// `m3 / m2^(3/2)`, null if all values are equal. With `n^3` times the third central moment the powers of `n` cancel, and so do
    /// the units.
    fn skew(&self) -> Value {
        let (n, s1) = (&self.n, &self.s1);
        let second = self.second();
        if second.sign() == Sign::NoSign {
            return Value::Null;
        }
        let third: BigInt = n * n * &self.s3 - 3 * n * s1 * &self.s2 + 2 * s1 * s1 * s1;
        Value::Float(root(third.sign(), &third.pow(2), &second.pow(3)))
    }

    /// `m4 / m2^2 - 3`, null if all values are equal.
    fn kurtosis(&self) -> Value {
        let (n, s1) = (&self.n, &self.s1);
        let second = self.second();
        if second.sign() == Sign::NoSign {
            return Value::Null;
        }
        let fourth: BigInt =
            n * n * n * &self.s4 - 4 * n * n * s1 * &self.s3 + 6 * n * s1 * s1 * &self.s2 - 3 * s1 * s1 * s1 * s1;
        let square = second.pow(2);
        Value::Float(quotient(&(fourth - 3 * &square), &square))
    }
}

/// The root of the exact variance with this much less than `n` in its divisor, rounded once.
fn deviation(kind: Kind, values: &[&Value], less: u32) -> Value {
    moment(kind, values, |moments| {
        let divisor = &moments.n * (&moments.n - less) * &moments.unit * &moments.unit;
        let second = moments.second();
        Value::Float(root(second.sign(), &second, &divisor))
    })
}

/// By the library, in one pass.
fn sketched(function: Function, kind: Kind, values: &[&Value]) -> Value {
    let function: aggregate::Function = function.to_string().parse().unwrap();
    let aggregation = Aggregation::new(function, &kind.data_type()).unwrap();
    let column = aggregation.prepare(&kind.array(values.iter().copied())).unwrap();
    let mut states = aggregation.states();
    states.grow(1);
    let rows = Rows {
        values: column.as_ref(),
        order: None,
    };
    states.update(&vec![0; column.len()], rows).unwrap();
    let finalized = aggregation.finalize(states.as_ref()).unwrap();
    online::Value::of(finalized.values.as_ref(), 0).unwrap().into()
}

/// Holds an estimate against the exact answer.
fn check_estimate(function: Function, estimate: &Value, values: &[&Value]) {
    match (function, estimate) {
        (Function::ApproxCountDistinct(precision), Value::Int(estimate)) => {
            let exact = distinct(values.iter().copied()).len() as f64;
            // Six times the standard error, and two values that share a register: with the seeds that are tried, never.
            let error = 6.0 * 1.04 / f64::from(1_u32 << precision).sqrt() * exact + 2.0;
            let estimate = *estimate as f64;
            assert!(
                (estimate - exact).abs() <= error,
                "{function}: {estimate} of {exact} values {values:?}"
            );
        }
        (Function::ApproxPercentile(rank, precision), estimate) => {
            let floats = values.iter().map(|value| match value {
                Value::Int(value) => *value as f64,
                Value::Decimal(value) => *value as f64 / 100.0,
                Value::Float(value) => *value,
                other => panic!("{other:?} is no number"),
            });
            let mut floats: Vec<f64> = floats.filter(|value| !value.is_nan()).collect();
            floats.sort_by(f64::total_cmp);
            let Value::Float(estimate) = estimate else {
                assert!(
                    estimate.is_null() && floats.is_empty(),
                    "{function}: {estimate:?} of {values:?}"
                );
                return;
            };
            // The value at the nearest rank; ranks here are whole percents.
            let percent = (rank * 100.0).round() as usize;
            let exact = floats[(percent * floats.len()).div_ceil(100).max(1) - 1];
            let error = exact.abs() / f64::from(precision);
            // Half a unit of the least float cannot be told.
            assert!(
                *estimate == exact || (estimate - exact).abs() <= error + f64::from_bits(1),
                "{function}: {estimate:?} for {exact:?} of {values:?}"
            );
        }
        (_, other) => panic!("{function}: {other:?} of {values:?}"),
    }
}

#[test]
fn by_hand() {
    let number = |value: f64| Value::Float(value);
    let of = |function: Function, floats: &[f64]| {
        let values: Vec<Value> = floats.iter().copied().map(number).collect();
        evaluate(function, Kind::Float64, &values.iter().collect::<Vec<_>>())
    };
    let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
    for (function, expected) in [
        (Function::Sum, 40.0),
        (Function::Mean, 5.0),
        (Function::VarPop, 4.0),
        (Function::StddevPop, 2.0),
        (Function::VarSamp, 32.0 / 7.0),
        (Function::Skew, 0.65625),
        (Function::Kurtosis, -0.21875),
        (Function::Min, 2.0),
        (Function::Max, 9.0),
        (Function::Last, 9.0),
    ] {
        assert_eq!(of(function, &values), number(expected), "{function}");
    }
    let list = |floats: &[f64]| Value::List(floats.iter().copied().map(number).collect());
    assert_eq!(of(Function::FirstDistinct(3), &values), list(&[2.0, 4.0, 5.0]));
    // By its last row, so that 4 is before 5.
    assert_eq!(of(Function::LastDistinct(3), &values), list(&[5.0, 7.0, 9.0]));
    assert_eq!(of(Function::TopK(3), &values), list(&[9.0, 7.0, 5.0]));
    assert_eq!(of(Function::BottomK(3), &values), list(&[2.0, 4.0, 4.0]));
    assert_eq!(of(Function::Sum, &[1e100, 1.0, -1e100]), number(1.0));
    assert_eq!(of(Function::Mean, &[f64::MAX, f64::MAX]), number(f64::MAX));
}

#[test]
fn windows_by_hand() {
    let view = View {
        columns: vec![("x".to_owned(), Kind::Int64)],
        feature_start: 5,
        schedule: 10,
        data_delay: 3,
        lifetime_start: Some(12),
        secondary: None,
        order_by: None,
        features: Vec::new(),
    };
    assert_eq!([17, 18, 27, 28, 7].map(|at| view.edge(at)), [5, 15, 15, 25, -5]);
    let series = Window::Series {
        start: -30,
        end: -5,
        step: 5,
        size: 15,
    };
    assert_eq!(view.intervals(series, 100), [(70, 85), (75, 90), (80, 95)]);
    let sliding = Window::Sliding { size: 7, offset: -2 };
    assert_eq!(view.intervals(sliding, 100), [(91, 98)]);
    assert_eq!(view.intervals(Window::Lifetime, 100), [(12, 100)]);
}
